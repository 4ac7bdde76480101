/** `token`: flags, help and output of the token verbs. */
import type { Command } from 'commander';
import { formatDuration } from '#kube/index.ts';
import { withSession } from '../../api/session.ts';
import { checkTokenPath, readToken, renderToken, writeToken } from '../../api/token-file.ts';
import { issueToken, redeemToken } from '../../deeds/token.ts';
import { readDuration } from '../../input/duration.ts';
import { type GlobalFlags, readFormat } from '../../input/format.ts';
import { integerProblems } from '../../input/name.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo } from '../../io.ts';
import { announce } from '../../output/announce.ts';
import { renderManifests } from '../../output/objects.ts';
import { addTokenCreate } from './token-create.ts';
import { addTokenStatus } from './token-status.ts';

interface IssueFlags extends GlobalFlags {
  readonly redemptionsAllowed: string;
  readonly expirationWindow: string;
  readonly cost: string;
  readonly timeout: string;
}

interface RedeemFlags extends GlobalFlags {
  readonly timeout: string;
}

const timeoutMsMin = 10_000;
const windowMsMin = 60_000;

/** Adds the verbs to their group. */
export function addToken(group: Command, io: CliIo): void {
  addIssue(group, io);
  addRedeem(group, io);
  addTokenCreate(group, io);
  addTokenStatus(group, io);
}

function addIssue(group: Command, io: CliIo): void {
  group
    .command('issue [file]')
    .description('write a token with which another site can link to this one (- for stdout)')
    .option('--redemptions-allowed <count>', 'how many sites may use it', '1')
    .option('--expiration-window <duration>', 'how long it may be used', '15m')
    .option('--cost <cost>', 'cost of the links it makes', '1')
    .option('--timeout <duration>', 'how long to wait', '60s')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Examples:
  drawbridge token issue token.yaml -n west
  drawbridge token issue token.yaml --redemptions-allowed 20 --expiration-window 25m
  drawbridge token issue - -n west | drawbridge token redeem - -n east`,
    )
    .action(async (_file: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<IssueFlags>();
      const problems = new Problems();
      const file = oneFile(problems, command.args);
      const wish = readWish(problems, flags);
      problems.throwIfAny("see 'drawbridge token issue --help'");
      const format = readFormat(flags);
      if (file !== '-') await checkTokenPath(file);
      await withSession(io, flags, async (session) => {
        const issued = await issueToken(session, wish);
        const text =
          format === 'json'
            ? renderManifests([issued.token], 'json')
            : renderToken(issued.token, issued.notes);
        if (file === '-') {
          io.stdout.write(text);
          return;
        }
        await writeToken(file, text);
        if (format === 'table') io.stdout.write(issuedText(issued.grant, file, wish));
      });
    });
}

function issuedText(
  grant: string,
  file: string,
  wish: { readonly redemptionsAllowed: number; readonly windowMs: number },
): string {
  return [
    `Grant "${grant}" is ready`,
    `Token file ${file} created`,
    '',
    'Transfer this file to a remote site. At the remote site, create a link to this site with:',
    '',
    `    drawbridge token redeem ${file}`,
    '',
    `The token expires after ${wish.redemptionsAllowed} use(s) or after ${formatDuration(wish.windowMs)}.`,
    '',
  ].join('\n');
}

function addRedeem(group: Command, io: CliIo): void {
  group
    .command('redeem [file]')
    .description('link this site to the one that issued the token (- for stdin)')
    .option('--timeout <duration>', 'how long to wait', '60s')
    .allowExcessArguments(true)
    .addHelpText('after', '\nExamples:\n  drawbridge token redeem token.yaml -n east')
    .action(async (_file: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<RedeemFlags>();
      const problems = new Problems();
      const file = oneFile(problems, command.args);
      const timeoutMs = problems.take(readDuration('timeout', flags.timeout, timeoutMsMin)) ?? 0;
      problems.throwIfAny("see 'drawbridge token redeem --help'");
      const format = readFormat(flags);
      const token = await readToken(file, io);
      await withSession(io, flags, async (session) => {
        const redeemed = await redeemToken(session, token, timeoutMs);
        announce(io, format, redeemed, `Token "${token.metadata.name}" has been redeemed`);
      });
    });
}

function oneFile(problems: Problems, args: readonly string[]): string {
  const [file = ''] = args;
  if (file === '') problems.add('file name must be configured');
  if (args.length > 1) problems.add('only one argument is allowed for this command.');
  return file;
}

function readWish(problems: Problems, flags: IssueFlags) {
  const count = integerProblems('number of redemptions', flags.redemptionsAllowed, 1);
  problems.add(...count, ...integerProblems('link cost', flags.cost, 0));
  const window = readDuration('expiration time', flags.expirationWindow, windowMsMin);
  return {
    redemptionsAllowed: Number(flags.redemptionsAllowed),
    linkCost: Number(flags.cost),
    windowMs: problems.take(window) ?? windowMsMin,
    timeoutMs: problems.take(readDuration('timeout', flags.timeout, timeoutMsMin)) ?? timeoutMsMin,
  };
}
