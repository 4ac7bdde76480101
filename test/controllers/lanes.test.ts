/** One router that does not answer keeps nobody else waiting. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { busy, Lanes } from '#controllers/router-config/lanes.ts';
import { until } from '../support/until.ts';

test('a lane gives what its work gives, or throws it', async () => {
  const lanes = new Lanes(silentLogger, 60_000);
  assert.equal(await lanes.run('a', () => Promise.resolve(1)), 1);
  await assert.rejects(
    lanes.run('a', () => Promise.reject(new RangeError('no'))),
    RangeError,
  );
  assert.equal(await lanes.run('a', () => Promise.resolve(2)), 2);
});

test('work that takes long is not begun twice, and others go on', async () => {
  const warnings: unknown[] = [];
  const log = { ...silentLogger, warn: (_what: string, facts: unknown) => warnings.push(facts) };
  const lanes = new Lanes({ ...log, child: () => silentLogger }, 1);
  const { promise, reject } = Promise.withResolvers<number>();
  let begun = 0;
  const slow = () => {
    begun++;
    return promise;
  };
  assert.equal(await lanes.run('slow', slow), busy);
  assert.equal(await lanes.run('slow', slow), busy);
  assert.equal(await new Lanes(silentLogger, 60_000).run('b', () => Promise.resolve(1)), 1);
  assert.equal(begun, 1);
  reject(new RangeError('gone'));
  await until(async () => (await lanes.run('slow', () => Promise.resolve(3))) !== busy, 'a turn');
  assert.deepEqual(warnings, [{ lane: 'slow', error: 'gone' }]);
});
