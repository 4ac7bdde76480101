/** The obvious slow twin: what every router should know, straight from the drawing of the network. */
import type { Network } from './network.ts';

/** All-pairs costs by Floyd and Warshall. */
export function allCosts(
  routers: readonly string[],
  edges: readonly { a: string; b: string; cost: number }[],
): Map<string, Map<string, number>> {
  const costs = new Map(routers.map((id) => [id, new Map([[id, 0]])] as const));
  for (const { a, b, cost } of edges) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const row = costs.get(from)!;
      row.set(to, Math.min(row.get(to) ?? Infinity, cost));
    }
  }
  for (const middle of routers) {
    const through = costs.get(middle)!;
    for (const row of costs.values()) {
      const first = row.get(middle);
      if (first === undefined) continue;
      for (const [to, rest] of through) {
        if (first + rest < (row.get(to) ?? Infinity)) row.set(to, first + rest);
      }
    }
  }
  return costs;
}

/** The first thing in which some router does not know the truth; undefined when all do. */
export function firstDifference(
  network: Network,
  costs = allCosts([...network.routers.keys()], network.edges()),
): string | undefined {
  const ids = [...network.routers.keys()];
  for (const [id, router] of network.routers) {
    const expected = costs.get(id)!;
    for (const other of ids) {
      const known = id === other ? 0 : router.engine.costTo(other);
      if (known !== expected.get(other)) {
        return `${id} -> ${other}: ${known}, should be ${expected.get(other)}`;
      }
    }
    const difference = addressDifference(network, id, expected);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function addressDifference(
  network: Network,
  id: string,
  reachable: ReadonlyMap<string, number>,
): string | undefined {
  const engine = network.engine(id);
  const expected = new Map<string, number>();
  for (const other of reachable.keys()) {
    if (other === id) continue;
    for (const key of network.routers.get(other)!.addresses.keys()) {
      expected.set(key, (expected.get(key) ?? 0) + 1);
    }
  }
  for (const [key, count] of expected) {
    const known = engine.remoteChoices(key).length;
    if (known !== count) return `${id}: ${key} at ${known}, should be at ${count}`;
  }
  for (const { key } of network.engine(id).addresses()) {
    const known = engine.remoteCount(key);
    if (known !== (expected.get(key) ?? 0)) return `${id}: ${key} still at ${known}`;
  }
  return undefined;
}

/** Runs until every router knows the truth. @returns simulated ms that took, Infinity when never */
export function convergeMs(network: Network, limitMs: number, stepMs = 50): number {
  const startMs = network.queue.nowMs;
  const costs = allCosts([...network.routers.keys()], network.edges());
  while (network.queue.nowMs - startMs <= limitMs) {
    if (firstDifference(network, costs) === undefined) return network.queue.nowMs - startMs;
    network.run(stepMs);
  }
  return Infinity;
}
