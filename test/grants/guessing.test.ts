/** Limits on wrong codes: how they grow and fade, and that replicas share them over the API. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { array, assert as check, dictionary, integer, property, string, tuple } from 'fast-check';
import { type AccessGrant, accessGrant } from '#apis/index.ts';
import {
  guessLimits,
  heldAgainst,
  placesKeptMax,
  waitOfGrant,
  waitOfPlace,
  withRefusals,
} from '#grants/server/guessing/guess-limit.ts';
import { RefusalRecorder } from '#grants/server/guessing/refusal-recorder.ts';
import { type ControllerBench, controllerBench } from '../support/controller-bench.ts';
import type { MemoryKube } from '../support/memory-kube.ts';
import { until } from '../support/until.ts';

const nowMs = Date.parse('2026-11-25T12:00:00Z');
const limits = guessLimits;
const plain: AccessGrant = {
  apiVersion: 'skupper.io/v2alpha1',
  kind: 'AccessGrant',
  metadata: { name: 'g', namespace: 'west', uid: 'u' },
};

function guessedAt(count: number, place = 'a', atMs = nowMs): AccessGrant {
  return withRefusals(plain, new Map([[place, count]]), limits, atMs);
}

const waitOf = (grant: AccessGrant, place: string, atMs: number): number => {
  const held = heldAgainst(grant, place, limits, atMs);
  return held === undefined ? 0 : waitOfPlace(held, limits.placeBurst, limits, atMs);
};

test('a place is paused after its burst, twice as long with each further wrong code', () => {
  assert.equal(waitOf(guessedAt(9), 'a', nowMs), 0);
  assert.deepEqual(
    [10, 11, 12, 16, 17, 60].map((count) => waitOf(guessedAt(count), 'a', nowMs) / 1000),
    [6, 12, 24, 384, 600, 600],
  );
  // The pause passes, and what was held fades.
  assert.equal(waitOf(guessedAt(11), 'a', nowMs + 11_999), 1);
  assert.equal(waitOf(guessedAt(11), 'a', nowMs + 12_000), 0);
  assert.equal(heldAgainst(guessedAt(10), 'a', limits, nowMs + 600_000)?.level, 5);
  // Another place does not wait, and the grant takes codes from there.
  assert.equal(waitOf(guessedAt(12), 'b', nowMs), 0);
  assert.equal(waitOfGrant(guessedAt(12), 0, limits, nowMs), 0);
});

test('a grant closes when many places guess together, and opens again soon', () => {
  const many = new Map(Array.from({ length: 20 }, (_, index) => [`p${index}`, 1] as const));
  const grant = withRefusals(plain, many, limits, nowMs);
  assert.equal(waitOfGrant(grant, 0, limits, nowMs), 6000);
  assert.equal(waitOfGrant(grant, 0, limits, nowMs + 6000), 0);
  assert.equal(waitOfGrant(grant, 1, limits, nowMs + 6000), 6000);
  assert.equal(grant.status?.refusals?.clients?.length, placesKeptMax);
});

test('a clock that is ahead cannot close a place for longer than its pause', () => {
  const ahead = guessedAt(10, 'a', nowMs + 3_600_000);
  assert.equal(waitOf(ahead, 'a', nowMs), 6000);
});

test('property: a status stays small, and levels are those of the wrong codes minus what faded', () => {
  const batch = dictionary(string({ minLength: 1, maxLength: 300 }), integer({ min: 1, max: 50 }), {
    maxKeys: 40,
  });
  check(
    property(array(tuple(batch, integer({ min: 0, max: 600_000 })), { maxLength: 8 }), (turns) => {
      let [grant, atMs, made] = [plain, nowMs, 0];
      for (const [places, laterMs] of turns) {
        atMs += laterMs;
        grant = withRefusals(grant, new Map(Object.entries(places)), limits, atMs);
        made += Object.values(places).reduce((sum, each) => sum + each, 0);
      }
      const { count = 0, level = 0, clients = [] } = grant.status?.refusals ?? {};
      assert.equal(count, made);
      assert.ok(level <= made * 1000 && level >= 0);
      assert.ok(clients.length <= placesKeptMax);
      assert.ok(clients.every((each) => (each.client ?? '').length <= 100));
      assert.ok(clients.every((each) => Number.isInteger(each.level)));
      assert.ok(JSON.stringify(grant.status ?? {}).length < 8192);
    }),
    { numRuns: 100 },
  );
});

async function benchWithGrants(
  t: TestContext,
  names: readonly string[],
): Promise<{ bench: ControllerBench<MemoryKube>; grants: readonly AccessGrant[] }> {
  const bench = controllerBench(t);
  bench.clock.stop();
  await bench.informers.of(accessGrant).synced;
  const grants: AccessGrant[] = [];
  for (const name of names) {
    const { apiVersion, kind } = plain;
    const made = { apiVersion, kind, metadata: { name, namespace: 'west' } };
    grants.push(await bench.client.create(accessGrant, made));
  }
  return { bench, grants };
}

function recorderOf(
  t: TestContext,
  bench: ControllerBench<MemoryKube>,
  writeEveryMs = 0,
): RefusalRecorder {
  const grants = bench.informers.of(accessGrant);
  const recorder = new RefusalRecorder({ ...bench, grants }, { writeEveryMs });
  t.after(() => recorder.stop());
  return recorder;
}

test('who guesses at many grants is slowed down at all of them, by every replica', async (t) => {
  const names = Array.from({ length: 12 }, (_, index) => `g${index}`);
  const { bench, grants } = await benchWithGrants(t, names);
  const [first, second] = [recorderOf(t, bench), recorderOf(t, bench)];
  for (const grant of grants.slice(0, 10)) {
    for (let count = 0; count < 3; count++) first.onWrongCode(grant, '10.0.0.1');
  }
  const [, fresh] = grants.slice(10);
  assert.ok(fresh);
  const now = bench.clock.nowMs();
  await until(() => second.waitMs(fresh, '10.0.0.1', now) > 0, 'the other replica knows');
  assert.equal(second.waitMs(fresh, '10.0.0.2', now), 0);
  assert.equal(recorderOf(t, bench).waitMs(fresh, '10.0.0.2', now), 0);
});

test('wrong codes that come at once are written at once, and count before they are', async (t) => {
  const { bench, grants } = await benchWithGrants(t, ['g']);
  const [grant] = grants;
  assert.ok(grant);
  let writes = 0;
  bench.client.fault = (verb) => {
    if (verb === 'updateStatus') writes++;
  };
  const recorder = recorderOf(t, bench, 60_000);
  for (let count = 0; count < 500; count++) recorder.onWrongCode(grant, `10.0.${count % 100}.1`);
  assert.ok(recorder.waitMs(grant, '10.9.9.9', bench.clock.nowMs()) > 1_000_000);
  await until(() => writes === 1, 'the first write');
  await recorder.stop();
  // The first, all others together, and perhaps one that met the first.
  assert.ok(writes <= 3, `${writes} writes`);
  const found = await bench.client.find(accessGrant, { namespace: 'west', name: 'g' });
  assert.equal(found?.status?.refusals?.count, 500);
});

test('while the API cannot be written, wrong codes go on counting', async (t) => {
  const { bench, grants } = await benchWithGrants(t, ['g']);
  const [grant] = grants;
  assert.ok(grant);
  let failures = 0;
  bench.client.fault = () => {
    failures++;
    throw new RangeError('away');
  };
  const recorder = recorderOf(t, bench);
  for (let count = 0; count < 10; count++) recorder.onWrongCode(grant, '10.0.0.1');
  await until(() => failures >= 2, 'tries');
  assert.ok(recorder.waitMs(grant, '10.0.0.1', bench.clock.nowMs()) > 0);
  bench.client.fault = () => undefined;
  await until(async () => {
    const found = await bench.client.find(accessGrant, { namespace: 'west', name: 'g' });
    return found?.status?.refusals?.count === 10;
  }, 'written');
});
