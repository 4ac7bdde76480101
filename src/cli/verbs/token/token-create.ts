/** `token create`: token files with the flags of Skupper v1. */
import type { Command } from 'commander';
import { claimFor } from '../../api/claim-file.ts';
import { withSession } from '../../api/session.ts';
import { checkTokenPath, renderToken, writeToken } from '../../api/token-file.ts';
import { issueCertificateToken } from '../../deeds/handing-out/connection-token.ts';
import { issueToken } from '../../deeds/token.ts';
import { readDuration } from '../../input/duration.ts';
import { type GlobalFlags, type OutputFormat, readFormat } from '../../input/format.ts';
import { integerProblems, nameProblems } from '../../input/name.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo } from '../../io.ts';
import { renderDocument } from '../../output/document.ts';
import { sayingFailed } from '../../output/failed.ts';

interface CreateFlags extends GlobalFlags {
  readonly tokenType: string;
  readonly expiry: string;
  readonly uses: string;
  readonly name?: string;
  readonly password?: string;
  readonly timeout: string;
}

/** A token as text, and what to say when it is in its file. */
interface Made {
  readonly text: string;
  readonly sentence: (file: string) => string;
}

const timeoutMsMin = 10_000;
const expiryMsMin = 1000;
const linkCost = 1;
/** Shortest password that is taken; characters. Guessing is slowed down by the grant server. */
const passwordLengthMin = 8;
const passwordLengthMax = 256;
/** Name of a connection token that was given none. */
const certificateNameDefault = 'skupper';

/** Adds the verb to its group. */
export function addTokenCreate(group: Command, io: CliIo): void {
  group
    .command('create [file]')
    .description('write a token as Skupper v1 does: a claim, or a certificate (- for stdout)')
    .option('-t, --token-type <type>', 'claim (counted, expires) or cert (no limits)', 'claim')
    .option('--expiry <duration>', 'how long a claim may be used', '15m0s')
    .option('--uses <count>', 'how many sites may use a claim', '1')
    .option('--name <name>', 'name of the grant, or of the certificate')
    .option('-p, --password <text>', 'code of a claim (default: made at random)')
    .option('--timeout <duration>', 'how long to wait', '60s')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
A claim is exchanged for a certificate when it is used. A cert token is a certificate: it links any
number of sites until it ends, so protect it and prefer claims.

Examples:
  drawbridge token create secret.yaml -n west
  drawbridge token create secret.yaml --expiry 30m0s --uses 2 -t claim
  drawbridge token create secret.yaml -t cert`,
    )
    .action(async (_file: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CreateFlags>();
      const problems = new Problems();
      const [file = ''] = command.args;
      if (file === '') problems.add('file name must be configured');
      if (command.args.length > 1) problems.add('only one argument is allowed for this command.');
      const wish = readWish(problems, flags);
      problems.throwIfAny("see 'drawbridge token create --help'");
      const format = readFormat(flags);
      if (file !== '-') await checkTokenPath(file);
      await sayingFailed('Failed to create token', async () => {
        const { text, sentence } = await make(io, flags, wish, format);
        if (file === '-') {
          io.stdout.write(text);
          return;
        }
        await writeToken(file, text);
        if (format === 'table') io.stdout.write(`${sentence(file)}\n`);
      });
    });
}

function make(io: CliIo, flags: CreateFlags, wish: Wish, format: OutputFormat): Promise<Made> {
  return withSession(io, flags, async (session) => {
    if (wish.type === 'claim') {
      const { token, notes } = await issueToken(session, wish);
      const claim = claimFor(token, notes);
      return {
        text: format === 'json' ? renderDocument(claim, 'json') : renderToken(claim, notes),
        sentence: (file) => `Token written to ${file}`,
      };
    }
    const { name = certificateNameDefault, timeoutMs } = wish;
    const { secret, site } = await issueCertificateToken(session, { name, timeoutMs });
    const head = [
      `# Connection token of site ${site}: a certificate. Whoever has it can link sites to that one`,
      '# until the certificate ends or the site revokes access. Protect it.',
      '',
    ].join('\n');
    return {
      text:
        format === 'json' ? renderDocument(secret, 'json') : head + renderDocument(secret, 'yaml'),
      sentence: (file) => `Connection token written to ${file}`,
    };
  });
}

type Wish = ReturnType<typeof readWish>;

function readWish(problems: Problems, flags: CreateFlags) {
  const { tokenType, uses, name, password } = flags;
  const type = tokenType === 'cert' ? 'cert' : 'claim';
  if (type !== tokenType) problems.add('invalid token type. Specify cert or claim');
  problems.add(...integerProblems('uses', uses, 1));
  if (name !== undefined) problems.add(...nameProblems('token name', name));
  if (password !== undefined) problems.add(...passwordProblems(password, type));
  return {
    type,
    redemptionsAllowed: Number(uses),
    windowMs: problems.take(readDuration('expiry', flags.expiry, expiryMsMin)) ?? expiryMsMin,
    linkCost,
    timeoutMs: problems.take(readDuration('timeout', flags.timeout, timeoutMsMin)) ?? timeoutMsMin,
    name,
    code: password,
  };
}

/** The password itself is never shown. */
function passwordProblems(password: string, type: 'cert' | 'claim'): string[] {
  if (type === 'cert') return ['password is not valid: only a claim has one'];
  if (!/^[\x21-\x7e]*$/.test(password)) {
    return ['password is not valid: only letters, digits and signs of ASCII, no spaces'];
  }
  if (password.length >= passwordLengthMin && password.length <= passwordLengthMax) return [];
  return [
    `password is not valid: ${passwordLengthMin} to ${passwordLengthMax} characters; got ${password.length}`,
  ];
}
