/** `version`: which program this is. */
import type { Command } from 'commander';
import type { CliIo } from '../io.ts';
import { readFormat } from '../input/format.ts';
import { renderDocument } from '../output/document.ts';

/** Adds the verb to the program. */
export function addVersion(program: Command, io: CliIo): void {
  program
    .command('version')
    .description('print the version of this program')
    .action((_options: unknown, command: Command) => {
      const format = readFormat(command.optsWithGlobals());
      const facts = {
        version: io.version,
        node: process.versions.node,
        platform: process.platform,
      };
      if (format === 'table') io.stdout.write(`drawbridge ${io.version}\n`);
      else io.stdout.write(renderDocument(facts, format));
    })
    .addHelpText('after', '\nExamples:\n  drawbridge version\n  drawbridge version -o json');
}
