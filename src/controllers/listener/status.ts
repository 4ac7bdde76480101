/** The status of a Listener. Pure. */
import {
  type Evaluation,
  equalJson,
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
  /** True when a connector with its routing key leads somewhere. */
  readonly matched: boolean;
}

/** The same object when nothing changes. */
export function decideListenerStatus(
  listener: Listener,
  { problem, matched }: ListenerFacts,
  at: Evaluation,
): NonNullable<Listener['status']> {
  const before = listener.status ?? {};
  const { hasMatchingConnector: _before, ...settled } = settleStatus(
    before,
    {
      Configured: problem === undefined ? stateReady() : stateError(problem),
      Matched: matched ? stateReady() : statePending(messages.noMatchingConnectors),
    },
    ['Configured', 'Matched'],
    at,
  );
  const next = { ...settled, ...(matched ? { hasMatchingConnector: true } : {}) };
  return equalJson(next, before) ? before : next;
}
