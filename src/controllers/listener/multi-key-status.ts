/** The status of a MultiKeyListener. Pure. */
import {
  type Evaluation,
  equalJson,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';
import type { MultiKeyListener } from '../kinds.ts';
import { messages } from '../names.ts';

type Status = NonNullable<MultiKeyListener['status']>;

export interface MultiKeyFacts {
  /** What is wrong, if anything. */
  readonly problem: string | undefined;
  /** Whether a connector with a routing key leads somewhere; undefined while the network is unknown. */
  readonly reachable: ((routingKey: string) => boolean) | undefined;
}

/** Its routing keys, by priority the most wanted first. */
export function routingKeysOf({ spec }: MultiKeyListener): readonly string[] {
  const { priority, weighted } = spec.strategy;
  return priority?.routingKeys ?? Object.keys(weighted?.routingKeys ?? {});
}

/** The same object when nothing changes. */
export function decideMultiKeyStatus(
  listener: MultiKeyListener,
  { problem, reachable }: MultiKeyFacts,
  at: Evaluation,
): Status {
  const before: Status = listener.status ?? {};
  const known = reachable ?? knownBefore(before);
  const keys = routingKeysOf(listener).filter(known);
  const hasDestination = keys.length > 0;
  const settled = settleStatus(
    before,
    {
      Configured: problem === undefined ? stateReady() : stateError(problem),
      Operational: hasDestination ? stateReady() : statePending(messages.noMatchingConnectors),
    },
    ['Configured', 'Operational'],
    at,
  );
  const next: Status = { ...settled, hasDestination, strategy: strategyStatus(listener, keys) };
  return equalJson(next, before) ? before : next;
}

/** What was true before may still be. */
function knownBefore({ strategy }: Status): (routingKey: string) => boolean {
  const keys = new Set([
    ...(strategy?.priority?.routingKeysReachable ?? []),
    ...Object.keys(strategy?.weighted?.routingKeysReachable ?? {}),
  ]);
  return (key) => keys.has(key);
}

function strategyStatus(
  { spec }: MultiKeyListener,
  reachable: readonly string[],
): NonNullable<Status['strategy']> {
  const { priority, weighted } = spec.strategy;
  if (priority !== undefined) return { priority: { routingKeysReachable: [...reachable] } };
  const weights = weighted?.routingKeys ?? {};
  return {
    weighted: {
      routingKeysReachable: Object.fromEntries(reachable.map((key) => [key, weights[key] ?? 0])),
    },
  };
}
