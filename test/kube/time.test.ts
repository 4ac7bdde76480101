import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  ageSince,
  DurationError,
  formatDuration,
  formatMicroTime,
  formatTime,
  humanAge,
  normalizeTime,
  parseDuration,
  parseTime,
} from '#kube/index.ts';

const durations: readonly [string, number][] = [
  ['0', 0],
  ['25m', 1_500_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['90s', 90_000],
  ['100ms', 100],
  ['1us', 0.001],
  ['1µs', 0.001],
  ['1500ns', 0.0015],
  ['-2s', -2000],
  ['+2s', 2000],
  ['.5s', 500],
  ['1.s', 1000],
];

for (const [text, ms] of durations) {
  test(`duration ${text} is ${ms} ms`, () => assert.equal(parseDuration(text), ms));
}

const badDurations: readonly [string, string][] = [
  ['', 'time: invalid duration ""'],
  ['25', 'time: missing unit in duration "25"'],
  ['1d', 'time: unknown unit "d" in duration "1d"'],
  ['m', 'time: invalid duration "m"'],
  ['1h 2m', 'time: unknown unit "h " in duration "1h 2m"'],
  ['.s', 'time: invalid duration ".s"'],
  ['soon', 'time: invalid duration "soon"'],
  ['99999999999h', 'time: invalid duration "99999999999h"'],
  ['1μx', 'time: unknown unit "\\xce\\xbcx" in duration "1\\xce\\xbcx"'],
  ['1toString', 'time: unknown unit "toString" in duration "1toString"'],
];

for (const [text, message] of badDurations) {
  test(`duration "${text}" is refused in the words of Go`, () => {
    assert.throws(
      () => parseDuration(text),
      (error) => error instanceof DurationError && error.message === message,
    );
  });
}

test('durations are written as Go writes them', () => {
  assert.equal(formatDuration(0), '0s');
  assert.equal(formatDuration(1_500_000), '25m0s');
  assert.equal(formatDuration(5_400_000), '1h30m0s');
  assert.equal(formatDuration(1500), '1.5s');
  assert.equal(formatDuration(200), '200ms');
  assert.equal(formatDuration(-61_000), '-1m1s');
});

test('a written duration reads back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
      assert.ok(Math.abs(parseDuration(formatDuration(ms)) - ms) < 0.001);
    }),
  );
});

test('times are written in whole seconds or with six digits', () => {
  const ms = Date.parse('2026-11-22T02:38:45.678Z');
  assert.equal(formatTime(ms), '2026-11-22T02:38:45Z');
  assert.equal(formatMicroTime(ms), '2026-11-22T02:38:45.678000Z');
  assert.equal(normalizeTime('2026-11-22T04:38:45.9+02:00'), '2026-11-22T02:38:45Z');
  assert.equal(normalizeTime('no time'), 'no time');
});

for (const text of [
  '2026-11-22',
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:60:00Z',
  '2026-01-01T00:00:00',
  '2026-01-01 00:00:00Z',
  '2026-01-01T00:00:00+25:00',
]) {
  test(`"${text}" is no time`, () => assert.equal(parseTime(text), undefined));
}

test('a time of the platform reads as the same instant', () => {
  const date = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(date, (when) => assert.equal(parseTime(when.toISOString()), when.getTime())),
  );
});

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const ages: readonly [number, string][] = [
  [-5 * second, '<invalid>'],
  [-second, '0s'],
  [0, '0s'],
  [119 * second, '119s'],
  [2 * minute, '2m'],
  [2 * minute + 5 * second, '2m5s'],
  [10 * minute + 5 * second, '10m'],
  [179 * minute, '179m'],
  [3 * hour, '3h'],
  [3 * hour + 20 * minute, '3h20m'],
  [9 * hour + 20 * minute, '9h'],
  [2 * day, '2d'],
  [2 * day + 3 * hour, '2d3h'],
  [9 * day, '9d'],
  [729 * day, '729d'],
  [730 * day, '2y'],
  [760 * day, '2y30d'],
  [8 * 365 * day, '8y'],
];

for (const [ms, text] of ages) {
  test(`${ms} ms is the age ${text}`, () => assert.equal(humanAge(ms), text));
}

test('the age of nothing is unknown', () => {
  assert.equal(ageSince(undefined, 0), '<unknown>');
  assert.equal(ageSince('1970-01-01T00:00:00Z', 5000), '5s');
});
