/** `link create`: a link from a token file, as in Skupper v1. */
import type { Command } from 'commander';
import { readLinkFile } from '../../api/link-file.ts';
import { withSession } from '../../api/session.ts';
import { createLink } from '../../deeds/link-create.ts';
import { type GlobalFlags, readFormat } from '../../input/format.ts';
import { integerProblems, nameProblems } from '../../input/name.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo } from '../../io.ts';
import { announce } from '../../output/announce.ts';
import { sayingFailed } from '../../output/failed.ts';

interface CreateFlags extends GlobalFlags {
  readonly name?: string;
  readonly cost?: string;
}

/** Adds the verb to its group. */
export function addLinkCreate(group: Command, io: CliIo): void {
  group
    .command('create [file]')
    .description('link this site to the one that made a token file (- for stdin)')
    .option('--name <name>', 'name of the link (default: link1, link2, …)')
    .option('--cost <cost>', 'cost of the link (default: as the file says, else 1)')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Takes an AccessToken, a Link with its Secret ('link generate'), or a Secret of Skupper v1 labelled
skupper.io/type=token-claim or connection-token ('token create').

Examples:
  drawbridge link create secret.yaml -n east
  drawbridge link create secret.yaml --name to-west --cost 5`,
    )
    .action(async (_file: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CreateFlags>();
      const problems = new Problems();
      const [file = ''] = command.args;
      const { name, cost } = flags;
      if (file === '') problems.add('file name must be configured');
      if (command.args.length > 1) problems.add('only one argument is allowed for this command.');
      if (name !== undefined) problems.add(...nameProblems('link name', name));
      if (cost !== undefined) problems.add(...integerProblems('link cost', cost, 0));
      problems.throwIfAny("see 'drawbridge link create --help'");
      const format = readFormat(flags);
      await sayingFailed('Failed to create link', async () => {
        const source = await readLinkFile(file, io);
        const wish = { source, name, cost: cost === undefined ? undefined : Number(cost) };
        const made = await withSession(io, flags, (session) =>
          createLink(session, wish, Date.now()),
        );
        if (made.warning !== undefined) io.stderr.write(`${made.warning}\n`);
        const sentences = [
          `Site configured to link to ${made.target} (name=${made.name})`,
          "Check the status of the link using 'drawbridge link status'.",
        ];
        announce(io, format, made.object, sentences.join('\n'));
      });
    });
}
