/** `listener status` and `connector status`. */
import type { Command } from 'commander';
import type { KubeObject, ResourceDefinition } from '#kube/index.ts';
import { withSession } from '../../api/session.ts';
import { lookUp } from '../../deeds/exposure.ts';
import { optionalName } from '../../input/arguments.ts';
import { type GlobalFlags, readFormat } from '../../input/format.ts';
import { Problems } from '../../input/problems.ts';
import type { CliIo } from '../../io.ts';
import { renderList, renderObject } from '../../output/objects.ts';

/** How the status of a kind is shown. */
export interface StatusView<T> {
  /** Said when there is none. */
  readonly none: string;
  readonly render: (objects: readonly T[]) => string;
}

/** Adds `status [name]`. */
export function addStatus<T extends KubeObject>(
  group: Command,
  io: CliIo,
  of: ResourceDefinition<T>,
  view: StatusView<T>,
): void {
  const thing = of.singular;
  group
    .command('status [name]')
    .description(`show one ${thing} or all of the namespace`)
    .allowExcessArguments(true)
    .addHelpText(
      'after',
      `\nExamples:\n  drawbridge ${thing} status\n  drawbridge ${thing} status NAME -o yaml`,
    )
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags>();
      const problems = new Problems();
      const name = optionalName(problems, thing, command.args);
      problems.throwIfAny(`see 'drawbridge ${thing} status --help'`);
      const format = readFormat(flags);
      const found = await withSession(io, flags, (session) => lookUp(session, of, name));
      const [only] = found;
      if (format === 'table') {
        if (only === undefined) io.stderr.write(`${view.none}\n`);
        else io.stdout.write(view.render(found));
      } else if (name !== undefined && only !== undefined) {
        io.stdout.write(renderObject(only, format));
      } else io.stdout.write(renderList(found, format));
    });
}
