import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Treatment } from '#routing/index.ts';
import { treatmentByRules } from '../../src/router/treatment-rules.ts';

const rules = [
  { prefix: 'mc', pattern: undefined, treatment: Treatment.multicast },
  { prefix: 'mc/one', pattern: undefined, treatment: Treatment.closest },
  { prefix: undefined, pattern: 'a.*.c', treatment: Treatment.unavailable },
  { prefix: undefined, pattern: 'deep/#', treatment: Treatment.closest },
];

for (const [name, expected] of [
  ['mc', Treatment.multicast],
  ['mc/sfe.all', Treatment.multicast],
  ['mc.x', Treatment.multicast],
  ['mcx', undefined],
  ['mc/one/two', Treatment.closest],
  ['a.b.c', Treatment.unavailable],
  ['a.b.d', undefined],
  ['a.b', undefined],
  ['deep/in/there', Treatment.closest],
  ['deep', Treatment.closest],
  ['other', undefined],
] as const) {
  test(`${name} is treated as ${String(expected)}`, () => {
    assert.equal(treatmentByRules(rules, name), expected);
  });
}
