/** `link`: flags, help and output of the link verbs. */
import type { Command } from 'commander';
import { link } from '../../api/kinds.ts';
import { withSession } from '../../api/session.ts';
import { settle } from '../../deeds/change.ts';
import { generateLink, updateLink } from '../../deeds/link.ts';
import { removeLink } from '../../deeds/link-remove.ts';
import { noArguments, requiredName } from '../../input/arguments.ts';
import { readDuration } from '../../input/duration.ts';
import { type GlobalFlags, readFormat } from '../../input/format.ts';
import { integerProblems, nameProblems } from '../../input/name.ts';
import { Problems } from '../../input/problems.ts';
import { readWaiting } from '../../input/waiting.ts';
import type { CliIo } from '../../io.ts';
import { announce } from '../../output/announce.ts';
import { renderManifests } from '../../output/objects.ts';
import { addDelete } from '../delete.ts';
import { addLinkCreate } from './link-create.ts';
import { addLinkStatus } from './link-status.ts';

interface LinkFlags extends GlobalFlags {
  readonly cost?: string;
  readonly tlsCredentials?: string;
  readonly timeout: string;
}

type GenerateFlags = LinkFlags & { readonly generateCredential: boolean };
type UpdateFlags = LinkFlags & { readonly wait: string };

const timeoutMsMin = 10_000;

/** Adds the verbs to their group. */
export function addLink(group: Command, io: CliIo): void {
  addLinkStatus(group, io);
  addLinkCreate(group, io);
  addUpdate(group, io);
  addDelete(group, io, link, (name) => `Link "${name}" is deleted`, removeLink);
  addGenerate(group, io);
}

function addUpdate(group: Command, io: CliIo): void {
  group
    .command('update [name]')
    .description('change a link; what is not given stays as it is')
    .option('--tls-credentials <secret>', 'Secret with the client certificate')
    .option('--cost <cost>', 'cost of the link')
    .option('--timeout <duration>', 'how long to wait', '60s')
    .option('--wait <status>', 'wait for ready, configured or none', 'ready')
    .allowExcessArguments(true)
    .addHelpText('after', '\nExamples:\n  drawbridge link update token-to-west --cost 5')
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<UpdateFlags>();
      const problems = new Problems();
      const name = requiredName(problems, 'link', command.args);
      const { cost, tlsCredentials } = checkLinkFlags(problems, flags);
      const waiting = readWaiting(problems, flags);
      problems.throwIfAny("see 'drawbridge link update --help'");
      const format = readFormat(flags);
      await withSession(io, flags, async (session) => {
        const changed = await updateLink(session, name, {
          ...(cost === undefined ? {} : { cost }),
          ...(tlsCredentials === undefined ? {} : { tlsCredentials }),
        });
        const settled = (await settle(session, link, name, waiting)) ?? changed;
        announce(io, format, settled, `Link "${name}" is updated`);
      });
    });
}

function addGenerate(group: Command, io: CliIo): void {
  group
    .command('generate')
    .description('print manifests with which another site can link to this one')
    .option('--tls-credentials <secret>', 'name of the Secret (default: link-SITE)')
    .option('--cost <cost>', 'cost of the link', '1')
    .option('--generate-credential', 'make and print the client certificate (default)', true)
    .option('--no-generate-credential', 'print the links alone')
    .option('--timeout <duration>', 'how long to wait', '60s')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
The output holds a private key that does not expire soon: prefer 'drawbridge token issue'.

Examples:
  drawbridge link generate -n west > link.yaml`,
    )
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GenerateFlags>();
      const problems = new Problems();
      noArguments(problems, command.args);
      const { cost = 1, tlsCredentials } = checkLinkFlags(problems, flags);
      const { generateCredential } = flags;
      if (!generateCredential && tlsCredentials === undefined) {
        problems.add('the TLS secret name was not specified');
      }
      const timeoutMs = problems.take(readDuration('timeout', flags.timeout, timeoutMsMin)) ?? 0;
      problems.throwIfAny("see 'drawbridge link generate --help'");
      const format = readFormat(flags, 'yaml') === 'json' ? 'json' : 'yaml';
      const wish = { cost, tlsCredentials, generateCredential, timeoutMs };
      const manifests = await withSession(io, flags, (session) => generateLink(session, wish));
      io.stdout.write(renderManifests(manifests, format));
    });
}

function checkLinkFlags(
  problems: Problems,
  flags: LinkFlags,
): { readonly cost: number | undefined; readonly tlsCredentials: string | undefined } {
  const { cost, tlsCredentials } = flags;
  if (cost !== undefined) problems.add(...integerProblems('link cost', cost, 0));
  if (tlsCredentials !== undefined) {
    problems.add(...nameProblems('TLS secret name', tlsCredentials));
  }
  return { cost: cost === undefined ? undefined : Number(cost), tlsCredentials };
}
