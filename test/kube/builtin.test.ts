import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  Admission,
  builtinDefinitions,
  configMap,
  event,
  isRecord,
  type KubeObject,
  lease,
  namespace,
  type ResourceDefinition,
  secret,
  service,
  serviceAccount,
  StatusError,
  TableRenderer,
} from '#kube/index.ts';

const base = (
  definition: ResourceDefinition,
  extra: object,
): KubeObject & Record<string, unknown> => ({
  apiVersion: definition.group === '' ? 'v1' : `${definition.group}/v1`,
  kind: definition.kind,
  metadata: {
    name: 'x',
    ...(definition.scope === 'Namespaced' ? { namespace: 'default' } : {}),
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  ...extra,
});

/** Runs an object through the whole pipeline. */
function admit(definition: ResourceDefinition, extra: object, before?: object) {
  const admission = new Admission(definition);
  const old = before === undefined ? undefined : base(definition, before);
  if (old !== undefined) admission.prepare(old);
  const stored = base(definition, extra);
  const cut = admission.normalize(stored);
  admission.prepare(stored, old);
  const faults = admission.check(stored, old).map(({ field, message }) => `${field}: ${message}`);
  return { object: stored, cut, faults };
}

test('a Secret turns plain texts into data and is Opaque unless told otherwise', () => {
  const { object, faults } = admit(secret, {
    data: { a: 'YQ==\n', b: 'old!' },
    stringData: { b: 'b' },
  });
  assert.deepEqual(faults, []);
  assert.equal(object['type'], 'Opaque');
  assert.deepEqual(object['data'], { a: 'YQ==', b: 'Yg==' });
  assert.equal(object['stringData'], undefined);
});

test('what is wrong with a Secret is told without its values', () => {
  const { faults } = admit(secret, { data: { a: 'hunter2!', 'b c': 'YQ==' } });
  assert.equal(faults.length, 2);
  assert.match(faults.join('\n'), /data\[a\]: Invalid value: "<omitted>": must be base64/u);
  assert.match(faults.join('\n'), /data\[b c\]/u);
  assert.doesNotMatch(faults.join('\n'), /hunter2/u);
  const typed = admit(secret, { data: { a: { hunter2: 1 } } });
  assert.doesNotMatch(typed.faults.join('\n'), /hunter2/u);
});

const secretTypes: readonly [string, object, readonly string[]][] = [
  ['kubernetes.io/tls', {}, ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
  ['kubernetes.io/tls', { 'tls.crt': '', 'tls.key': '' }, []],
  ['kubernetes.io/basic-auth', { password: '' }, []],
  [
    'kubernetes.io/basic-auth',
    {},
    ['data[username]: Required value', 'data[password]: Required value'],
  ],
  ['kubernetes.io/dockerconfigjson', {}, ['data[.dockerconfigjson]: Required value']],
  ['constructor', {}, []],
];

for (const [type, data, expected] of secretTypes) {
  test(`a Secret of type ${type} with ${Object.keys(data).length} keys has ${expected.length} faults`, () => {
    assert.deepEqual(admit(secret, { type, data }).faults, expected);
  });
}

test('type and frozen data of a Secret cannot change', () => {
  assert.deepEqual(admit(secret, { type: 'b' }, { type: 'a' }).faults, [
    'type: Invalid value: "b": field is immutable',
  ]);
  const frozen = { immutable: true, data: { a: 'YQ==' } };
  assert.deepEqual(admit(secret, { immutable: true, data: { a: 'Yg==' } }, frozen).faults, [
    'data: Forbidden: field is immutable when `immutable` is set',
  ]);
  assert.deepEqual(admit(secret, { data: { a: 'YQ==' } }, frozen).faults, [
    'immutable: Forbidden: field is immutable when `immutable` is set',
  ]);
});

test('a Secret above a mebibyte is refused', () => {
  const data = { a: Buffer.alloc(1024 * 1024 + 1).toString('base64') };
  assert.deepEqual(admit(secret, { data }).faults, [
    'data: Too long: may not be more than 1048576 bytes',
  ]);
});

test('a ConfigMap has each key once', () => {
  const { faults } = admit(configMap, { data: { a: '1' }, binaryData: { a: 'YQ==' } });
  assert.deepEqual(faults, ['data[a]: Invalid value: "a": duplicate of key present in binaryData']);
});

test('a Namespace begins Active, with finalizer and name label', () => {
  const { object, faults } = admit(namespace, {});
  assert.deepEqual(faults, []);
  assert.deepEqual(object['spec'], { finalizers: ['kubernetes'] });
  assert.deepEqual(object['status'], { phase: 'Active' });
  assert.deepEqual(object.metadata.labels, { 'kubernetes.io/metadata.name': 'x' });
});

test('a Service gets the defaults that clients rely on', () => {
  const { object, faults } = admit(service, {
    spec: { clusterIP: '127.0.0.9', ports: [{ port: 80 }] },
  });
  assert.deepEqual(faults, []);
  assert.deepEqual(object['spec'], {
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    clusterIP: '127.0.0.9',
    clusterIPs: ['127.0.0.9'],
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
  });
});

test('an update of a Service that does not mention the address keeps it', () => {
  const before = { spec: { clusterIP: '127.0.0.9', ports: [{ port: 80 }] } };
  const kept = admit(service, { spec: { ports: [{ port: 81 }] } }, before);
  assert.deepEqual(kept.faults, []);
  assert.equal((kept.object['spec'] as { clusterIP?: string }).clusterIP, '127.0.0.9');
  const moved = admit(service, { spec: { clusterIP: '127.0.0.8', ports: [{ port: 81 }] } }, before);
  assert.deepEqual(moved.faults, [
    'spec.clusterIPs[0]: Invalid value: ["127.0.0.8"]: may not change once set',
  ]);
});

const services: readonly [string, object, readonly string[]][] = [
  ['no ports', {}, ['spec.ports: Required value']],
  ['no ports but headless', { clusterIP: 'None' }, []],
  [
    'a bad port',
    { ports: [{ port: 70_000, targetPort: 1 }] },
    ['spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive'],
  ],
  [
    'two ports without names',
    { ports: [{ port: 1 }, { port: 2 }] },
    ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value'],
  ],
  [
    'two ports of one name',
    {
      ports: [
        { port: 1, name: 'a' },
        { port: 2, name: 'a' },
      ],
    },
    ['spec.ports[1].name: Duplicate value: "a"'],
  ],
  [
    'a bad protocol',
    { ports: [{ port: 1, protocol: 'HTTP' }] },
    ['spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'],
  ],
  [
    'a bad type',
    { type: 'Cloud', ports: [{ port: 1 }] },
    [
      'spec.type: Unsupported value: "Cloud": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
  ],
  [
    'a bad address',
    { clusterIP: 'here', ports: [{ port: 1 }] },
    [
      'spec.clusterIPs[0]: Invalid value: "here": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
  ],
  ['an IPv6 address', { clusterIP: '::1', ports: [{ port: 1 }] }, []],
  ['an external name', { type: 'ExternalName', externalName: 'a.example' }, []],
  ['no external name', { type: 'ExternalName' }, ['spec.externalName: Required value']],
];

for (const [title, spec, expected] of services) {
  test(`a Service with ${title}`, () =>
    assert.deepEqual(admit(service, { spec }).faults, expected));
}

test('a Service needs a name that DNS takes', () => {
  const { faults } = admit(service, {
    metadata: { name: '1a', namespace: 'd' },
    spec: { clusterIP: 'None' },
  });
  assert.match(faults[0] ?? '', /^metadata.name: Invalid value: "1a": a DNS-1035 label must/u);
});

test('a Lease keeps microseconds and refuses durations that make no sense', () => {
  const { object, faults } = admit(lease, {
    spec: { renewTime: '2026-01-01T00:00:00.12Z', leaseDurationSeconds: 0, leaseTransitions: -1 },
  });
  assert.equal((object['spec'] as { renewTime: string }).renewTime, '2026-01-01T00:00:00.120000Z');
  assert.deepEqual(faults, [
    'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
    'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
  ]);
});

test('an Event belongs to the namespace of its object', () => {
  const there = { involvedObject: { kind: 'Site', name: 's', namespace: 'default' } };
  assert.deepEqual(admit(event, { ...there, eventTime: null }).faults, []);
  assert.deepEqual(admit(event, { involvedObject: { namespace: 'other' } }).faults, [
    'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
  ]);
});

const now = Date.parse('2026-01-01T00:05:00Z');

const rows: readonly [ResourceDefinition, object, readonly string[], readonly unknown[]][] = [
  [namespace, { status: { phase: 'Active' } }, ['Name', 'Status', 'Age'], ['x', 'Active', '5m']],
  [
    secret,
    { type: 'Opaque', data: { a: '' } },
    ['Name', 'Type', 'Data', 'Age'],
    ['x', 'Opaque', 1, '5m'],
  ],
  [configMap, { data: { a: '' }, binaryData: { b: '' } }, ['Name', 'Data', 'Age'], ['x', 2, '5m']],
  [serviceAccount, {}, ['Name', 'Secrets', 'Age'], ['x', '0', '5m']],
  [lease, { spec: { holderIdentity: 'me' } }, ['Name', 'Holder', 'Age'], ['x', 'me', '5m']],
  [
    service,
    {
      spec: {
        type: 'ClusterIP',
        clusterIP: '127.0.0.9',
        ports: [
          { port: 80, protocol: 'TCP' },
          { port: 81, nodePort: 30_081 },
        ],
        selector: { b: '2', a: '1' },
      },
    },
    ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector*'],
    ['x', 'ClusterIP', '127.0.0.9', '<none>', '80/TCP,81:30081/TCP', '5m', 'a=1,b=2'],
  ],
  [
    event,
    {
      involvedObject: { kind: 'Site', name: 'west' },
      reason: 'R',
      message: ' text ',
      type: 'Normal',
      count: 3,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:04:00Z',
      source: { component: 'c' },
    },
    [
      'Last Seen',
      'Type',
      'Reason',
      'Object',
      'Subobject*',
      'Source*',
      'Message',
      'First Seen*',
      'Count*',
      'Name*',
    ],
    ['60s (x3 over 5m)', 'Normal', 'R', 'site/west', '', 'c', 'text', '5m', '3', 'x'],
  ],
];

for (const [definition, extra, titles, cells] of rows) {
  test(`the table of ${definition.kind} is that of Kubernetes`, () => {
    const renderer = new TableRenderer(definition);
    assert.deepEqual(
      renderer.columnDefinitions.map(({ name, priority }) => name + (priority > 0 ? '*' : '')),
      titles,
    );
    assert.deepEqual(renderer.row(base(definition, extra), now).cells, cells);
  });
}

test('a load balancer without address is pending', () => {
  const cells = (extra: object) =>
    new TableRenderer(service).row(base(service, extra), now).cells[3];
  assert.equal(cells({ spec: { type: 'LoadBalancer' } }), '<pending>');
  const status = { loadBalancer: { ingress: [{ ip: '1.2.3.4' }, { hostname: 'h' }] } };
  assert.equal(cells({ spec: { type: 'LoadBalancer' }, status }), '1.2.3.4,h');
});

test('no JSON value makes a built-in kind fail other than by findings', () => {
  const admissions = builtinDefinitions.map((definition) => new Admission(definition));
  const wild = fc.jsonValue();
  const fields = fc.record(
    {
      data: wild,
      stringData: wild,
      spec: wild,
      status: wild,
      type: wild,
      involvedObject: wild,
      secrets: wild,
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.constantFrom(...admissions), fields, (admission, extra) => {
      const stored: unknown = JSON.parse(JSON.stringify(base(admission.definition, extra)));
      if (!isRecord(stored)) return;
      try {
        admission.normalize(stored);
        const typed = stored as unknown as KubeObject;
        admission.prepare(typed);
        admission.check(typed);
      } catch (error) {
        assert.ok(error instanceof StatusError, String(error));
      }
    }),
  );
});
