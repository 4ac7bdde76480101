import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { allCosts } from '../sim/expectation.ts';
import {
  completeLinkStates,
  destinationsThrough,
  type LinkStates,
  shortestPaths,
} from '../../src/routing/path-engine.ts';

const graph = fc
  .integer({ min: 2, max: 14 })
  .chain((size) =>
    fc.array(
      fc.record({
        a: fc.nat({ max: size - 1 }).map((index) => `r${index}`),
        b: fc.nat({ max: size - 1 }).map((index) => `r${index}`),
        cost: fc.integer({ min: 1, max: 5 }),
      }),
      { maxLength: 3 * size },
    ),
  )
  .map((edges) => edges.filter(({ a, b }) => a !== b));

function linkStatesOf(
  edges: readonly { a: string; b: string; cost: number }[],
): Map<string, Map<string, number>> {
  const states = new Map<string, Map<string, number>>([['r0', new Map()]]);
  for (const { a, b, cost } of edges) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const peers = states.get(from) ?? new Map<string, number>();
      peers.set(to, Math.min(cost, peers.get(to) ?? Infinity));
      states.set(from, peers);
    }
  }
  return states;
}

test('costs equal those of Floyd and Warshall, for every root', () => {
  fc.assert(
    fc.property(graph, (edges) => {
      const states = linkStatesOf(edges);
      const expected = allCosts([...states.keys()], edges);
      for (const root of states.keys()) {
        const { hops } = shortestPaths(root, states);
        const found = new Map([
          [root, 0],
          ...[...hops].map(([id, hop]) => [id, hop.cost] as const),
        ]);
        assert.deepEqual(found, expected.get(root));
      }
    }),
  );
});

test('going from next hop to next hop always arrives, in as many steps as promised', () => {
  fc.assert(
    fc.property(graph, (edges) => {
      const states = linkStatesOf(edges);
      const trees = new Map([...states.keys()].map((id) => [id, shortestPaths(id, states)]));
      for (const [root, tree] of trees) {
        for (const [destination, hop] of tree.hops) {
          let at = root;
          let cost = 0;
          for (let steps = 0; at !== destination; steps++) {
            assert.ok(steps <= states.size, `a loop from ${root} to ${destination}`);
            const next = trees.get(at)!.hops.get(destination)!.first;
            cost += states.get(at)!.get(next)!;
            at = next;
          }
          assert.equal(cost, hop.cost);
        }
      }
    }),
  );
});

test('each multicast copy reaches every destination exactly once', () => {
  fc.assert(
    fc.property(graph, (edges) => {
      const states = linkStatesOf(edges);
      const trees = new Map([...states.keys()].map((id) => [id, shortestPaths(id, states)]));
      for (const [ingress, tree] of trees) {
        const reached = new Map<string, number>();
        const spread = (at: string, trace: readonly string[]): void => {
          reached.set(at, (reached.get(at) ?? 0) + 1);
          assert.ok(trace.length <= states.size);
          const wanted = at === ingress ? new Set(tree.hops.keys()) : destinationsThrough(tree, at);
          const neighbours = new Set([...wanted].map((to) => trees.get(at)!.hops.get(to)!.first));
          for (const next of neighbours) {
            if (!trace.includes(next)) spread(next, [...trace, at]);
          }
        };
        spread(ingress, []);
        for (const destination of tree.hops.keys()) {
          assert.equal(reached.get(destination), 1, `${ingress} to ${destination}`);
        }
      }
    }),
  );
});

test('equal costs go to the lower id, from both sides', () => {
  const states = linkStatesOf([
    { a: 'r0', b: 'r1', cost: 1 },
    { a: 'r0', b: 'r2', cost: 1 },
    { a: 'r1', b: 'r3', cost: 1 },
    { a: 'r2', b: 'r3', cost: 1 },
  ]);
  assert.equal(shortestPaths('r0', states).hops.get('r3')?.first, 'r1');
  assert.equal(shortestPaths('r3', states).hops.get('r0')?.first, 'r1');
  assert.deepEqual(destinationsThrough(shortestPaths('r0', states), 'r1'), new Set(['r3']));
  assert.deepEqual(destinationsThrough(shortestPaths('r0', states), 'r2'), new Set());
});

test('a router that is named but has not spoken can be reached to be asked', () => {
  const states: LinkStates = new Map([
    ['r0', new Map([['r1', 1]])],
    [
      'r1',
      new Map([
        ['r0', 1],
        ['r2', 7],
      ]),
    ],
  ]);
  const hop = shortestPaths('r0', completeLinkStates(states)).hops.get('r2');
  assert.deepEqual(hop, { cost: 8, distance: 2, previous: 'r1', first: 'r1' });
});
