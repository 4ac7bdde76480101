/** Roles and bindings as they are stored: completed, checked, shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Admission,
  clusterRole,
  clusterRoleBinding,
  type KubeObject,
  type ResourceDefinition,
  role,
  roleBinding,
  TableRenderer,
} from '#kube/index.ts';

const group = 'rbac.authorization.k8s.io';

function objectOf(definition: ResourceDefinition, extra: object) {
  const metadata = {
    name: 'system:x',
    ...(definition.scope === 'Namespaced' ? { namespace: 'default' } : {}),
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  return { apiVersion: `${group}/v1`, kind: definition.kind, metadata, ...extra };
}

/** Runs an object through the whole pipeline. */
function admit(definition: ResourceDefinition, extra: object, before?: object) {
  const admission = new Admission(definition);
  const old = before === undefined ? undefined : objectOf(definition, before);
  if (old) admission.prepare(old);
  const object: KubeObject & Record<string, unknown> = objectOf(definition, extra);
  admission.normalize(object);
  admission.prepare(object, old);
  const faults = admission.check(object, old).map(({ field, message }) => `${field}: ${message}`);
  return { object, faults };
}

const resourceRule = { verbs: ['get'], apiGroups: [''], resources: ['secrets'] };
const pathRule = { verbs: ['get'], nonResourceURLs: ['/metrics'] };

const roles: readonly [string, ResourceDefinition, object, readonly string[]][] = [
  ['a rule on resources', role, { rules: [resourceRule] }, []],
  ['no rules', role, { rules: null }, []],
  ['a rule on paths', clusterRole, { rules: [pathRule] }, []],
  [
    'a rule on paths in a namespace',
    role,
    { rules: [pathRule] },
    [
      'rules[0].nonResourceURLs: Invalid value: ["/metrics"]: namespaced rules cannot apply to non-resource URLs',
    ],
  ],
  [
    'a rule on both',
    clusterRole,
    { rules: [{ ...pathRule, ...resourceRule }] },
    [
      'rules[0].nonResourceURLs: Invalid value: ["/metrics"]: rules cannot apply to both regular resources and non-resource URLs',
    ],
  ],
  [
    'a rule that says nothing',
    role,
    { rules: [{ verbs: [] }] },
    [
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ],
  ],
  [
    'aggregation',
    clusterRole,
    { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } },
    [],
  ],
];

for (const [title, definition, extra, expected] of roles) {
  test(`a ${definition.kind} with ${title}`, () => {
    assert.deepEqual(admit(definition, extra).faults, expected);
  });
}

test('the name of a role may have colons, but nothing that a path cannot hold', () => {
  const named = (name: string) =>
    admit(clusterRole, { metadata: { name }, rules: [resourceRule] }).faults;
  assert.deepEqual(named('system:a:B_c'), []);
  assert.deepEqual(named('a/b'), ['metadata.name: Invalid value: "a/b": may not contain \'/\'']);
  assert.deepEqual(named('..'), ['metadata.name: Invalid value: "..": may not be \'..\'']);
});

test('a binding completes the groups of its role and subjects', () => {
  const { object, faults } = admit(roleBinding, {
    roleRef: { kind: 'Role', name: 'r' },
    subjects: [
      { kind: 'User', name: 'jane' },
      { kind: 'ServiceAccount', name: 'bot', namespace: 'default' },
    ],
  });
  assert.deepEqual(faults, []);
  assert.deepEqual(object['roleRef'], { kind: 'Role', name: 'r', apiGroup: group });
  assert.deepEqual(object['subjects'], [
    { kind: 'User', name: 'jane', apiGroup: group },
    { kind: 'ServiceAccount', name: 'bot', namespace: 'default' },
  ]);
});

const roleRef = { apiGroup: group, kind: 'ClusterRole', name: 'view' };

const bindings: readonly [string, ResourceDefinition, object, readonly string[]][] = [
  [
    'no role',
    roleBinding,
    {},
    [
      `roleRef.apiGroup: Unsupported value: "": supported values: "${group}"`,
      'roleRef.kind: Unsupported value: "": supported values: "Role", "ClusterRole"',
      'roleRef.name: Required value',
    ],
  ],
  [
    'a Role for the whole cluster',
    clusterRoleBinding,
    { roleRef: { ...roleRef, kind: 'Role' } },
    ['roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
  ],
  [
    'a service account of no namespace',
    clusterRoleBinding,
    { roleRef, subjects: [{ kind: 'ServiceAccount', name: 'bot' }] },
    ['subjects[0].namespace: Required value'],
  ],
  [
    'subjects that cannot be',
    roleBinding,
    {
      roleRef,
      subjects: [
        { kind: 'Robot', name: 'x' },
        { kind: 'User', name: '' },
        { kind: 'ServiceAccount', name: 'x', apiGroup: group },
      ],
    },
    [
      'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
      'subjects[1].name: Required value',
      `subjects[2].apiGroup: Unsupported value: "${group}": supported values: ""`,
    ],
  ],
];

for (const [title, definition, extra, expected] of bindings) {
  test(`a ${definition.kind} with ${title}`, () => {
    assert.deepEqual(admit(definition, extra).faults, expected);
  });
}

test('the role of a binding cannot be exchanged', () => {
  const { faults } = admit(roleBinding, { roleRef: { ...roleRef, name: 'admin' } }, { roleRef });
  assert.deepEqual(faults, [
    `roleRef: Invalid value: {"apiGroup":"${group}","kind":"ClusterRole","name":"admin"}: cannot change roleRef`,
  ]);
});

test('the tables of roles and bindings are those of Kubernetes', () => {
  const shown = (definition: ResourceDefinition, extra: object) => {
    const renderer = new TableRenderer(definition);
    const titles = renderer.columnDefinitions.map(({ name }) => name);
    const now = Date.parse('2026-01-01T00:05:00Z');
    return [titles, renderer.row(objectOf(definition, extra), now).cells];
  };
  assert.deepEqual(shown(role, {}), [
    ['Name', 'Created At'],
    ['system:x', '2026-01-01T00:00:00Z'],
  ]);
  const subjects = [
    { kind: 'User', name: 'a' },
    { kind: 'User', name: 'b' },
    { kind: 'ServiceAccount', name: 'bot', namespace: 'ns' },
  ];
  assert.deepEqual(shown(clusterRoleBinding, { roleRef, subjects }), [
    ['Name', 'Role', 'Age', 'Users', 'Groups', 'ServiceAccounts'],
    ['system:x', 'ClusterRole/view', '5m', 'a, b', '', 'ns/bot'],
  ]);
});
