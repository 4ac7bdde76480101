/** What every long-running process does around its work: log, stop on a signal, say why not. */
import { messageOf } from '#base/errors.ts';
import { createLogger, type RunningLogger } from '#telemetry/index.ts';
import { RunningStack } from './running-stack.ts';
import { actionAfter } from './start-failure.ts';
import { aborted, listenForStop } from './stop-signal.ts';

/** How long work under way may take when the process stops; milliseconds. */
const stopGraceMs = 5000;

export interface ProcessFacts {
  /** Stands in every line of the log. */
  readonly component: string;
  readonly level?: 'debug' | 'info';
}

/**
 * Runs until SIGINT or SIGTERM.
 *
 * @param start resolves when the process serves; what it added to the stack is stopped at the end
 * @returns 0 when told to stop, 1 when it could not start
 */
export async function runUntilStopped(
  { component, level = 'info' }: ProcessFacts,
  start: (log: RunningLogger, stack: RunningStack) => Promise<void>,
): Promise<number> {
  const log = createLogger({ level, facts: { component } });
  const stack = new RunningStack(log);
  using stop = listenForStop();
  let exitCode = 0;
  try {
    await start(log, stack);
    await aborted(stop.signal);
  } catch (thrown) {
    process.stderr.write(`drawbridge: ${messageOf(thrown)}\ndrawbridge: ${actionAfter(thrown)}\n`);
    exitCode = 1;
  }
  await stack.stop({ graceMs: stopGraceMs });
  return exitCode;
}
