import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  Admission,
  annotationBytesMax,
  boolean,
  checkChangedMetadata,
  checkNewMetadata,
  customDefinition,
  customSchema,
  type FieldError,
  integer,
  isRecord,
  type KubeObject,
  object,
  type ObjectMeta,
  string,
  withDefault,
} from '#kube/index.ts';

const widget = customDefinition({
  group: 'acc.test',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  description: 'A widget.',
  schema: customSchema(
    'A widget.',
    object(
      'Spec.',
      {
        required: { name: string('Name.') },
        optional: { size: withDefault(integer('Size.'), 3), on: boolean('On.') },
      },
      { rules: [{ rule: 'self.size < 10', message: 'size must be below 10' }] },
    ),
    object(
      'Status.',
      { optional: { count: integer('Count.') } },
      {
        rules: [
          {
            rule: '!has(oldSelf.count) || self.count >= oldSelf.count',
            message: 'count went back',
          },
        ],
      },
    ),
  ),
  columns: [],
});

const admission = new Admission(widget);

const widgetWith = (extra: object): KubeObject => ({
  apiVersion: 'acc.test/v1',
  kind: 'Widget',
  metadata: { name: 'w', namespace: 'ns' },
  ...extra,
});

const lines = (errors: readonly FieldError[]): string[] =>
  errors.map(({ field, message }) => `${field}: ${message}`);

test('a body is cut, defaulted and found good', () => {
  const body = { ...widgetWith({ spec: { name: 'a', zzz: 1 } }), extra: null };
  assert.deepEqual(admission.normalize(body), ['spec.zzz', 'extra']);
  assert.deepEqual(body, widgetWith({ spec: { name: 'a', size: 3 } }));
  assert.deepEqual(admission.check(body), []);
});

test('rules are checked when the shape is sound, and announced as skipped when not', () => {
  assert.deepEqual(lines(admission.check(widgetWith({ spec: { name: 'a', size: 10 } }))), [
    'spec: Invalid value: "object": size must be below 10',
  ]);
  assert.deepEqual(lines(admission.check(widgetWith({ spec: { size: 'x' } }))), [
    'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
    'spec.name: Required value',
    '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  ]);
});

test('the wrong kind or version is the only thing told', () => {
  const wrong = { ...widgetWith({ spec: 5 }), kind: 'Gadget', apiVersion: 'v1' };
  assert.deepEqual(lines(admission.check(wrong)), [
    'kind: Invalid value: "Gadget": must be Widget',
    'apiVersion: Invalid value: "v1": must be acc.test/v1',
  ]);
});

test('a write to the status looks at the status only', () => {
  const old = widgetWith({ spec: { size: 99 }, status: { count: 2 } });
  assert.deepEqual(
    admission.checkStatus(widgetWith({ spec: { size: 99 }, status: { count: 3 } }), old),
    [],
  );
  assert.deepEqual(lines(admission.checkStatus(widgetWith({ status: { count: 1 } }), old)), [
    'status: Invalid value: "object": count went back',
  ]);
  assert.deepEqual(
    lines(admission.checkStatus(widgetWith({ status: { count: 'x' } }), old)).slice(0, 1),
    [
      'status.count: Invalid value: "string": status.count in body must be of type integer: "string"',
    ],
  );
});

test('no JSON object makes admission fail other than by findings', () => {
  const body = fc.record(
    {
      apiVersion: fc.constant('acc.test/v1'),
      kind: fc.constant('Widget'),
      metadata: fc.jsonValue(),
      spec: fc.jsonValue(),
      status: fc.jsonValue(),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(body, (value) => {
      const decoded: unknown = JSON.parse(JSON.stringify(value));
      if (!isRecord(decoded)) return;
      admission.normalize(decoded);
      const errors = admission.check(decoded as unknown as KubeObject);
      assert.ok(Array.isArray(errors));
    }),
  );
});

const meta = (extra: Partial<ObjectMeta>): ObjectMeta => ({ name: 'a', namespace: 'ns', ...extra });
const newMeta = (extra: Partial<ObjectMeta>): string[] =>
  lines(checkNewMetadata(meta(extra), 'Namespaced'));

test('metadata of a new object', () => {
  assert.deepEqual(newMeta({}), []);
  assert.deepEqual(newMeta({ name: '' }), [
    'metadata.name: Required value: name or generateName is required',
  ]);
  assert.match(newMeta({ name: 'A' })[0] ?? '', /^metadata.name: Invalid value: "A": a lowercase/u);
  assert.deepEqual(newMeta({ namespace: '' }), ['metadata.namespace: Required value']);
  assert.deepEqual(lines(checkNewMetadata(meta({}), 'Cluster')), [
    'metadata.namespace: Forbidden: not allowed on this type',
  ]);
  assert.match(
    newMeta({ labels: { 'a b': 'c' } })[0] ?? '',
    /^metadata.labels: Invalid value: "a b"/u,
  );
  assert.match(
    newMeta({ labels: { a: 'c d' } })[0] ?? '',
    /^metadata.labels: Invalid value: "c d"/u,
  );
  assert.match(newMeta({ finalizers: ['a b'] })[0] ?? '', /^metadata.finalizers: Invalid value/u);
  assert.deepEqual(newMeta({ generateName: 'web-', name: 'web-x' }), []);
});

test('annotations are bounded in sum', () => {
  assert.deepEqual(newMeta({ annotations: { a: 'x'.repeat(annotationBytesMax) } }), [
    `metadata.annotations: Too long: may not be more than ${annotationBytesMax} bytes`,
  ]);
});

test('owners must be complete, and only one of them manages', () => {
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u', controller: true };
  assert.deepEqual(newMeta({ ownerReferences: [owner] }), []);
  assert.deepEqual(newMeta({ ownerReferences: [{ ...owner, uid: '', name: '' }] }), [
    'metadata.ownerReferences[0].name: Required value: must not be empty',
    'metadata.ownerReferences[0].uid: Required value: must not be empty',
  ]);
  assert.match(
    newMeta({ ownerReferences: [owner, { ...owner, name: 'p' }] })[0] ?? '',
    /Only one reference can have Controller set to true. Found "true" in references for ConfigMap\/o and ConfigMap\/p$/u,
  );
});

test('metadata that may not change', () => {
  const old = meta({ uid: '1', creationTimestamp: 't' });
  assert.deepEqual(
    checkChangedMetadata(meta({ uid: '1', creationTimestamp: 't', labels: {} }), old),
    [],
  );
  assert.deepEqual(lines(checkChangedMetadata(meta({ uid: '2', creationTimestamp: 't' }), old)), [
    'metadata.uid: Invalid value: "2": field is immutable',
  ]);
});

test('no finalizer may be added once deletion was asked for', () => {
  const old = meta({ deletionTimestamp: 't', finalizers: ['x/y'] });
  assert.deepEqual(checkChangedMetadata(meta({ deletionTimestamp: 't', finalizers: [] }), old), []);
  assert.deepEqual(
    lines(checkChangedMetadata(meta({ deletionTimestamp: 't', finalizers: ['x/y', 'a/b'] }), old)),
    [
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/b"}',
    ],
  );
});
