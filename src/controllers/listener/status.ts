/** The status of a Listener. Pure. */
import {
  type Evaluation,
  equalJson,
  isConditionTrue,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import type { Listener } from '../kinds.ts';
import { messages } from '../names.ts';

export interface ListenerFacts {
  /** What is wrong, if anything. */
  readonly problem: string | undefined;
  /** True when a connector with its routing key leads somewhere; undefined while the network is unknown. */
  readonly matched: boolean | undefined;
}

/** The same object when nothing changes. */
export function decideListenerStatus(
  listener: Listener,
  { problem, matched }: ListenerFacts,
  at: Evaluation,
): NonNullable<Listener['status']> {
  const before = listener.status ?? {};
  // What was true before may still be.
  const isMatched = matched ?? isConditionTrue(before.conditions, 'Matched');
  const { hasMatchingConnector: _before, ...settled } = settleStatus(
    before,
    {
      Configured: problem === undefined ? stateReady() : stateError(problem),
      Matched: isMatched ? stateReady() : statePending(messages.noMatchingConnectors),
    },
    ['Configured', 'Matched'],
    at,
  );
  const next = { ...settled, ...(isMatched ? { hasMatchingConnector: true } : {}) };
  return equalJson(next, before) ? before : next;
}
