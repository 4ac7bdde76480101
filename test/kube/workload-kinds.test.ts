/** Deployments, Pods and endpoints: completed, checked, shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Admission,
  apiVersionOf,
  deployment,
  endpoints,
  endpointSlice,
  type KubeObject,
  pod,
  type ResourceDefinition,
  TableRenderer,
} from '#kube/index.ts';

const objectOf = (definition: ResourceDefinition, extra: object): KubeObject & AnyFields => ({
  apiVersion: apiVersionOf(definition),
  kind: definition.kind,
  metadata: { name: 'x', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
  ...extra,
});

type AnyFields = Record<string, unknown>;

function admit(definition: ResourceDefinition, extra: object, before?: object) {
  const admission = new Admission(definition);
  const complete = (given: object, old?: KubeObject) => {
    const object = objectOf(definition, structuredClone(given));
    const cut = admission.normalize(object);
    admission.prepare(object, old);
    return { object, cut };
  };
  const old = before === undefined ? undefined : complete(before).object;
  const { object, cut } = complete(extra, old);
  const faults = admission.check(object, old).map(({ field, message }) => `${field}: ${message}`);
  return { object, cut, faults };
}

const spec = (container: object = {}, more: object = {}) => ({
  selector: { matchLabels: { app: 'a' } },
  template: {
    metadata: { creationTimestamp: null, labels: { app: 'a' } },
    spec: { containers: [{ name: 'c', image: 'nginx', ...container }] },
  },
  ...more,
});

test('a Deployment is completed as Kubernetes completes it', () => {
  const { object, cut, faults } = admit(deployment, {
    spec: spec({
      ports: [{ containerPort: 80 }],
      resources: { limits: { cpu: 0.5, memory: '1Gi' }, requests: { cpu: 2 } },
      readinessProbe: { httpGet: { port: 'http' } },
    }),
  });
  assert.deepEqual([cut, faults], [[], []]);
  assert.deepEqual(object['spec'], {
    replicas: 1,
    selector: { matchLabels: { app: 'a' } },
    template: {
      metadata: { labels: { app: 'a' } },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'nginx',
            ports: [{ containerPort: 80, protocol: 'TCP' }],
            resources: { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '2' } },
            readinessProbe: {
              httpGet: { port: 'http', path: '/', scheme: 'HTTP' },
              timeoutSeconds: 1,
              periodSeconds: 10,
              successThreshold: 1,
              failureThreshold: 3,
            },
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
            imagePullPolicy: 'Always',
          },
        ],
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        securityContext: {},
        schedulerName: 'default-scheduler',
      },
    },
    strategy: {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' },
    },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
});

const deployments: readonly [string, object, readonly string[]][] = [
  [
    'nothing',
    {},
    ['spec.selector: Required value', 'spec.template.spec.containers: Required value'],
  ],
  [
    'other labels than it selects',
    spec({}, { selector: { matchLabels: { app: 'b' } } }),
    [
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ],
  ],
  [
    'an empty selector',
    spec({}, { selector: {} }),
    ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
  ],
  [
    'fewer than no replicas',
    spec({}, { replicas: -1 }),
    ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    'a container without image',
    spec({ image: '' }),
    ['spec.template.spec.containers[0].image: Required value'],
  ],
  [
    'a bad strategy',
    spec({}, { strategy: { type: 'Hope' } }),
    [
      'spec.strategy.type: Unsupported value: "Hope": supported values: "Recreate", "RollingUpdate"',
    ],
  ],
  [
    'an amount that is none',
    spec({ resources: { limits: { cpu: 'much' } } }),
    [
      'spec.template.spec.containers[0].resources.limits[cpu]: Invalid value: "much": quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
    ],
  ],
];

for (const [title, given, expected] of deployments) {
  test(`a Deployment with ${title}`, () =>
    assert.deepEqual(admit(deployment, { spec: given }).faults, expected));
}

test('the selector of a Deployment cannot change', () => {
  const next = spec({}, { selector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } });
  assert.deepEqual(admit(deployment, { spec: next }, { spec: spec() }).faults, [
    'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable',
  ]);
});

test('unknown fields deep in a template are found', () => {
  assert.deepEqual(admit(deployment, { spec: spec({ imagee: 'x' }) }).cut, [
    'spec.template.spec.containers[0].imagee',
  ]);
});

const now = Date.parse('2026-01-01T00:05:00Z');

function rowOf(definition: ResourceDefinition, extra: object): readonly unknown[] {
  return new TableRenderer(definition).row(objectOf(definition, extra), now).cells;
}

const titlesOf = (definition: ResourceDefinition): string[] =>
  new TableRenderer(definition).columnDefinitions.map(
    ({ name, priority }) => name + (priority > 0 ? '*' : ''),
  );

test('the table of Deployments is that of Kubernetes', () => {
  assert.deepEqual(titlesOf(deployment), [
    'Name',
    'Ready',
    'Up-to-date',
    'Available',
    'Age',
    'Containers*',
    'Images*',
    'Selector*',
  ]);
  const status = { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 };
  const given = { spec: spec({}, { replicas: 3 }), status };
  assert.deepEqual(rowOf(deployment, given), ['x', '1/3', '2', '1', '5m', 'c', 'nginx', 'app=a']);
});

const running = { ready: true, restartCount: 2, state: { running: {} } };
const waiting = { state: { waiting: { reason: 'CrashLoopBackOff' } }, restartCount: 5 };
const done = { state: { terminated: { reason: 'Completed', exitCode: 0 } } };
const failed = { state: { terminated: { exitCode: 3 } } };
const ready = [{ type: 'Ready', status: 'True' }];

const pods: readonly [string, object, readonly [string, string, string]][] = [
  ['that runs', { containerStatuses: [running] }, ['1/2', 'Running', '2']],
  ['that crashes', { containerStatuses: [running, waiting] }, ['1/2', 'CrashLoopBackOff', '7']],
  ['that failed', { containerStatuses: [failed] }, ['0/2', 'ExitCode:3', '0']],
  [
    'with one container done',
    { containerStatuses: [running, done], conditions: ready },
    ['1/2', 'Running', '2'],
  ],
  [
    'that is being prepared',
    { initContainerStatuses: [{ state: { running: {} } }] },
    ['0/2', 'Init:0/1', '0'],
  ],
  ['that was evicted', { phase: 'Failed', reason: 'Evicted' }, ['0/2', 'Evicted', '0']],
];

for (const [title, status, expected] of pods) {
  test(`the row of a Pod ${title}`, () => {
    const given = {
      spec: { containers: [{ name: 'a' }, { name: 'b' }], nodeName: 'n1' },
      status: { phase: 'Running', podIP: '10.0.0.1', ...status },
    };
    const [name, readyText, state, restarts, age, ...more] = rowOf(pod, given);
    assert.deepEqual([readyText, state, restarts], expected);
    assert.deepEqual([name, age, ...more], ['x', '5m', '10.0.0.1', 'n1', '<none>', '<none>']);
  });
}

test('endpoints are checked and shown', () => {
  const subsets = [
    { addresses: [{ ip: '10.0.0.1' }, { ip: '::1' }], ports: [{ port: 80 }, { port: 81 }] },
  ];
  assert.deepEqual(admit(endpoints, { subsets }).faults, []);
  assert.deepEqual(rowOf(endpoints, { subsets }), [
    'x',
    '10.0.0.1:80,10.0.0.1:81,[::1]:80 + 1 more...',
    '5m',
  ]);
  assert.deepEqual(rowOf(endpoints, {}), ['x', '<none>', '5m']);
  const wrong = [{ addresses: [{ ip: 'here' }], ports: [{ port: 0 }] }, {}];
  assert.deepEqual(admit(endpoints, { subsets: wrong }).faults, [
    'subsets[0].addresses[0].ip: Invalid value: "here": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    'subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    'subsets[1]: Required value: must specify `addresses` or `notReadyAddresses`',
  ]);
});

test('endpoint slices are checked and shown', () => {
  const slice = { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{}] };
  assert.deepEqual(admit(endpointSlice, slice).faults, []);
  assert.deepEqual(rowOf(endpointSlice, slice), ['x', 'IPv4', '*', '10.0.0.1', '5m']);
  assert.deepEqual(admit(endpointSlice, { ...slice, addressType: 'IPv6' }, slice).faults, [
    'addressType: Invalid value: "IPv6": field is immutable',
    'endpoints[0].addresses[0]: Invalid value: "10.0.0.1": must be an IPv6 address',
  ]);
  assert.deepEqual(admit(endpointSlice, {}).faults, ['addressType: Required value']);
});
