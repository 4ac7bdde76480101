import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  annotationOf,
  apiVersionOf,
  builtinDefinitions,
  checkJson,
  cloneJson,
  collectionPath,
  configMap,
  controllerOf,
  DefinitionError,
  encodeSecretData,
  equalJson,
  gvkOf,
  gvrOf,
  isOwnedBy,
  isTerminating,
  keyOf,
  keyText,
  type KubeObject,
  labelOf,
  lease,
  namespace,
  objectPath,
  ownerReferenceTo,
  parseApiVersion,
  qualifiedKind,
  qualifiedResource,
  Registry,
  sameObject,
  type Secret,
  SecretDataError,
  secretBytes,
  secretText,
  StatusError,
  valueAt,
  withAnnotations,
} from '#kube/index.ts';

const thing = (metadata: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'ns', ...metadata },
});

test('kinds and resources are named as error texts and paths name them', () => {
  assert.equal(apiVersionOf(lease), 'coordination.k8s.io/v1');
  assert.deepEqual(parseApiVersion('coordination.k8s.io/v1'), {
    group: 'coordination.k8s.io',
    version: 'v1',
  });
  assert.deepEqual(parseApiVersion('v1'), { group: '', version: 'v1' });
  assert.equal(qualifiedResource(lease), 'leases.coordination.k8s.io');
  assert.equal(qualifiedKind(configMap), 'ConfigMap');
  assert.deepEqual(gvkOf(configMap), { group: '', version: 'v1', kind: 'ConfigMap' });
  assert.deepEqual(gvrOf(lease), {
    group: 'coordination.k8s.io',
    version: 'v1',
    resource: 'leases',
  });
  assert.equal(collectionPath(configMap), '/api/v1/configmaps');
  assert.equal(collectionPath(lease, 'ns'), '/apis/coordination.k8s.io/v1/namespaces/ns/leases');
  assert.equal(objectPath(namespace, { namespace: '', name: 'x y' }), '/api/v1/namespaces/x%20y');
  assert.equal(keyText(keyOf(thing())), 'ns/a');
  assert.equal(keyText({ namespace: '', name: 'a' }), 'a');
});

test('a registry finds kinds by both names and refuses two of one name', () => {
  const registry = new Registry(builtinDefinitions);
  assert.equal(registry.byKind('v1', 'ConfigMap'), configMap);
  assert.equal(registry.byResource('coordination.k8s.io', 'v1', 'leases'), lease);
  assert.equal(registry.byKind('v1', 'Lease'), undefined);
  assert.deepEqual(registry.groups(), [
    { group: '', versions: ['v1'] },
    { group: 'discovery.k8s.io', versions: ['v1'] },
    { group: 'apps', versions: ['v1'] },
    { group: 'coordination.k8s.io', versions: ['v1'] },
    { group: 'rbac.authorization.k8s.io', versions: ['v1'] },
    { group: 'apiextensions.k8s.io', versions: ['v1'] },
  ]);
  assert.deepEqual(registry.inGroupVersion('coordination.k8s.io', 'v1'), [lease]);
  assert.throws(() => new Registry([configMap, configMap]), DefinitionError);
});

test('owners are named by uid', () => {
  const owner = thing({ name: 'o', uid: 'u1' });
  const child = thing({ ownerReferences: [ownerReferenceTo(owner)] });
  assert.deepEqual(controllerOf(child), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: 'o',
    uid: 'u1',
    controller: true,
  });
  assert.equal(isOwnedBy(child, owner), true);
  assert.equal(isOwnedBy(child, thing({ name: 'o', uid: 'u2' })), false);
  assert.equal(isOwnedBy(child, thing({ name: 'o' })), false);
  assert.equal(
    controllerOf(thing({ ownerReferences: [ownerReferenceTo(owner, false)] })),
    undefined,
  );
});

test('labels and annotations are read and changed without touching the original', () => {
  const one = thing({ labels: { l: '1' }, annotations: { a: '1', b: '2' } });
  assert.equal(labelOf(one, 'l'), '1');
  assert.equal(labelOf(one, 'constructor'), undefined);
  const two = withAnnotations(one, { a: undefined, c: '3' });
  assert.deepEqual(two.metadata.annotations, { b: '2', c: '3' });
  assert.equal(annotationOf(one, 'a'), '1');
  assert.equal(annotationOf(two, 'a'), undefined);
  assert.equal(isTerminating(thing({ deletionTimestamp: 't' })), true);
  assert.equal(isTerminating(one), false);
});

test('Secret data round trips, and bad base64 names the key only', () => {
  const secret: Secret = { ...thing(), data: encodeSecretData({ a: 'grüße' }) };
  assert.equal(secretText(secret, 'a'), 'grüße');
  assert.equal(secretText(secret, 'b'), undefined);
  assert.equal(secretText(secret, 'toString'), undefined);
  assert.throws(
    () => secretBytes({ ...thing(), data: { a: 'hunter2!' } }, 'a'),
    (error) => error instanceof SecretDataError && !error.message.includes('hunter2'),
  );
});

test('a write is the same when only bookkeeping differs', () => {
  const stored = { ...thing({ resourceVersion: '5', labels: {} }), data: { a: '1' } };
  assert.equal(
    sameObject(
      { ...thing({ resourceVersion: '9', managedFields: [{}] }), data: { a: '1' } } as KubeObject,
      stored,
    ),
    true,
  );
  assert.equal(sameObject({ ...thing(), data: { a: '2' } } as KubeObject, stored), false);
  assert.equal(sameObject(thing({ labels: { a: 'b' } }), thing()), false);
});

test('equality ignores the order of fields and absent values, not the order of lists', () => {
  assert.equal(
    equalJson({ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1, d: undefined }),
    true,
  );
  assert.equal(equalJson([1, 2], [2, 1]), false);
  assert.equal(equalJson({ a: 1 }, { a: null }), false);
  assert.equal(equalJson([], {}), false);
  assert.equal(equalJson({ constructor: 1 }, { a: 1 }), false);
});

test('a copy equals its original and shares nothing with it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (raw) => {
      const value: unknown = JSON.parse(JSON.stringify(raw).replaceAll('__proto__', 'proto'));
      const copy = cloneJson(value);
      assert.ok(equalJson(copy, value));
      if (typeof value === 'object' && value !== null) assert.notEqual(copy, value);
    }),
  );
});

test('documents that nest too deep or name the prototype are bad requests', () => {
  const refused = (error: unknown) => error instanceof StatusError && error.httpStatus === 400;
  const deep: unknown = JSON.parse('['.repeat(5000) + ']'.repeat(5000));
  assert.throws(() => checkJson(deep), refused);
  assert.throws(() => checkJson(JSON.parse('{"a":[{"__proto__":{"x":1}}]}')), refused);
  checkJson({ constructor: 1, deep: [[['fine']]] });
});

test('values are read by path, own fields only', () => {
  assert.equal(valueAt({ a: { b: 5 } }, ['a', 'b']), 5);
  assert.equal(valueAt({ a: 1 }, ['a', 'b', 'c']), undefined);
  assert.equal(valueAt({}, ['toString']), undefined);
});
