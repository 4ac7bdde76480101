/** What a definition of a kind must be, in the words of Kubernetes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { apiDefinitions } from '#apis/index.ts';
import { Admission, compareVersions, crdOf, customResourceDefinition } from '#kube/index.ts';

const root = 'spec.versions[0].schema.openAPIV3Schema';

function faultsOf(schema: unknown, spec: object = {}, version: object = {}): string[] {
  const admission = new Admission(customResourceDefinition);
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gizmos.acc.test' },
    spec: {
      group: 'acc.test',
      scope: 'Namespaced',
      names: { plural: 'gizmos', kind: 'Gizmo' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: schema === undefined ? {} : { openAPIV3Schema: schema },
          ...version,
        },
      ],
      ...spec,
    },
  };
  admission.normalize(crd);
  admission.prepare(crd);
  return admission.check(crd).map(({ field, message }) => `${field}: ${message}`);
}

const good = { type: 'object' };
const field = (node: object) => ({ type: 'object', properties: { a: node } });
const at = `${root}.properties[a]`;

const schemas: readonly [string, unknown, readonly string[]][] = [
  ['a plain object', good, []],
  ['nothing', undefined, [`${root}: Required value: schemas are required`]],
  ['no type', {}, [`${root}.type: Required value: must not be empty at the root`]],
  [
    'another type',
    { type: 'string' },
    [`${root}.type: Invalid value: "string": must be object at the root`],
  ],
  [
    'a field without type',
    field({}),
    [`${at}.type: Required value: must not be empty for specified object fields`],
  ],
  ['a field of any shape', field({ 'x-kubernetes-preserve-unknown-fields': true }), []],
  [
    'a list without items',
    field({ type: 'array' }),
    [`${at}.items: Required value: must be specified`],
  ],
  [
    'items without type',
    field({ type: 'array', items: {} }),
    [`${at}.items.type: Required value: must not be empty for specified array items`],
  ],
  [
    'a closed object',
    field({ type: 'object', additionalProperties: false }),
    [`${at}.additionalProperties: Forbidden: additionalProperties cannot be set to false`],
  ],
  [
    'a reference',
    field({ $ref: '#/x', type: 'object' }),
    [`${at}.$ref: Forbidden: $ref is not supported`],
  ],
  [
    'types in alternatives',
    field({ type: 'object', oneOf: [{ type: 'object' }] }),
    [`${at}.oneOf[0].type: Forbidden: must be empty to be structural`],
  ],
  [
    'the alternatives of int-or-string',
    field({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }),
    [],
  ],
  [
    'a default that does not fit',
    field({ type: 'integer', default: 'x' }),
    [
      `${at}.default: Invalid value: "string": default in body must be of type integer: "string" (default)`,
    ],
  ],
  [
    'a default with unknown fields',
    field({ type: 'object', default: { b: 1 } }),
    [`${at}.default: Invalid value: {"b":1}: must not have unknown fields`],
  ],
  [
    'a map list without keys',
    field({ type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' }),
    [
      `${at}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map`,
    ],
  ],
  [
    'metadata of its own',
    { type: 'object', properties: { metadata: field({ type: 'string' }) } },
    [
      `${root}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
    ],
  ],
];

for (const [title, schema, expected] of schemas) {
  test(`a schema that is ${title}`, () => assert.deepEqual(faultsOf(schema), expected));
}

test('a pattern that is none is found', () => {
  assert.match(
    faultsOf(field({ type: 'string', pattern: '(' }))[0] ?? '',
    /must be a valid regular/u,
  );
});

test('rules must be CEL that the server can evaluate', () => {
  const rule = (text: string) =>
    faultsOf({ ...good, 'x-kubernetes-validations': [{ rule: text }] }).join('\n');
  assert.equal(rule('!has(self.a) || self.a > 1'), '');
  assert.match(rule('self.a >'), /validations\[0\]\.rule: Invalid value: .*compilation failed/u);
  assert.match(rule("self.find('x') == 'a'"), /compilation failed: .*find/u);
  assert.match(rule("'text'"), /must evaluate to a bool/u);
});

const specs: readonly [string, object, readonly string[]][] = [
  [
    'a group without dot',
    { group: 'acc' },
    [
      'spec.group: Invalid value: "acc": should be a domain with at least one dot',
      'metadata.name: Invalid value: "gizmos.acc.test": must be spec.names.plural+"."+spec.group',
    ],
  ],
  [
    'no scope',
    { scope: '' },
    ['spec.scope: Unsupported value: "": supported values: "Cluster", "Namespaced"'],
  ],
  [
    'a webhook',
    { conversion: { strategy: 'Webhook' } },
    ['spec.conversion.strategy: Unsupported value: "Webhook": supported values: "None"'],
  ],
  [
    'no versions',
    { versions: [] },
    ['spec.versions: Required value: must have at least one version'],
  ],
];

for (const [title, spec, expected] of specs) {
  test(`a definition with ${title}`, () => assert.deepEqual(faultsOf(good, spec), expected));
}

test('exactly one version stores', () => {
  assert.deepEqual(faultsOf(good, {}, { storage: false }), [
    'spec.versions: Invalid value: ["v1"]: must have exactly one version marked as storage version',
  ]);
});

test('our own kinds are good definitions', () => {
  const admission = new Admission(customResourceDefinition);
  for (const definition of apiDefinitions) {
    const crd = structuredClone(crdOf(definition)) as never;
    assert.deepEqual(admission.normalize(crd), [], definition.kind);
    admission.prepare(crd);
    assert.deepEqual(admission.check(crd), [], definition.kind);
  }
});

test('versions come in the order of Kubernetes', () => {
  const sorted = [
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v10beta3',
    'v3beta1',
    'v12alpha1',
    'foo1',
    'foo10',
  ];
  assert.deepEqual(sorted.toReversed().sort(compareVersions), sorted);
});

test('no JSON value makes a schema fail other than by findings', () => {
  const words = fc.constantFrom(
    'type',
    'properties',
    'items',
    'default',
    'oneOf',
    'not',
    'additionalProperties',
    'pattern',
    'x-kubernetes-validations',
    'x-kubernetes-list-type',
    'x-kubernetes-list-map-keys',
    'required',
  );
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue(),
      fc.constantFrom('object', 'array', 'string', '(', true),
      fc.dictionary(words, tie('node'), { noNullPrototype: true }),
      fc.array(tie('node'), { maxLength: 3 }),
    ),
  }));
  fc.assert(
    fc.property(node, (schema) => {
      const plain: unknown = JSON.parse(
        JSON.stringify(schema ?? null).replaceAll('__proto__', 'proto'),
      );
      assert.ok(Array.isArray(faultsOf(plain)));
      assert.ok(Array.isArray(faultsOf(field(plain as object))));
    }),
    { numRuns: 300 },
  );
});
