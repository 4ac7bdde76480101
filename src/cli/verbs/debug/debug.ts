/** `debug`: what helps somebody else to help. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { messageOf } from '#base/errors.ts';
import { withSession } from '../../api/session.ts';
import { checkTokenPath } from '../../api/token-file.ts';
import { dumpFiles } from '../../deeds/dump.ts';
import { CliError } from '../../errors.ts';
import { type GlobalFlags, readFormat } from '../../input/format.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo } from '../../io.ts';
import { renderDocument } from '../../output/document.ts';
import { archiveOf } from '../../output/tar.ts';
import { addDebugData } from './data.ts';

const fileDefault = 'skupper-dump';
const suffix = '.tar.gz';

/** Adds the verbs to their group. */
export function addDebug(group: Command, io: CliIo): void {
  addDebugData(group, io);
  group
    .command('dump [file]')
    .description('write the objects of a namespace to an archive, without keys and codes')
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `
Of Secrets only the names of keys, lengths, and what certificates say in public are written.

Examples:
  drawbridge debug dump -n west                     # skupper-dump.tar.gz
  drawbridge debug dump /tmp/west.tar.gz -n west`,
    )
    .action(async (_file: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags>();
      const problems = new Problems();
      const [given = fileDefault] = command.args;
      if (given === '') problems.add('file name must not be empty');
      if (command.args.length > 1) problems.add('only one argument is allowed for this command.');
      problems.throwIfAny("see 'drawbridge debug dump --help'");
      const format = readFormat(flags);
      const file = given.endsWith(suffix) ? given : given + suffix;
      await checkTokenPath(file, 'file name');
      const files = await withSession(io, flags, (session) => dumpFiles(session, io.version));
      await write(file, archiveOf(files, Math.floor(Date.now() / 1000)));
      io.stdout.write(
        format === 'table'
          ? `Dump details written to compressed archive: ${file}\n`
          : renderDocument({ file, contains: files.map(({ path }) => path) }, format),
      );
    });
}

async function write(file: string, archive: Buffer): Promise<void> {
  try {
    await writeFile(file, archive, { mode: 0o600 });
  } catch (thrown) {
    throw new CliError('CLI_FILE', `${file} cannot be written: ${messageOf(thrown)}`, {
      todo: 'check the folder, its permissions and its free space',
      cause: thrown,
    });
  }
}
