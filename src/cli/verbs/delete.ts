/** `delete` of listeners, connectors and links. */
import type { Command } from 'commander';
import type { ResourceDefinition } from '#kube/index.ts';
import { type Session, withSession } from '../api/session.ts';
import { remove } from '../deeds/change.ts';
import { mustExist } from '../deeds/exposure.ts';
import { requiredName } from '../input/arguments.ts';
import { readDuration } from '../input/duration.ts';
import type { GlobalFlags } from '../input/format.ts';
import { Problems } from '../input/problems.ts';
import type { CliIo } from '../io.ts';

/** Shortest time to wait that can be asked for; milliseconds. */
const timeoutMsMin = 10_000;

/** Removes the object of that name, if it is there, and waits for at most `timeoutMs`. */
type Removal = (session: Session, name: string, timeoutMs: number) => Promise<void>;

/**
 * Adds `delete <name>`.
 * @param sentence said when it is done
 * @param removal how; undefined: the object and nothing else
 */
export function addDelete(
  group: Command,
  io: CliIo,
  of: ResourceDefinition,
  sentence: (name: string) => string,
  removal: Removal = async (session, name, timeoutMs) => {
    await mustExist(session, of, name);
    await remove(session, of, name, timeoutMs);
  },
): void {
  const thing = of.singular;
  group
    .command('delete [name]')
    .description(`remove a ${thing}`)
    .option('--timeout <duration>', 'how long to wait', '60s')
    .option('--wait', 'wait until it is gone (default)', true)
    .option('--no-wait', 'do not wait')
    .allowExcessArguments(true)
    .addHelpText('after', `\nExamples:\n  drawbridge ${thing} delete NAME`)
    .action(async (_name: unknown, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags & { timeout: string; wait: boolean }>();
      const problems = new Problems();
      const name = requiredName(problems, thing, command.args);
      const timeoutMs = problems.take(readDuration('timeout', flags.timeout, timeoutMsMin)) ?? 0;
      problems.throwIfAny(`see 'drawbridge ${thing} delete --help'`);
      await withSession(io, flags, (session) => removal(session, name, flags.wait ? timeoutMs : 0));
      io.stdout.write(`${sentence(name)}\n`);
    });
}
