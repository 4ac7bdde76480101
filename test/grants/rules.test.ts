import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerMemory, answerKey } from '#grants/server/answer-memory.ts';
import { AttemptLimit, placeOf } from '#base/attempt-limit.ts';
import { isCode, readJoiner, refusalOfGrant } from '#grants/server/redemption.ts';
import { refusals } from '#grants/server/refusal.ts';

const nowMs = Date.UTC(2030, 0, 1);
const later = '2030-01-01T00:00:10Z';

test('time is told before use, and a grant without a time is corrupted', () => {
  const allowed = { redemptionsAllowed: 2 };
  for (const [grant, refusal] of [
    [{ spec: allowed, status: { expirationTime: later } }, undefined],
    [{ spec: allowed, status: { expirationTime: later, redemptions: 1 } }, undefined],
    [{ spec: allowed, status: { expirationTime: later, redemptions: 2 } }, refusals.usedUp],
    [{ spec: allowed, status: { expirationTime: later, redemptions: 3 } }, refusals.usedUp],
    [{ spec: { redemptionsAllowed: -1 }, status: { expirationTime: later } }, refusals.usedUp],
    [{ status: { expirationTime: later } }, refusals.usedUp],
    [{ spec: allowed, status: {} }, refusals.corrupted],
    [{ spec: allowed, status: { expirationTime: 'soon' } }, refusals.corrupted],
    [{ spec: allowed, status: { expirationTime: '2030-01-01T00:00:00Z' } }, refusals.expired],
    [
      { spec: allowed, status: { expirationTime: '2029-12-31T23:59:59Z', redemptions: 9 } },
      refusals.expired,
    ],
  ] as const) {
    assert.equal(refusalOfGrant(grant, nowMs), refusal, JSON.stringify(grant));
  }
});

test('only the very bytes of the code pass', () => {
  const code = 'Abc123';
  assert.equal(isCode(Buffer.from(code), code), true);
  for (const wrong of ['Abc123\n', 'abc123', 'Abc12', '', ' Abc123', 'Abc1234']) {
    assert.equal(isCode(Buffer.from(wrong), code), false, JSON.stringify(wrong));
  }
  assert.equal(isCode(Buffer.alloc(0), ''), false);
  assert.equal(isCode(Buffer.alloc(0), undefined), false);
});

test('a joiner is named by its headers, with the grant as fallback', () => {
  assert.deepEqual(readJoiner({}, 'g'), { name: 'g', subject: 'g' });
  assert.deepEqual(readJoiner({ name: 'n' }, 'g'), { name: 'n', subject: 'n' });
  const uid = '9c6de2ac-29d8-4c41-b3b5-4ab0a9f1a4a1';
  assert.deepEqual(readJoiner({ name: 'n.x-1', subject: uid }, 'g'), {
    name: 'n.x-1',
    subject: uid,
  });
  for (const name of ['Upper', '-a', 'a-', 'a..b', 'a/b', 'a b', 'ä', 'x'.repeat(254), '../a']) {
    assert.equal(readJoiner({ name }, 'g'), refusals.badName, name);
  }
  for (const subject of [' a', 'a,b', 'a\nb', 'x'.repeat(65), 'CN=a', 'ä']) {
    assert.equal(readJoiner({ subject }, 'g'), refusals.badSubject, subject);
  }
});

test('failed attempts are limited, forgiven with time, and forgotten beyond the bound', () => {
  const limit = new AttemptLimit({ burst: 3, leakMs: 1000, keysMax: 2 });
  assert.equal(limit.waitMs('a', 0), 0);
  for (let count = 0; count < 3; count++) {
    assert.equal(limit.waitMs('a', 0), 0);
    limit.onAttempt('a', 0);
  }
  assert.equal(limit.waitMs('a', 0), 1000);
  assert.ok(limit.waitMs('a', 400) > 590 && limit.waitMs('a', 400) < 610);
  assert.equal(limit.waitMs('a', 1000), 0);
  assert.equal(limit.waitMs('b', 0), 0);
  limit.onAttempt('b', 0);
  limit.onAttempt('c', 0);
  assert.equal(limit.waitMs('a', 0), 0, 'the oldest key was forgotten');
});

test('one host cannot dodge the limit by changing its IPv6 address', () => {
  assert.equal(placeOf('10.1.2.3'), '10.1.2.3');
  assert.equal(placeOf('::ffff:10.1.2.3'), '10.1.2.3');
  assert.equal(placeOf('2001:db8:1:2::7'), placeOf('2001:db8:1:2:9:9:9:9'));
  assert.notEqual(placeOf('2001:db8:1:2::7'), placeOf('2001:db8:1:3::7'));
  assert.equal(placeOf('fe80::1%eth0'), placeOf('fe80::2'));
  assert.equal(placeOf('::1'), '0:0:0:0::/64');
});

test('an answer is remembered for a while, also while it is being made', async () => {
  const memory = new AnswerMemory<string>({ keepMs: 100, answersMax: 2 });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  memory.keep('a', promise, 0);
  const early = memory.find('a', 0);
  resolve('told');
  assert.equal(await early, 'told');
  assert.equal(await memory.find('a', 99), 'told');
  assert.equal(memory.find('a', 100), undefined);
});

test('a refusal or a fault is not remembered, and memory is bounded', async () => {
  const memory = new AnswerMemory<string>({ keepMs: 100, answersMax: 2 });
  memory.keep('none', Promise.resolve(undefined), 0);
  await memory.find('none', 0);
  assert.equal(memory.find('none', 0), undefined);
  for (const key of ['a', 'b', 'c']) memory.keep(key, Promise.resolve(key), 0);
  assert.equal(memory.find('a', 0), undefined);
  assert.equal(await memory.find('c', 0), 'c');
  assert.notEqual(answerKey('a', 'bc'), answerKey('ab', 'c'));
});
