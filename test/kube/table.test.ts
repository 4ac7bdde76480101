import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Column,
  compileJsonPath,
  customDefinition,
  customSchema,
  DefinitionError,
  type KubeObject,
  object,
  partialObject,
  TableRenderer,
} from '#kube/index.ts';

const value = {
  spec: {
    ports: [
      { name: 'a', port: 1 },
      { name: 'b', port: 2 },
    ],
    'odd.name': 'x',
    zero: 0,
  },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
  metadata: { labels: { 'a.b/c': 'v' } },
};

const paths: readonly [string, unknown[]][] = [
  ['.spec.zero', [0]],
  ['.spec.ports[1].port', [2]],
  ['.spec.ports[-1].port', [2]],
  ['.spec.ports[*].name', ['a', 'b']],
  ['.spec.ports[?(@.name=="b")].port', [2]],
  [".status.conditions[?(@.type=='Ready')].status", ['True']],
  [String.raw`.spec.odd\.name`, ['x']],
  [".metadata.labels['a.b/c']", ['v']],
  [String.raw`.metadata.labels.a\.b/c`, ['v']],
  ['.spec.nothing.below', []],
  ['.constructor', []],
  ['.spec.ports[7]', []],
];

for (const [path, found] of paths) {
  test(`path ${path} finds ${JSON.stringify(found)}`, () => {
    assert.deepEqual(compileJsonPath(path)(value), found);
  });
}

for (const path of ['spec', '.a[', '.a[?(@.b>1)]', '..a', '.a.', '{.a}']) {
  test(`path ${path} is refused when the definition is loaded`, () => {
    assert.throws(
      () => compileJsonPath(path),
      (error) => error instanceof DefinitionError && error.code === 'KUBE_JSONPATH_SYNTAX',
    );
  });
}

const column = (name: string, type: Column['type'], jsonPath: string): Column => ({
  name,
  type,
  jsonPath,
});
const empty = object('e', {});

const renderer = new TableRenderer(
  customDefinition({
    group: 'g.io',
    version: 'v1',
    kind: 'C',
    plural: 'cs',
    description: 'c',
    schema: customSchema('c', empty, empty),
    columns: [
      column('Text', 'string', '.spec.text'),
      column('Map', 'string', '.spec.map'),
      column('Whole', 'integer', '.spec.whole'),
      column('Number', 'number', '.spec.number'),
      column('Flag', 'boolean', '.spec.flag'),
      column('When', 'date', '.spec.when'),
      { ...column('Wide', 'string', '.spec.wide'), priority: 1 },
    ],
  }),
);

const nowMs = Date.parse('2026-01-01T00:10:00Z');
const thing = (spec: object): KubeObject & { spec: object } => ({
  apiVersion: 'g.io/v1',
  kind: 'C',
  metadata: { name: 'c1' },
  spec,
});

test('cells take the form that their column has', () => {
  const spec = {
    text: 't',
    map: { a: 1 },
    whole: 1.9,
    number: 1.5,
    flag: false,
    when: '2026-01-01T00:00:00Z',
  };
  assert.deepEqual(renderer.row(thing(spec), nowMs).cells, [
    'c1',
    't',
    '{"a":1}',
    1,
    1.5,
    false,
    '10m',
    null,
  ]);
});

test('missing values and values of another type are null, not empty', () => {
  assert.deepEqual(renderer.row(thing({ whole: 'x', flag: 1, when: 5 }), nowMs).cells, [
    'c1',
    null,
    null,
    null,
    null,
    null,
    null,
    null,
  ]);
});

test('a table carries columns, rows and as much of the objects as asked for', () => {
  const one = thing({ text: 't' });
  const table = renderer.table([one], { nowMs, metadata: { resourceVersion: '7' } });
  assert.equal(table.kind, 'Table');
  assert.equal(table.apiVersion, 'meta.k8s.io/v1');
  assert.deepEqual(table.metadata, { resourceVersion: '7' });
  assert.deepEqual(table.columnDefinitions[0], {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'Name of the object, unique in its namespace.',
    priority: 0,
  });
  assert.equal(table.columnDefinitions.at(-1)?.priority, 1);
  assert.deepEqual(table.rows[0]?.object, partialObject(one));
  assert.deepEqual(partialObject(one), {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { name: 'c1' },
  });
  const given = { nowMs, metadata: {} };
  assert.equal(renderer.table([one], { ...given, include: 'Object' }).rows[0]?.object, one);
  assert.equal(
    'object' in (renderer.table([one], { ...given, include: 'None' }).rows[0] ?? {}),
    false,
  );
  assert.deepEqual(renderer.table([one], { ...given, withColumns: false }).columnDefinitions, []);
});
