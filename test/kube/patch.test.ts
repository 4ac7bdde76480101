import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  applyJsonPatch,
  applyMergePatch,
  equalJson,
  jsonPatchPaths,
  patchOperationsMax,
  StatusError,
} from '#kube/index.ts';

const refusedWith = (httpStatus: number) => (error: unknown) =>
  error instanceof StatusError && error.httpStatus === httpStatus;

const applied: readonly [string, unknown, unknown, unknown][] = [
  ['adds a field', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
  ['adds over a field', { a: 1 }, [{ op: 'add', path: '/a', value: 2 }], { a: 2 }],
  ['adds into a list', { l: [1, 3] }, [{ op: 'add', path: '/l/1', value: 2 }], { l: [1, 2, 3] }],
  ['appends with a dash', { l: [1] }, [{ op: 'add', path: '/l/-', value: 2 }], { l: [1, 2] }],
  ['appends by length', { l: [1] }, [{ op: 'add', path: '/l/1', value: 2 }], { l: [1, 2] }],
  [
    'removes',
    { a: 1, l: [1, 2] },
    [
      { op: 'remove', path: '/a' },
      { op: 'remove', path: '/l/0' },
    ],
    { l: [2] },
  ],
  ['replaces', { l: [1] }, [{ op: 'replace', path: '/l/0', value: 9 }], { l: [9] }],
  ['replaces the whole', { a: 1 }, [{ op: 'replace', path: '', value: { b: 1 } }], { b: 1 }],
  ['moves', { a: 1 }, [{ op: 'move', from: '/a', path: '/b' }], { b: 1 }],
  ['copies', { a: [1] }, [{ op: 'copy', from: '/a', path: '/b' }], { a: [1], b: [1] }],
  ['tests', { a: { b: [1] } }, [{ op: 'test', path: '/a', value: { b: [1] } }], { a: { b: [1] } }],
  [
    'reads escapes',
    { 'a/b': 1, 'c~d': 2 },
    [
      { op: 'remove', path: '/a~1b' },
      { op: 'remove', path: '/c~0d' },
    ],
    {},
  ],
  ['reads ~01 as ~1', { '~1': 1 }, [{ op: 'remove', path: '/~01' }], {}],
  ['keeps null values', { a: 1 }, [{ op: 'add', path: '/a', value: null }], { a: null }],
];

for (const [title, document, patch, result] of applied) {
  test(`json patch ${title}`, () => {
    const before = structuredClone(document);
    assert.deepEqual(applyJsonPatch(document, patch), result);
    assert.deepEqual(document, before);
  });
}

const refused: readonly [string, number, unknown][] = [
  ['an object', 400, { op: 'add' }],
  ['an operation that is no object', 400, ['x']],
  ['an unknown operation', 400, [{ op: 'bump', path: '/a' }]],
  ['an operation without path', 400, [{ op: 'remove' }]],
  ['an add without value', 400, [{ op: 'add', path: '/b' }]],
  ['a move without from', 400, [{ op: 'move', path: '/b' }]],
  ['a pointer without slash', 400, [{ op: 'remove', path: 'a' }]],
  ['a step into the prototype', 400, [{ op: 'add', path: '/__proto__/x', value: 1 }]],
  [
    'a value naming the prototype',
    400,
    [{ op: 'add', path: '/b', value: JSON.parse('{"__proto__":{}}') as unknown }],
  ],
  ['removing what is not there', 422, [{ op: 'remove', path: '/b' }]],
  ['replacing what is not there', 422, [{ op: 'replace', path: '/b', value: 1 }]],
  ['adding below nothing', 422, [{ op: 'add', path: '/b/c', value: 1 }]],
  ['an index past the end', 422, [{ op: 'add', path: '/l/9', value: 1 }]],
  ['an index with leading zero', 422, [{ op: 'replace', path: '/l/00', value: 1 }]],
  ['a negative index', 422, [{ op: 'remove', path: '/l/-1' }]],
  ['a failed test', 422, [{ op: 'test', path: '/a', value: 2 }]],
  ['a move into itself', 422, [{ op: 'move', from: '/o', path: '/o/p' }]],
  ['an inherited name', 422, [{ op: 'test', path: '/constructor', value: null }]],
];

for (const [title, httpStatus, patch] of refused) {
  test(`json patch refuses ${title} with ${httpStatus}`, () => {
    assert.throws(() => applyJsonPatch({ a: 1, l: [1], o: {} }, patch), refusedWith(httpStatus));
  });
}

test('json patch refuses too many operations', () => {
  const patch = Array.from({ length: patchOperationsMax + 1 }, () => ({
    op: 'test',
    path: '',
    value: 1,
  }));
  assert.throws(() => applyJsonPatch({}, patch), refusedWith(413));
});

test('json patch cannot multiply a document without bound', () => {
  const doubling = Array.from({ length: 40 }, (_none, at) => ({
    op: 'copy',
    from: '/a',
    path: `/a/k${at}`,
  }));
  const wide = [{ op: 'add', path: '/l', value: 'x'.repeat(1_000_000) }];
  const copies = Array.from({ length: 10 }, (_none, at) => ({
    op: 'copy',
    from: '/l',
    path: `/c${at}`,
  }));
  assert.throws(() => applyJsonPatch({ a: {} }, doubling), StatusError);
  assert.throws(() => applyJsonPatch({}, [...wide, ...copies]), refusedWith(413));
});

test('json patch cannot nest a document without bound', () => {
  const down = (depth: number): string => '/a'.repeat(depth);
  const patch = Array.from({ length: 300 }, (_none, at) => ({
    op: 'add',
    path: down(at + 1),
    value: {},
  }));
  assert.throws(() => applyJsonPatch({}, patch), refusedWith(400));
});

test('the places of a json patch can be asked for', () => {
  assert.deepEqual(jsonPatchPaths([{ op: 'remove', path: '/metadata/resourceVersion' }]), [
    '/metadata/resourceVersion',
  ]);
});

test('no JSON value makes json patch fail other than by a Status', () => {
  const pointer = fc
    .array(fc.constantFrom('a', 'l', '0', '-', 'o', '__proto__'))
    .map((steps) => steps.map((s) => `/${s}`).join(''));
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
      path: pointer,
      from: pointer,
      value: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.array(operation), fc.jsonValue()), (patch) => {
      try {
        applyJsonPatch({ a: 1, l: [1, 2], o: { l: [] } }, patch);
      } catch (error) {
        assert.ok(error instanceof StatusError, String(error));
      }
    }),
  );
});

/** RFC 7386 appendix A. */
const merged: readonly [unknown, unknown, unknown][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

for (const [target, patch, result] of merged) {
  test(`merge patch ${JSON.stringify(patch)} on ${JSON.stringify(target)}`, () => {
    const before = structuredClone(target);
    assert.deepEqual(applyMergePatch(target, patch), result);
    assert.deepEqual(target, before);
  });
}

/** The merge patch that leads from one object to another. */
function mergePatchBetween(from: unknown, to: unknown): unknown {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject(from) || !isObject(to)) return to;
  const patch: Record<string, unknown> = {};
  for (const name of Object.keys(from)) if (!Object.hasOwn(to, name)) patch[name] = null;
  for (const [name, value] of Object.entries(to)) {
    if (!Object.hasOwn(from, name)) patch[name] = value;
    else if (!equalJson(from[name], value)) patch[name] = mergePatchBetween(from[name], value);
  }
  return patch;
}

test('a merge patch made from two objects leads from one to the other', () => {
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.array(fc.integer()));
  const key = fc.string().filter((name) => name !== '__proto__');
  const tree = fc.letrec((tie) => ({
    node: fc.dictionary(key, fc.oneof({ depthSize: 'small' }, leaf, tie('node')), {
      noNullPrototype: true,
    }),
  })).node;
  fc.assert(
    fc.property(tree, tree, (from, to) => {
      assert.ok(equalJson(applyMergePatch(from, mergePatchBetween(from, to)), to));
    }),
  );
});
