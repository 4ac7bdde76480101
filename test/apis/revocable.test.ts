import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayToken, issuedLink } from '#apis/index.ts';
import { Admission, apiVersionOf, type KubeObject, type ResourceDefinition } from '#kube/index.ts';

const admissions = new Map<ResourceDefinition, Admission>();

function stored(definition: ResourceDefinition, spec: object): KubeObject {
  const object = {
    apiVersion: apiVersionOf(definition),
    kind: definition.kind,
    metadata: { name: 'a', namespace: 'ns' },
    spec: structuredClone(spec),
  };
  assert.deepEqual(admissionOf(definition).normalize(object), []);
  return object;
}

function admissionOf(definition: ResourceDefinition): Admission {
  const admission = admissions.get(definition) ?? new Admission(definition);
  admissions.set(definition, admission);
  return admission;
}

const faults = (definition: ResourceDefinition, spec: object, before?: object): string[] =>
  admissionOf(definition)
    .check(stored(definition, spec), before === undefined ? undefined : stored(definition, before))
    .map(({ field, message }) => `${field}: ${message}`);

const record = {
  serialNumber: '0a',
  fingerprint: 'ff',
  commonName: 'c',
  issuer: 'skupper-site-ca',
  notAfter: '2031-01-01T00:00:00Z',
};

const samples: readonly [ResourceDefinition, object][] = [
  [gatewayToken, { rules: [{ verbs: ['get'], resources: ['pods'] }], usesAllowed: 2 }],
  [issuedLink, record],
];

for (const [definition, spec] of samples) {
  test(`a ${definition.kind} is accepted as it is, and again without change`, () => {
    assert.deepEqual(faults(definition, spec), []);
    assert.deepEqual(faults(definition, spec, spec), []);
  });

  test(`a ${definition.kind} can be revoked, and that cannot be taken back`, () => {
    const revoked = { ...spec, revoked: true };
    assert.deepEqual(faults(definition, revoked, spec), []);
    assert.deepEqual(faults(definition, revoked, revoked), []);
    const message = ['spec.revoked: Invalid value: "object": revoked cannot be taken back'];
    assert.deepEqual(faults(definition, { ...spec, revoked: false }, revoked), message);
    assert.deepEqual(faults(definition, spec, revoked), message);
  });
}

const changes: readonly [string, ResourceDefinition, object, object][] = [
  ['rules', gatewayToken, { rules: [{ verbs: ['get'] }] }, { rules: [{ verbs: ['*'] }] }],
  ['rules', gatewayToken, { rules: [{ verbs: ['get'] }] }, {}],
  ['urls', gatewayToken, {}, { urls: ['/'] }],
  ['usesAllowed', gatewayToken, { usesAllowed: 1 }, { usesAllowed: 2 }],
  ['viewOnly', gatewayToken, { viewOnly: true }, {}],
  ['approval', gatewayToken, { approval: { required: 2 } }, { approval: { required: 1 } }],
  ['siteId', issuedLink, { ...record, siteId: 'a' }, { ...record, siteId: 'b' }],
  ['serialNumber', issuedLink, record, { ...record, serialNumber: '0b' }],
];

for (const [field, definition, before, after] of changes) {
  test(`${field} of a ${definition.kind} cannot change from ${JSON.stringify(before)}`, () => {
    assert.deepEqual(faults(definition, after, before), [
      `spec.${field}: Invalid value: "object": ${field} cannot change`,
    ]);
  });
}

test('every field of both specs but revoked is frozen', () => {
  for (const [definition] of samples) {
    const spec = definition.schema.properties?.['spec'];
    const frozen = (spec?.['x-kubernetes-validations'] ?? []).map(
      ({ fieldPath }) => fieldPath ?? '',
    );
    assert.deepEqual(
      [...frozen].sort(),
      Object.keys(spec?.properties ?? {})
        .map((name) => `.${name}`)
        .sort(),
    );
  }
});

test('a GatewayToken is narrow unless it says otherwise', () => {
  const { spec } = stored(gatewayToken, {}) as KubeObject & { spec: unknown };
  assert.deepEqual(spec, {
    expirationWindow: '15m',
    usesAllowed: 1,
    countPer: 'redemption',
    bindFirstClient: false,
    requireLogin: false,
    cluster: 'local',
    recording: 'policy',
    viewOnly: false,
    revoked: false,
  });
});
