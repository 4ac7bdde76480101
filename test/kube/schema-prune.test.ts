import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  anything,
  applyDefaults,
  array,
  cloneJson,
  dateTime,
  dropNulls,
  integer,
  map,
  microTime,
  normalizeTimes,
  object,
  pruneUnknown,
  string,
  withDefault,
} from '#kube/index.ts';

const schema = object('d', {
  optional: {
    spec: object('s', {
      required: { name: string('n') },
      optional: {
        size: withDefault(integer('i'), 3),
        roles: array('r', object('o', { optional: { port: withDefault(integer('p'), 1) } })),
        settings: map('m', string('v')),
        free: anything('f'),
      },
    }),
    when: dateTime('t'),
    precise: microTime('t'),
  },
});

test('unknown fields are cut and reported with their paths', () => {
  const value = {
    spec: { name: 'a', zzz: 1, roles: [{ port: 1 }, { yyy: 2 }], settings: { any: 'thing' } },
    foo: {},
  };
  assert.deepEqual(pruneUnknown(schema, value), ['spec.zzz', 'spec.roles[1].yyy', 'foo']);
  assert.deepEqual(value, {
    spec: { name: 'a', roles: [{ port: 1 }, {}], settings: { any: 'thing' } },
  });
});

test('what preserves unknown fields keeps them', () => {
  const value = { spec: { name: 'a', free: { x: { y: [1] } } } };
  assert.deepEqual(pruneUnknown(schema, value), []);
  assert.deepEqual(value.spec.free, { x: { y: [1] } });
});

test('defaults fill in what is absent or null, in lists too', () => {
  const value = { spec: { name: 'a', size: null, roles: [{}, { port: 7 }] } };
  dropNulls(schema, value);
  applyDefaults(schema, value);
  assert.deepEqual(value, { spec: { name: 'a', size: 3, roles: [{ port: 1 }, { port: 7 }] } });
});

test('nulls vanish where nobody declared them', () => {
  const value = { spec: { name: null, settings: { a: null, b: 'x' } }, when: null };
  dropNulls(schema, value);
  assert.deepEqual(value, { spec: { settings: { b: 'x' } } });
});

test('a default is a copy of its own for each object', () => {
  const listed = object('d', { optional: { list: withDefault(array('l', string('s')), ['a']) } });
  const one: { list?: string[] } = {};
  const two: { list?: string[] } = {};
  applyDefaults(listed, one);
  applyDefaults(listed, two);
  one.list?.push('b');
  assert.deepEqual(two.list, ['a']);
});

test('times come into one form, other texts stay', () => {
  const value = {
    when: '2026-01-02T05:04:05.678+02:00',
    precise: '2026-01-02T03:04:05.12Z',
    spec: { name: '2026-01-02T03:04:05.678Z' },
  };
  normalizeTimes(schema, value);
  assert.deepEqual(value, {
    when: '2026-01-02T03:04:05Z',
    precise: '2026-01-02T03:04:05.120000Z',
    spec: { name: '2026-01-02T03:04:05.678Z' },
  });
});

test('pruning, dropping nulls and defaulting twice is the same as once', () => {
  // Bodies that name __proto__ are refused when they are decoded, long before this.
  const wild = fc
    .jsonValue()
    .filter((value) => !JSON.stringify(value).includes('__proto__'))
    .map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  const near = fc.record({ spec: fc.record({ name: wild, roles: fc.array(wild), zzz: wild }) });
  fc.assert(
    fc.property(fc.oneof(wild, near), (value) => {
      const once = cloneJson(value);
      pruneUnknown(schema, once);
      dropNulls(schema, once);
      applyDefaults(schema, once);
      const twice = cloneJson(once);
      assert.deepEqual(pruneUnknown(schema, twice), []);
      dropNulls(schema, twice);
      applyDefaults(schema, twice);
      assert.deepEqual(twice, once);
    }),
  );
});
