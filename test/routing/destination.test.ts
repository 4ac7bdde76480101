import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  chooseDestination,
  type Destination,
  type LocalConsumer,
  type RemoteChoice,
  Treatment,
} from '#routing/index.ts';

const near: RemoteChoice = { router: 'B', neighbour: 'B', connection: 1, cost: 1 };
const alsoNear: RemoteChoice = { router: 'C', neighbour: 'C', connection: 2, cost: 1 };
const far: RemoteChoice = { router: 'D', neighbour: 'B', connection: 1, cost: 5 };
const local = (consumer: string, outstanding = 0, capacity = 10): LocalConsumer<string> => ({
  consumer,
  outstanding,
  capacity,
});

function choose(
  treatment: Treatment,
  locals: readonly LocalConsumer<string>[],
  remotes: readonly RemoteChoice[],
  outstanding: Readonly<Record<number, number>> = {},
  turn = 0,
): string | undefined {
  const outstandingOver = (connection: number): number => outstanding[connection] ?? 0;
  return nameOf(chooseDestination({ treatment, locals, remotes, outstandingOver, turn }));
}

function nameOf(destination: Destination<string> | undefined): string | undefined {
  if (destination === undefined) return undefined;
  return destination.kind === 'local' ? destination.consumer : destination.choice.router;
}

const { balanced, closest, unavailable } = Treatment;
const cases: readonly (readonly [string, string | undefined, Parameters<typeof choose>])[] = [
  ['closest prefers local consumers', 'l1', [closest, [local('l1', 9)], [near]]],
  ['closest takes turns between them', 'l2', [closest, [local('l1'), local('l2')], [], {}, 1]],
  ['closest avoids a full one', 'l2', [closest, [local('l1', 10), local('l2', 3)], []]],
  ['closest goes to the lowest cost', 'B', [closest, [], [near, far]]],
  ['closest rotates equal costs', 'C', [closest, [], [near, alsoNear, far], {}, 1]],
  ['closest with nobody finds nobody', undefined, [closest, [], []]],
  ['balanced weighs local work against distance', 'B', [balanced, [local('l1', 2)], [near]]],
  ['balanced counts what is on the way', 'l1', [balanced, [local('l1', 2)], [near], { 1: 5 }]],
  ['balanced spreads over neighbours', 'C', [balanced, [], [near, alsoNear], { 1: 1 }]],
  ['balanced uses a full consumer last', 'D', [balanced, [local('l1', 10)], [far], { 1: 90 }]],
  ['balanced uses a full consumer when it is alone', 'l1', [balanced, [local('l1', 10)], []]],
  ['balanced rotates equal values', 'C', [balanced, [], [near, alsoNear], {}, 1]],
  ['unavailable finds nobody', undefined, [unavailable, [local('l1')], [near]]],
];
for (const [title, expected, question] of cases) {
  test(title, () => assert.equal(choose(...question), expected));
}
