import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { configMap, FieldOwnership, service } from '#kube/index.ts';
import type { DynamicObject } from '#kube/index.ts';
import { decodeFieldSet, encodeFieldSet, FieldSet } from '#kube/fields/field-set.ts';
import { pathText } from '#kube/fields/path-element.ts';
import { compareFields, fieldsOf, mergeApplied, withoutFields } from '#kube/fields/walk.ts';

const element = fc.constantFrom('f:a', 'f:b', 'f:c', 'k:{"x":1}', 'v:"y"');
const sets = fc
  .array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
  .map((paths) => {
    const set = new FieldSet();
    for (const path of paths) {
      let node = set;
      for (const step of path) node = node.child(step);
      node.isMember = true;
    }
    return set;
  });
const texts = (set: FieldSet): Set<string> =>
  new Set([...set.paths()].map((path) => path.join('/')));

test('sets of fields are sets', () => {
  fc.assert(
    fc.property(sets, sets, (a, b) => {
      const [left, right] = [texts(a), texts(b)];
      const both = [...left].filter((text) => right.has(text));
      assert.deepEqual(texts(a.union(b)), new Set([...left, ...right]));
      assert.deepEqual(
        [...texts(a.difference(b))],
        [...left].filter((text) => !right.has(text)),
      );
      assert.deepEqual([...texts(a.intersection(b))], both);
      assert.equal(a.equals(b), left.size === right.size && both.length === left.size);
      assert.equal(a.difference(a).isEmpty, true);
    }),
  );
});

test('the stored form is the set again, whatever is asked of it', () => {
  fc.assert(
    fc.property(sets, (set) => {
      const encoded = encodeFieldSet(set);
      assert.equal(decodeFieldSet(JSON.parse(JSON.stringify(encoded)))?.equals(set), true);
    }),
  );
  for (const wrong of [null, [], 'x', { a: {} }, { 'f:a': 1 }, { 'f:a': { b: {} } }]) {
    assert.equal(decodeFieldSet(wrong), undefined, JSON.stringify(wrong));
  }
  let deep: object = {};
  for (let level = 0; level < 200; level++) deep = { 'f:a': deep };
  assert.equal(decodeFieldSet(deep), undefined);
});

test('paths as messages show them', () => {
  assert.equal(
    pathText(['f:spec', 'f:ports', 'k:{"port":80,"protocol":"TCP"}', 'f:name']),
    '.spec.ports[port=80,protocol="TCP"].name',
  );
  assert.equal(pathText(['f:metadata', 'f:finalizers', 'v:"a/b"']), '.metadata.finalizers[="a/b"]');
});

const values = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.constantFrom('1', '2'))
  .map((entries) => Object.fromEntries(Object.entries(entries)));
const maps = fc.record({ data: values }, { requiredKeys: [], noNullPrototype: true });
const ports = fc
  .uniqueArray(fc.constantFrom(1, 2, 3, 4), { minLength: 1, maxLength: 4 })
  .map((numbers) => ({ spec: { ports: numbers.map((port) => ({ port, name: `p${port}` })) } }));

test('what is applied is there afterwards, and applying again changes nothing', () => {
  fc.assert(
    fc.property(fc.oneof(maps, ports), fc.oneof(maps, ports), (live, applied) => {
      const { schema } = 'spec' in applied ? service : configMap;
      const merged = mergeApplied(schema, live, applied);
      assert.deepEqual(mergeApplied(schema, merged, applied), merged);
      const { removed, modified } = compareFields(
        schema,
        merged,
        mergeApplied(schema, merged, applied),
        true,
      );
      assert.equal(removed.isEmpty && modified.isEmpty, true);
      // An empty map is a field only while it is empty.
      const hollow = Object.keys((applied as { data?: object }).data ?? { x: '' }).length === 0;
      const rest = fieldsOf(schema, applied).difference(fieldsOf(schema, merged));
      assert.equal(rest.isEmpty || hollow, true);
    }),
  );
});

test('taking out what was added gives what was there', () => {
  fc.assert(
    fc.property(values, values, (before, after) => {
      const both = { ...before, ...after };
      const { added } = compareFields(configMap.schema, { data: before }, { data: both }, true);
      const rest = withoutFields(configMap.schema, { data: both }, added) as { data: object };
      assert.deepEqual(Object.keys(rest.data).sort(), Object.keys(before).sort());
    }),
  );
});

test('applying twice is applying once, whoever else owns fields', () => {
  const manager = new FieldOwnership(configMap);
  const object = (data: object): DynamicObject => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a' },
    data,
  });
  const writer = (name: string) => ({
    manager: name,
    subresource: '',
    time: '2026-01-01T00:00:00Z',
  });
  fc.assert(
    fc.property(values, values, values, (one, two, three) => {
      const first = manager.apply(undefined, object(one), writer('one'), true);
      const second = manager.apply(first, object(two), writer('two'), true);
      const third = manager.apply(second, object(three), writer('one'), true);
      assert.deepEqual(manager.apply(third, object(three), writer('one'), false), third);
      // Only what somebody applies is there, with the value of who applied it last.
      const expected = { ...two, ...three };
      assert.deepEqual(
        third['data'] ?? {},
        Object.keys(expected).length === 0 ? (third['data'] ?? {}) : expected,
      );
      assert.deepEqual(Object.keys(third['data'] ?? {}).sort(), Object.keys(expected).sort());
    }),
  );
});

test('many writers do not make an object grow without end', () => {
  const manager = new FieldOwnership(configMap);
  let object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a' },
    data: {},
  } as DynamicObject;
  for (let index = 0; index < 40; index++) {
    const next = { ...object, data: { ...(object['data'] as object), [`k${index}`]: 'v' } };
    const time = `2026-01-01T00:00:${String(index).padStart(2, '0')}Z`;
    const before = index === 0 ? undefined : object;
    const writer = { manager: `m${index}`, subresource: '', time };
    const managedFields = manager.afterUpdate(before, next, undefined, writer);
    object = { ...next, metadata: { ...next.metadata, managedFields } };
  }
  const entries = object.metadata.managedFields ?? [];
  assert.equal(entries.length, 10);
  assert.equal(entries[0]?.manager, 'ancient-changes');
  const owned = entries.map(({ fieldsV1 }) => Object.keys((fieldsV1?.['f:data'] ?? {}) as object));
  assert.equal(new Set(owned.flat()).size, 41);
});
