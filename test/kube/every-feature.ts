/** A made-up kind that uses every word of a structural schema, for comparison with recorded answers. */
import {
  anything,
  array,
  customDefinition,
  customSchema,
  integer,
  intOrString,
  map,
  number,
  object,
  type Schema,
  type SchemaNode,
  string,
  withDefault,
} from '#kube/index.ts';

const untyped = (node: SchemaNode): Schema<unknown> => node;

const spec = object('Spec.', {
  required: { a: string('a', { maxLength: 3, minLength: 1, pattern: '^[a-z]*$' }) },
  optional: {
    i: integer('i', { minimum: 1, maximum: 80, multipleOf: 2 }),
    x: integer('x', { minimum: 1, exclusiveMinimum: true, maximum: 80, exclusiveMaximum: true }),
    num: number('num', { minimum: 2 }),
    f32: integer('f', { format: 'int32' }),
    ios: intOrString('p'),
    nul: string('n', { nullable: true }),
    def: withDefault(integer('d'), 7),
    defo: withDefault(object('o', { optional: { q: withDefault(string('q'), 'z') } }), {}),
    set: array('s', string('e'), { 'x-kubernetes-list-type': 'set', maxItems: 2, minItems: 1 }),
    mp: array('m', object('o', { required: { k: string('k'), l: integer('l') } }), {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k', 'l'],
    }),
    mp1: array('m', object('o', { optional: { k: string('k'), v: string('v') } }), {
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
    }),
    mm: map('m', integer('i', { minimum: 1 }), { minProperties: 1, maxProperties: 2 }),
    free: anything('f'),
    u: array('u', integer('i')),
    any: untyped({
      type: 'object',
      description: 'x',
      properties: { p: { type: 'string' }, q: { type: 'string' } },
      anyOf: [{ required: ['p'] }, { required: ['q'] }],
      not: { required: ['p', 'q'] },
    }),
    all: untyped({
      type: 'object',
      description: 'x',
      properties: { p: { type: 'string' }, q: { type: 'integer' } },
      allOf: [{ properties: { p: { minLength: 2 } } }, { required: ['q'] }],
    }),
    byt: string('b', { format: 'byte' }),
    uu: string('b', { format: 'uuid' }),
    ip: string('b', { format: 'ipv4' }),
    da: string('d', { format: 'date' }),
    en: untyped({ type: 'integer', description: 'e', enum: [1, 2, 80] }),
    cel: object(
      'c',
      {
        optional: {
          lo: integer('l'),
          hi: integer('h'),
          t: array('t', string('s')),
          nn: number('n'),
        },
      },
      {
        rules: [
          {
            rule: '!has(self.lo) || !has(self.hi) || self.lo <= self.hi',
            message: 'lo above hi',
          },
          {
            rule: '!has(self.t) || self.t.all(x, x != "")',
            messageExpression: "'empty text among ' + string(size(self.t))",
            fieldPath: '.t',
            reason: 'FieldValueForbidden',
          },
          { rule: '!has(self.nn) || self.nn < 1.2' },
          {
            rule: '!has(oldSelf.lo) || (has(self.lo) && self.lo >= oldSelf.lo)',
            message: 'lo shrank',
          },
        ],
      },
    ),
  },
});

/** Definition of the kind. */
export const everyFeature = customDefinition({
  group: 'acc.test',
  version: 'v1',
  kind: 'EveryFeature',
  plural: 'everyfeatures',
  description: 'Uses every word of a schema.',
  columns: [],
  schema: customSchema('d', spec, object('t', { optional: { c: integer('c') } })),
});
