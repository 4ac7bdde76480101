/** The statuses of AttachedConnectors and of their bindings. Pure. */
import {
  type ConditionState,
  type Evaluation,
  equalJson,
  isConditionTrue,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import { shownPods } from '../connector/choose-pods.ts';
import type { AttachedConnector, AttachedConnectorBinding } from '../kinds.ts';
import type { AttachedCheck } from './match.ts';

/** The same object when nothing changes. */
export function decideAttachedStatus(
  connector: AttachedConnector,
  check: AttachedCheck,
  at: Evaluation,
): NonNullable<AttachedConnector['status']> {
  const before = connector.status ?? {};
  const problem = check.ok ? undefined : check.problem;
  const { selectedPods: _pods, ...settled } = settleStatus(
    before,
    { Configured: configured(problem) },
    ['Configured'],
    at,
  );
  const next = { ...settled, ...(check.ok ? { selectedPods: shownPods(check.pods) } : {}) };
  return equalJson(next, before) ? before : next;
}

export interface BindingFacts {
  /** What is wrong, if anything. */
  readonly problem: string | undefined;
  /** True when a listener with its routing key is there; undefined while the network is unknown. */
  readonly matched: boolean | undefined;
}

/** The same object when nothing changes. */
export function decideBindingStatus(
  binding: AttachedConnectorBinding,
  { problem, matched }: BindingFacts,
  at: Evaluation,
): NonNullable<AttachedConnectorBinding['status']> {
  const before = binding.status ?? {};
  // What was true before may still be.
  const isMatched = matched ?? isConditionTrue(before.conditions, 'Matched');
  const { hasMatchingListener: _before, ...settled } = settleStatus(
    before,
    {
      Configured: configured(problem),
      Matched: isMatched ? stateReady() : statePending(),
    },
    ['Configured', 'Matched'],
    at,
  );
  const next = { ...settled, ...(isMatched ? { hasMatchingListener: true } : {}) };
  return equalJson(next, before) ? before : next;
}

function configured(problem: string | undefined): ConditionState {
  return problem === undefined ? stateReady() : stateError(problem);
}
