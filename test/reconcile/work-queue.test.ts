import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { WorkQueue } from '#reconcile/index.ts';

const newQueue = (): WorkQueue<string> => new WorkQueue((key) => key);

test('a key added many times while it waits is taken once', () => {
  const queue = newQueue();
  queue.add('a');
  queue.add('a');
  queue.add('b');
  assert.equal(queue.take(), 'a');
  assert.equal(queue.take(), 'b');
  assert.equal(queue.take(), undefined);
});

test('a key added while it is active is ready again only when it is done', () => {
  const queue = newQueue();
  queue.add('a');
  queue.take();
  queue.add('a');
  assert.equal(queue.take(), undefined);
  queue.succeeded('a', 5_000);
  assert.equal(queue.take(), 'a');
  queue.succeeded('a');
  assert.equal(queue.size, 0);
});

test('an add overtakes a delay, and the earliest delay wins', () => {
  const queue = newQueue();
  queue.addAt('a', 100);
  queue.addAt('a', 50);
  queue.addAt('a', 70);
  assert.equal(queue.nextDueMs(), 50);
  queue.tick(49);
  assert.equal(queue.take(), undefined);
  queue.add('a');
  assert.equal(queue.take(), 'a');
  assert.equal(queue.nextDueMs(), undefined);
});

test('failures are counted in a row, across a new add, and forgotten on success', () => {
  const queue = newQueue();
  queue.add('a');
  queue.take();
  queue.failed('a', 10);
  assert.equal(queue.failuresOf('a'), 1);
  queue.add('a');
  queue.take();
  queue.failed('a', 10);
  assert.equal(queue.failuresOf('a'), 2);
  queue.tick(10);
  queue.take();
  queue.succeeded('a');
  assert.equal(queue.failuresOf('a'), 0);
});

test('whatever is done to it, no key is active twice and no add is lost', () => {
  type Step = {
    readonly op: 'add' | 'addAt' | 'take' | 'ok' | 'fail' | 'tick';
    readonly key: string;
  };
  const step = fc.record<Step>({
    op: fc.constantFrom('add', 'addAt', 'take', 'ok', 'fail', 'tick'),
    key: fc.constantFrom('a', 'b', 'c'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = newQueue();
      const active = new Set<string>();
      const owed = new Set<string>();
      let nowMs = 0;
      for (const { op, key } of steps) {
        nowMs++;
        if (op === 'add' || op === 'addAt') owed.add(key);
        if (op === 'add') queue.add(key);
        else if (op === 'addAt') queue.addAt(key, nowMs + 3);
        else if (op === 'tick') queue.tick(nowMs);
        else if (op === 'take') {
          const taken = queue.take();
          if (taken === undefined) continue;
          assert.ok(!active.has(taken), 'taken while active');
          active.add(taken);
          owed.delete(taken);
        } else if (active.delete(key)) {
          if (op === 'ok') queue.succeeded(key);
          else queue.failed(key);
        }
      }
      for (const key of active) queue.succeeded(key);
      queue.tick(nowMs + 10);
      const left = new Set<string>();
      for (let key = queue.take(); key !== undefined; key = queue.take()) {
        left.add(key);
        queue.succeeded(key);
      }
      for (const key of owed) assert.ok(left.has(key), `lost ${key}`);
      assert.equal(queue.size, 0);
    }),
  );
});
