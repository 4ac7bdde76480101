/** The status of a Connector. Pure. */
import {
  type Evaluation,
  equalJson,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import type { Connector } from '../kinds.ts';
import { messages } from '../names.ts';

export interface ConnectorFacts {
  /** What is wrong, if anything. */
  readonly problem: string | undefined;
  /** True when a listener with its routing key is there. */
  readonly matched: boolean;
}

/** The same object when nothing changes. */
export function decideConnectorStatus(
  connector: Connector,
  { problem, matched }: ConnectorFacts,
  at: Evaluation,
): NonNullable<Connector['status']> {
  const before = connector.status ?? {};
  const { hasMatchingListener: _before, ...settled } = settleStatus(
    before,
    {
      Configured: problem === undefined ? stateReady() : stateError(problem),
      Matched: matched ? stateReady() : statePending(messages.noMatchingListeners),
    },
    ['Configured', 'Matched'],
    at,
  );
  const next = { ...settled, ...(matched ? { hasMatchingListener: true } : {}) };
  return equalJson(next, before) ? before : next;
}
