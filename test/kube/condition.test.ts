import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  aggregate,
  type Condition,
  findCondition,
  isConditionTrue,
  removeCondition,
  setCondition,
  settleStatus,
  stateError,
  statePending,
  stateReady,
} from '#kube/index.ts';

const start = Date.parse('2026-11-22T10:00:00.789Z');
const at = (seconds: number, generation = 1) => ({ nowMs: start + seconds * 1000, generation });

test('the three states are worded as Skupper words them', () => {
  assert.deepEqual(stateReady(), { status: 'True', reason: 'Ready', message: 'OK' });
  assert.deepEqual(stateError('boom'), { status: 'False', reason: 'Error', message: 'boom' });
  assert.deepEqual(statePending(), { status: 'False', reason: 'Pending', message: 'Pending' });
  assert.equal(statePending('wait').message, 'wait');
});

test('a new condition carries whole seconds and the generation', () => {
  assert.deepEqual(setCondition(undefined, 'Configured', stateReady(), at(0, 3)), [
    {
      type: 'Configured',
      status: 'True',
      reason: 'Ready',
      message: 'OK',
      lastTransitionTime: '2026-11-22T10:00:00Z',
      observedGeneration: 3,
    },
  ]);
});

test('the transition time moves only with the status', () => {
  const first = setCondition([], 'A', statePending('one'), at(0));
  const second = setCondition(first, 'A', stateError('two'), at(5));
  assert.equal(findCondition(second, 'A')?.message, 'two');
  assert.equal(findCondition(second, 'A')?.lastTransitionTime, '2026-11-22T10:00:00Z');
  const third = setCondition(second, 'A', stateReady(), at(9));
  assert.equal(findCondition(third, 'A')?.lastTransitionTime, '2026-11-22T10:00:09Z');
});

test('setting what is set already gives back the same list', () => {
  const first = setCondition([], 'A', stateReady(), at(0));
  assert.equal(setCondition(first, 'A', stateReady(), at(60)), first);
  assert.notEqual(setCondition(first, 'A', stateReady(), at(60, 2)), first);
});

test('other conditions keep their place', () => {
  let list: readonly Condition[] = setCondition([], 'A', stateReady(), at(0));
  list = setCondition(list, 'B', stateReady(), at(0));
  list = setCondition(list, 'A', stateError('x'), at(1));
  assert.deepEqual(
    list.map(({ type }) => type),
    ['A', 'B'],
  );
  assert.equal(isConditionTrue(list, 'B'), true);
  assert.equal(isConditionTrue(list, 'A'), false);
  assert.deepEqual(
    removeCondition(list, 'A').map(({ type }) => type),
    ['B'],
  );
  assert.equal(removeCondition(list, 'C'), list);
});

const required = ['Configured', 'Matched'];

test('the first missing condition makes the sum Pending', () => {
  assert.deepEqual(aggregate(required, undefined), {
    status: 'Pending',
    message: 'Not Configured',
  });
  const configured = setCondition([], 'Configured', stateReady(), at(0));
  assert.deepEqual(aggregate(required, configured), { status: 'Pending', message: 'Not Matched' });
});

test('the first condition that does not hold gives reason and message', () => {
  let list = setCondition([], 'Matched', statePending('No matching connectors'), at(0));
  list = setCondition(list, 'Configured', stateReady(), at(0));
  assert.deepEqual(aggregate(required, list), {
    status: 'Pending',
    message: 'No matching connectors',
  });
  list = setCondition(list, 'Configured', stateError('boom'), at(0));
  assert.deepEqual(aggregate(required, list), { status: 'Error', message: 'boom' });
});

test('all conditions together make Ready and OK', () => {
  const list = required.reduce<readonly Condition[]>(
    (sum, type) => setCondition(sum, type, stateReady(), at(0)),
    [],
  );
  assert.deepEqual(aggregate(required, list), { status: 'Ready', message: 'OK' });
});

test('a settled status has the sum in its fields and in the Ready condition', () => {
  const before: {
    hasMatchingConnector?: boolean;
    status?: string;
    message?: string;
    conditions?: Condition[];
  } = { hasMatchingConnector: true };
  const pending = settleStatus(before, { Configured: stateReady() }, required, at(0));
  assert.equal(pending.status, 'Pending');
  assert.equal(pending.message, 'Not Matched');
  assert.equal(pending.hasMatchingConnector, true);
  assert.deepEqual(findCondition(pending.conditions, 'Ready'), {
    type: 'Ready',
    status: 'False',
    reason: 'Pending',
    message: 'Not Matched',
    lastTransitionTime: '2026-11-22T10:00:00Z',
    observedGeneration: 1,
  });
  const ready = settleStatus(pending, { Matched: stateReady() }, required, at(2));
  assert.equal(ready.status, 'Ready');
  assert.equal(isConditionTrue(ready.conditions, 'Ready'), true);
});

test('settling without a change gives back the same status', () => {
  const changes = { Configured: stateReady(), Matched: stateReady() };
  const once = settleStatus({}, changes, required, at(0));
  assert.equal(settleStatus(once, changes, required, at(100)), once);
});
