/** `revoke-access`: flags, help and output. */
import type { Command } from 'commander';
import { withSession } from '../api/session.ts';
import { revokeAll, revokeOne, type Target } from '../deeds/revoke.ts';
import { noArguments } from '../input/arguments.ts';
import { readDuration } from '../input/duration.ts';
import { type GlobalFlags, readFormat } from '../input/format.ts';
import { Problems } from '../input/problems.ts';
import type { CliIo } from '../io.ts';
import { renderRevoked } from '../output/issued-link.ts';
import { renderList } from '../output/objects.ts';

interface RevokeFlags extends GlobalFlags {
  readonly site?: string;
  readonly link?: string;
  readonly token?: string;
  readonly timeout: string;
}

const timeoutMsMin = 1000;

/** Adds flags, help and deed to the verb. */
export function addRevokeAccess(verb: Command, io: CliIo): void {
  verb
    .option('--site <name>', 'only this site, by name or id')
    .option('--link <name>', 'only this incoming link, by its name here or at the other site')
    .option('--token <name>', 'only those who used this token, and nobody else may use it')
    .option('--timeout <duration>', 'how long to wait for the confirmation', '60s')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Without --site, --link or --token everybody who was let in is cut: all grants end, all incoming
links are closed, and the CA of the site is replaced. Links to other sites stay.

Examples:
  drawbridge revoke-access -n west
  drawbridge revoke-access --site east -n west
  drawbridge revoke-access --token west-6d1f -n west`,
    )
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<RevokeFlags>();
      const problems = new Problems();
      noArguments(problems, command.args);
      const target = targetOf(problems, flags);
      const timeoutMs = problems.take(readDuration('timeout', flags.timeout, timeoutMsMin)) ?? 0;
      problems.throwIfAny("see 'drawbridge revoke-access --help'");
      const format = readFormat(flags);
      const revoked = await withSession(io, flags, (session) =>
        target === undefined
          ? revokeAll(session, timeoutMs)
          : revokeOne(session, target, timeoutMs),
      );
      io.stdout.write(
        format === 'table' ? renderRevoked(revoked) : renderList(revoked.links, format),
      );
      for (const name of revoked.openGrants) {
        io.stderr.write(
          `drawbridge: grant "${name}" can still be redeemed by who has its token\n` +
            `drawbridge: 'drawbridge revoke-access --token ${name}' ends it for everybody who used it\n`,
        );
      }
    });
}

function targetOf(problems: Problems, flags: RevokeFlags): Target | undefined {
  const kinds = ['site', 'link', 'token'] as const;
  const given = kinds.flatMap((by) => {
    const name = flags[by];
    return name === undefined ? [] : [{ by, name }];
  });
  if (given.length > 1) problems.add('only one of --site, --link and --token may be given');
  const [only] = given;
  if (only?.name === '') problems.add(`${only.by} name must not be empty`);
  return only;
}
