import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  array,
  boolean,
  checkListTypes,
  checkSchema,
  dateTime,
  integer,
  intOrString,
  map,
  number,
  object,
  oneOfTexts,
  type SchemaNode,
  string,
} from '#kube/index.ts';

const texts = (schema: SchemaNode, value: unknown, path = 'spec.x'): string[] =>
  checkSchema(schema, value, path).map(({ field, message }) => `${field}: ${message}`);

const cases: readonly {
  readonly title: string;
  readonly schema: SchemaNode;
  readonly value: unknown;
  readonly says: readonly string[];
}[] = [
  {
    title: 'a number where a text belongs',
    schema: string('d'),
    value: 5,
    says: ['spec.x: Invalid value: "integer": spec.x in body must be of type string: "integer"'],
  },
  {
    title: 'a text where a number belongs',
    schema: integer('d'),
    value: 'x',
    says: ['spec.x: Invalid value: "string": spec.x in body must be of type integer: "string"'],
  },
  {
    title: 'a fraction where a whole number belongs',
    schema: integer('d'),
    value: 1.5,
    says: ['spec.x: Invalid value: "number": spec.x in body must be of type integer: "number"'],
  },
  { title: 'a whole number for any number', schema: number('d'), value: 1, says: [] },
  {
    title: 'null without nullable',
    schema: boolean('d'),
    value: null,
    says: ['spec.x: Invalid value: "null": spec.x in body must be of type boolean: "null"'],
  },
  { title: 'null with nullable', schema: string('d', { nullable: true }), value: null, says: [] },
  {
    title: 'a text outside the enum',
    schema: oneOfTexts('d', ['auto', 'none']),
    value: 'foo',
    says: ['spec.x: Unsupported value: "foo": supported values: "auto", "none"'],
  },
  {
    title: 'a text that is too long',
    schema: string('d', { maxLength: 2 }),
    value: 'abc',
    says: ['spec.x: Too long: may not be more than 2 bytes'],
  },
  {
    title: 'a text that is too short',
    schema: string('d', { minLength: 2 }),
    value: 'a',
    says: ['spec.x: Invalid value: "a": spec.x in body should be at least 2 chars long'],
  },
  {
    title: 'a text that does not match',
    schema: string('d', { pattern: '^a+$' }),
    value: 'b',
    says: ['spec.x: Invalid value: "b": spec.x in body should match \'^a+$\''],
  },
  {
    title: 'a number above the maximum',
    schema: integer('d', { maximum: 10 }),
    value: 11,
    says: ['spec.x: Invalid value: 11: spec.x in body should be less than or equal to 10'],
  },
  {
    title: 'a number at the exclusive maximum',
    schema: integer('d', { maximum: 10, exclusiveMaximum: true }),
    value: 10,
    says: ['spec.x: Invalid value: 10: spec.x in body should be less than 10'],
  },
  {
    title: 'a number below the minimum',
    schema: integer('d', { minimum: 1 }),
    value: 0,
    says: ['spec.x: Invalid value: 0: spec.x in body should be greater than or equal to 1'],
  },
  {
    title: 'a number at the exclusive minimum',
    schema: integer('d', { minimum: 1, exclusiveMinimum: true }),
    value: 1,
    says: ['spec.x: Invalid value: 1: spec.x in body should be greater than 1'],
  },
  {
    title: 'a number that is no multiple',
    schema: integer('d', { multipleOf: 3 }),
    value: 4,
    says: ['spec.x: Invalid value: 4: spec.x in body should be a multiple of 3'],
  },
  {
    title: 'a list that is too long',
    schema: array('d', string('e'), { maxItems: 1 }),
    value: ['a', 'b'],
    says: ['spec.x: Too many: 2: must have at most 1 item'],
  },
  {
    title: 'a list that is too short',
    schema: array('d', string('e'), { minItems: 1 }),
    value: [],
    says: ['spec.x: Invalid value: 0: spec.x in body should have at least 1 items'],
  },
  {
    title: 'a bad item of a list',
    schema: array('d', string('e')),
    value: ['a', true],
    says: [
      'spec.x[1]: Invalid value: "boolean": spec.x[1] in body must be of type string: "boolean"',
    ],
  },
  {
    title: 'a bad value of a map',
    schema: map('d', string('e')),
    value: { k: [] },
    says: ['spec.x.k: Invalid value: "array": spec.x.k in body must be of type string: "array"'],
  },
  {
    title: 'a map with too many entries',
    schema: map('d', string('e'), { maxProperties: 1 }),
    value: { a: '', b: '' },
    says: ['spec.x: Too many: 2: must have at most 1 items'.replace('items', 'item')],
  },
  {
    title: 'a missing field',
    schema: object('d', { required: { a: string('e') } }),
    value: {},
    says: ['spec.x.a: Required value'],
  },
  {
    title: 'a text that is no duration',
    schema: string('d', { format: 'duration' }),
    value: 'soon',
    says: ['spec.x: Invalid value: "soon": spec.x in body must be of type duration: "soon"'],
  },
  {
    title: 'a duration in days',
    schema: string('d', { format: 'duration' }),
    value: '1d',
    says: [],
  },
  {
    title: 'a number where a duration belongs',
    schema: string('d', { format: 'duration' }),
    value: 25,
    says: ['spec.x: Invalid value: "int64": spec.x in body must be of type duration: "int64"'],
  },
  {
    title: 'a text that is no time',
    schema: dateTime('d'),
    value: '2026-13-01T00:00:00Z',
    says: [
      'spec.x: Invalid value: "2026-13-01T00:00:00Z": spec.x in body must be of type date-time: "2026-13-01T00:00:00Z"',
    ],
  },
  { title: 'a number for a port by name', schema: intOrString('d'), value: 80, says: [] },
  { title: 'a name for a port by name', schema: intOrString('d'), value: 'http', says: [] },
  {
    title: 'a list for a port by name',
    schema: intOrString('d'),
    value: [],
    says: [
      'spec.x: Invalid value: "array": spec.x in body must be of type integer,string: "array"',
    ],
  },
  {
    title: 'a number outside int32',
    schema: integer('d', { format: 'int32' }),
    value: 2_147_483_648,
    says: [
      'spec.x: Invalid value: 2147483648: Checked value must be of type integer with format int32 in spec.x',
    ],
  },
];

for (const { title, schema, value, says } of cases) {
  test(`schema check on ${title}: ${says.length === 0 ? 'accepted' : 'refused'}`, () => {
    assert.deepEqual(texts(schema, value), says);
  });
}

const eitherOr = object(
  'd',
  { optional: { host: string('h'), selector: string('s') } },
  { oneOf: [{ required: ['selector'] }, { required: ['host'] }] },
);

test('oneOf without a match tells the first alternative too', () => {
  assert.deepEqual(texts(eitherOr, {}, 'spec'), [
    '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
    'spec.selector: Required value',
  ]);
});

test('oneOf with two matches counts them', () => {
  assert.deepEqual(texts(eitherOr, { host: '', selector: '' }, 'spec'), [
    '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
  ]);
});

test('anyOf, allOf and not are told in words', () => {
  const a: SchemaNode = { required: ['a'] };
  const b: SchemaNode = { required: ['b'] };
  assert.deepEqual(texts({ anyOf: [a, b] }, {}, 's'), [
    '<nil>: Invalid value: "": "s" must validate at least one schema (anyOf)',
    's.a: Required value',
  ]);
  assert.deepEqual(texts({ anyOf: [a, b] }, { b: 1 }, 's'), []);
  assert.deepEqual(texts({ allOf: [a, b] }, { b: 1 }, 's'), [
    's.a: Required value',
    '<nil>: Invalid value: "": "s" must validate all the schemas (allOf)',
  ]);
  assert.deepEqual(texts({ not: a }, { a: 1 }, 's'), [
    '<nil>: Invalid value: "": "s" must not validate the schema (not)',
  ]);
});

test('findings come in the order of field names, missing fields last', () => {
  const schema = object('d', {
    required: { a: string('a'), c: string('c') },
    optional: { b: string('b') },
  });
  const found = checkSchema(schema, { c: 1, b: 2 }, 'spec');
  assert.deepEqual(
    found.map(({ field }) => field),
    ['spec.b', 'spec.c', 'spec.a'],
  );
});

test('fields named like parts of Object.prototype are not looked up there', () => {
  const schema = object('d', { optional: { a: string('a') } });
  assert.deepEqual(checkSchema(schema, { constructor: 1, toString: 2 }), []);
  const wanted: SchemaNode = { type: 'object', required: ['toString'] };
  assert.deepEqual(texts(wanted, {}, ''), ['toString: Required value']);
});

test('a set tells each duplicate once, at its second place', () => {
  const schema = array('d', string('e'), { 'x-kubernetes-list-type': 'set' });
  const found = checkListTypes(schema, ['a', 'b', 'a', 'a'], 'spec.keys');
  assert.deepEqual(found, [
    { reason: 'FieldValueDuplicate', field: 'spec.keys[2]', message: 'Duplicate value: "a"' },
  ]);
});

test('a list map tells duplicates by its keys only', () => {
  const schema = object('d', {
    optional: {
      ports: array('p', map('m', string('s')), {
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
      }),
    },
  });
  const found = checkListTypes(schema, {
    ports: [
      { name: 'a', x: '1' },
      { name: 'a', x: '2' },
    ],
  });
  assert.deepEqual(found, [
    { reason: 'FieldValueDuplicate', field: 'ports[1]', message: 'Duplicate value: {"name":"a"}' },
  ]);
  assert.equal(checkListTypes(schema, { ports: ['x'] })[0]?.field, 'ports[0]');
});

test('no JSON value makes the checks fail other than by findings', () => {
  const schema = object('d', {
    required: { a: string('a', { format: 'duration' }), b: array('b', integer('i')) },
    optional: { c: map('c', intOrString('v')), d: eitherOr },
  });
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.ok(Array.isArray(checkSchema(schema, value)));
      assert.ok(Array.isArray(checkListTypes(schema, value)));
    }),
  );
});
