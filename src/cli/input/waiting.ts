/** The flags --timeout and --wait of verbs that wait. */
import type { WaitGoal } from '../api/status.ts';
import { readDuration } from './duration.ts';
import { choiceProblems } from './name.ts';
import type { Problems } from './problems.ts';

/** What to wait for, and for how long. */
export interface Waiting {
  readonly goal: WaitGoal;
  readonly timeoutMs: number;
}

const timeoutMsMin = 10_000;
const goals: readonly WaitGoal[] = ['ready', 'configured', 'none'];

/** Reads both flags, noting what is wrong with them. */
export function readWaiting(
  problems: Problems,
  flags: { readonly timeout: string; readonly wait?: string },
): Waiting {
  const goal = goals.find((each) => each === (flags.wait ?? 'none'));
  if (goal === undefined) problems.add(...choiceProblems('status', flags.wait ?? '', goals));
  const timeoutMs = problems.take(readDuration('timeout', flags.timeout, timeoutMsMin));
  return { goal: goal ?? 'none', timeoutMs: timeoutMs ?? timeoutMsMin };
}
