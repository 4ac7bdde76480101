import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkConfigKey,
  checkLabelName,
  checkLabelValue,
  checkPortName,
  checkPortNumber,
  checkQualifiedName,
  checkLabel1035,
  checkSubdomainName,
  generateName,
} from '#kube/index.ts';

type Check = (name: string) => string[];

const names: readonly [string, Check, readonly string[], readonly string[]][] = [
  [
    'label',
    checkLabelName,
    ['a', 'a-1', '1a', 'a'.repeat(63)],
    ['', 'A', 'a.b', '-a', 'a-', 'a_b', 'a'.repeat(64), 'a\n'],
  ],
  [
    'subdomain',
    checkSubdomainName,
    ['a', 'a.b-c.d', 'a'.repeat(253)],
    ['', 'A', '.a', 'a..b', 'a/b', 'a'.repeat(254)],
  ],
  ['service', checkLabel1035, ['a', 'a-1'], ['1a', 'a.b', 'A', 'a'.repeat(64)]],
  [
    'qualified',
    checkQualifiedName,
    ['a', 'A.b_c-d', 'example.com/a'],
    ['', '/a', 'a/', 'a/b/c', 'Ex/a', '-a', 'a'.repeat(64)],
  ],
  ['label value', checkLabelValue, ['', 'a', 'A_b.c-d'], ['-a', 'a b', 'a'.repeat(64)]],
  [
    'config key',
    checkConfigKey,
    ['a', '.a', 'a..b', 'A_b-c'],
    ['', '.', '..', '..a', 'a b', 'a/b'],
  ],
  ['port name', checkPortName, ['http', 'a-1'], ['1', 'a--b', '-a', 'Http', 'a'.repeat(16)]],
];

for (const [what, check, good, bad] of names) {
  for (const name of good) {
    test(`"${name.slice(0, 20)}" is a ${what} name`, () => assert.deepEqual(check(name), []));
  }
  for (const name of bad) {
    test(`${JSON.stringify(name.slice(0, 20))} is no ${what} name`, () =>
      assert.notDeepEqual(check(name), []));
  }
}

test('complaints about names are in the words of Kubernetes', () => {
  assert.deepEqual(checkSubdomainName('Bad'), [
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ]);
  assert.deepEqual(checkLabelName('a_b'), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ]);
  assert.deepEqual(checkLabelName('a.b'), ['must not contain dots']);
  assert.deepEqual(checkPortNumber(0), ['must be between 1 and 65535, inclusive']);
});

test('a generated name has the prefix, five characters and at most 63', () => {
  let next = 0;
  const random = { bytes: (size: number) => Uint8Array.from({ length: size }, () => next++ % 256) };
  assert.match(generateName('web-', random), /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/u);
  assert.notEqual(generateName('web-', random), generateName('web-', random));
  assert.equal(generateName('a'.repeat(100), random).length, 63);
});
