import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { noMetrics } from '#base/metrics.ts';
import {
  ReconcileLoop,
  type ReconcileLoopOptions,
  type ReconcileResult,
  terminalError,
} from '#reconcile/index.ts';
import { systemClock, systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';

type Run = (key: string, signal: AbortSignal) => Promise<ReconcileResult>;

function startLoop(
  t: TestContext,
  reconcile: Run,
  options: Partial<ReconcileLoopOptions<string>> = {},
): ReconcileLoop<string> {
  const loop = new ReconcileLoop(
    { reconcile },
    { clock: systemClock, random: systemRandom, log: silentLogger, metrics: noMetrics },
    {
      name: 'test',
      idOf: (key) => key,
      backoff: { firstMs: 1, maxMs: 20, factor: 2, jitter: 0 },
      ...options,
    },
  );
  t.after(() => loop.stop({ graceMs: 0 }));
  loop.start();
  return loop;
}

test('a slow key does not hold up another one', async (t) => {
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const loop = startLoop(t, async (key) => {
    if (key === 'slow') await gate.promise;
    done.push(key);
    return {};
  });
  loop.add('slow');
  loop.add('fast');
  await until(() => done.includes('fast'), 'the fast key');
  assert.deepEqual(done, ['fast']);
  gate.resolve();
  await until(() => done.includes('slow'), 'the slow key');
});

test('one key never runs twice at the same time, and an add during a run causes one more', async (t) => {
  let running = 0;
  let runs = 0;
  const gate = Promise.withResolvers<void>();
  const loop = startLoop(t, async () => {
    assert.equal(++running, 1);
    runs++;
    await gate.promise;
    running--;
    return {};
  });
  loop.add('a');
  await until(() => runs === 1, 'the first run');
  for (let index = 0; index < 5; index++) loop.add('a');
  gate.resolve();
  await until(() => loop.idle, 'idleness');
  assert.equal(runs, 2);
});

test('no more keys run in parallel than there are workers', async (t) => {
  let running = 0;
  let most = 0;
  const loop = startLoop(
    t,
    async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      running--;
      return {};
    },
    { workersMax: 3 },
  );
  for (let index = 0; index < 20; index++) loop.add(`key-${index}`);
  await until(() => loop.idle, 'idleness');
  assert.equal(most, 3);
});

test('a failed key is tried again until it succeeds', async (t) => {
  let runs = 0;
  const loop = startLoop(t, async () => {
    if (++runs < 4) throw new TypeError('not yet');
    return {};
  });
  loop.add('a');
  await until(() => runs === 4, 'the fourth run');
  await until(() => loop.idle, 'idleness');
  assert.equal(runs, 4);
});

test('a terminal fault is not tried again until the key is added', async (t) => {
  let runs = 0;
  const loop = startLoop(t, async () => {
    runs++;
    throw terminalError('cannot be');
  });
  loop.add('a');
  loop.addAfter('marker', 30);
  await until(() => runs === 2, 'the marker, long after a retry would have come');
  assert.equal(runs, 2);
  loop.add('a');
  await until(() => runs === 3, 'the run after the add');
});

test('requeueAfterMs brings the key back by itself', async (t) => {
  let runs = 0;
  const loop = startLoop(t, async () => (++runs < 3 ? { requeueAfterMs: 1 } : {}));
  loop.add('a');
  await until(() => runs === 3, 'the third run');
});

test('a run that takes too long gets its signal and is tried again', async (t) => {
  let runs = 0;
  const loop = startLoop(
    t,
    async (_key, signal) => {
      if (++runs > 1) return {};
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new TypeError('cut')));
      });
      return {};
    },
    { runMsMax: 5 },
  );
  loop.add('a');
  await until(() => runs === 2 && loop.idle, 'the second run');
});

test('stop waits for the runs in progress, then cuts them', async (t) => {
  let cut = false;
  let started = false;
  const loop = startLoop(t, async (_key, signal) => {
    started = true;
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        cut = true;
        resolve();
      });
    });
    return {};
  });
  loop.add('a');
  await until(() => started, 'the run');
  await loop.stop({ graceMs: 5 });
  assert.ok(cut);
  loop.add('b');
  assert.ok(loop.idle);
});
