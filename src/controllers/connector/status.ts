/** The status of a Connector. Pure. */
import {
  type Evaluation,
  equalJson,
  isConditionTrue,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import type { Connector } from '../kinds.ts';
import { messages } from '../names.ts';
import type { SitePod } from '../runtime.ts';
import { shownPods } from './choose-pods.ts';

export interface ConnectorFacts {
  /** What is wrong, if anything. */
  readonly problem: string | undefined;
  /** Those that it leads to; empty for one with a host. */
  readonly pods: readonly SitePod[];
  /** True when a listener with its routing key is there; undefined while the network is unknown. */
  readonly matched: boolean | undefined;
}

/** The same object when nothing changes. */
export function decideConnectorStatus(
  connector: Connector,
  { problem, pods, matched }: ConnectorFacts,
  at: Evaluation,
): NonNullable<Connector['status']> {
  const before = connector.status ?? {};
  // What was true before may still be.
  const isMatched = matched ?? isConditionTrue(before.conditions, 'Matched');
  const {
    hasMatchingListener: _before,
    selectedPods: _pods,
    ...settled
  } = settleStatus(
    before,
    {
      Configured: problem === undefined ? stateReady() : stateError(problem),
      Matched: isMatched ? stateReady() : statePending(messages.noMatchingListeners),
    },
    ['Configured', 'Matched'],
    at,
  );
  const next = {
    ...settled,
    ...(pods.length === 0 ? {} : { selectedPods: shownPods(pods) }),
    ...(isMatched ? { hasMatchingListener: true } : {}),
  };
  return equalJson(next, before) ? before : next;
}
