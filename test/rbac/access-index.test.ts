import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  AccessIndex,
  aggregatedRules,
  type Attributes,
  type BindingEntry,
  type PolicyRule,
  ruleAllows,
  ruleText,
  type Subject,
  uncoveredRules,
  type User,
} from '#rbac/index.ts';

const readPods: PolicyRule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] };
const bot: User = {
  name: 'system:serviceaccount:west:bot',
  groups: ['system:serviceaccounts', 'system:serviceaccounts:west', 'system:authenticated'],
};
const bob: User = { name: 'bob', groups: ['dev', 'system:authenticated'] };

function ask(namespace: string, verb = 'get', resource = 'pods', name = 'p'): Attributes {
  return {
    type: 'resource',
    verb,
    group: '',
    version: 'v1',
    resource,
    subresource: '',
    namespace,
    name,
  };
}

function binding(
  namespace: string,
  name: string,
  role: string,
  ...subjects: readonly Subject[]
): BindingEntry {
  const [kind = '', roleName = ''] = role.split('/');
  return { namespace, name, roleRef: { kind, name: roleName }, subjects };
}

function indexOf(...bindings: readonly BindingEntry[]): AccessIndex {
  const index = new AccessIndex();
  index.setRole({ namespace: '', name: 'pods', rules: [readPods] });
  index.setRole({ namespace: 'west', name: 'pods', rules: [readPods] });
  index.setRole({
    namespace: '',
    name: 'metrics',
    rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }],
  });
  for (const each of bindings) index.setBinding(each);
  return index;
}

const user = (name: string): Subject => ({ kind: 'User', name });
const group = (name: string): Subject => ({ kind: 'Group', name });
const account = (name: string, namespace?: string): Subject => ({
  kind: 'ServiceAccount',
  name,
  ...(namespace === undefined ? {} : { namespace }),
});
const metrics: Attributes = { type: 'path', verb: 'get', path: '/metrics' };

// Binding, who asks, for what, whether it is allowed.
const decisions: readonly [string, BindingEntry, User, Attributes, boolean][] = [
  ['user everywhere', binding('', 'b', 'ClusterRole/pods', user('bob')), bob, ask('east'), true],
  [
    'user at the cluster scope',
    binding('', 'b', 'ClusterRole/pods', user('bob')),
    bob,
    ask(''),
    true,
  ],
  ['another user', binding('', 'b', 'ClusterRole/pods', user('bobby')), bob, ask('east'), false],
  ['names are exact', binding('', 'b', 'ClusterRole/pods', user('Bob')), bob, ask('east'), false],
  [
    'another verb',
    binding('', 'b', 'ClusterRole/pods', user('bob')),
    bob,
    ask('e', 'delete'),
    false,
  ],
  ['group', binding('', 'b', 'ClusterRole/pods', group('dev')), bob, ask('east'), true],
  [
    'a user called like a group',
    binding('', 'b', 'ClusterRole/pods', user('dev')),
    bob,
    ask('e'),
    false,
  ],
  [
    'a group called like a user',
    binding('', 'b', 'ClusterRole/pods', group('bob')),
    bob,
    ask('e'),
    false,
  ],
  [
    'ClusterRole in a namespace',
    binding('west', 'b', 'ClusterRole/pods', user('bob')),
    bob,
    ask('west'),
    true,
  ],
  [
    'and not in another',
    binding('west', 'b', 'ClusterRole/pods', user('bob')),
    bob,
    ask('east'),
    false,
  ],
  [
    'nor at the cluster scope',
    binding('west', 'b', 'ClusterRole/pods', user('bob')),
    bob,
    ask(''),
    false,
  ],
  ['Role in its namespace', binding('west', 'b', 'Role/pods', user('bob')), bob, ask('west'), true],
  [
    'Role of another namespace',
    binding('east', 'b', 'Role/pods', user('bob')),
    bob,
    ask('east'),
    false,
  ],
  [
    'Role at the cluster scope',
    binding('', 'b', 'Role/pods', user('bob')),
    bob,
    ask('west'),
    false,
  ],
  [
    'ServiceAccount',
    binding('', 'b', 'ClusterRole/pods', account('bot', 'west')),
    bot,
    ask('e'),
    true,
  ],
  [
    'of another namespace',
    binding('', 'b', 'ClusterRole/pods', account('bot', 'e')),
    bot,
    ask('e'),
    false,
  ],
  [
    'of the namespace of the binding',
    binding('west', 'b', 'Role/pods', account('bot')),
    bot,
    ask('west'),
    true,
  ],
  [
    'without namespace anywhere',
    binding('', 'b', 'ClusterRole/pods', account('bot')),
    bot,
    ask('west'),
    false,
  ],
  [
    'all accounts of a namespace',
    binding('', 'b', 'ClusterRole/pods', group('system:serviceaccounts:west')),
    bot,
    ask('e'),
    true,
  ],
  [
    'everybody',
    binding('', 'b', 'ClusterRole/pods', group('system:authenticated')),
    bot,
    ask('e'),
    true,
  ],
  [
    'anonymous',
    binding('', 'b', 'ClusterRole/pods', group('system:authenticated')),
    { name: 'system:anonymous', groups: ['system:unauthenticated'] },
    ask('e'),
    false,
  ],
  ['a path', binding('', 'b', 'ClusterRole/metrics', user('bob')), bob, metrics, true],
  [
    'a path by a namespaced binding',
    binding('west', 'b', 'ClusterRole/metrics', user('bob')),
    bob,
    metrics,
    false,
  ],
  [
    'a kind of subject nobody knows',
    binding('', 'b', 'ClusterRole/pods', { kind: 'Robot', name: 'bob' }),
    bob,
    ask('e'),
    false,
  ],
];

test('bindings give what Kubernetes lets them give', () => {
  for (const [title, held, who, attributes, allowed] of decisions) {
    assert.equal(indexOf(held).decide(who, attributes).allowed, allowed, title);
  }
});

test('a decision names the binding, or what is broken', () => {
  const index = indexOf(
    binding('west', 'readers', 'ClusterRole/pods', account('bot')),
    binding('west', 'broken', 'ClusterRole/gone', user('bob')),
    binding('', 'worse', 'ClusterRole/lost', user('bob')),
  );
  assert.equal(
    index.decide(bot, ask('west')).reason,
    'RBAC: allowed by RoleBinding "readers/west" of ClusterRole "pods" to ServiceAccount "bot/west"',
  );
  assert.equal(
    index.decide(bob, ask('west')).reason,
    'RBAC: [clusterrole.rbac.authorization.k8s.io "lost" not found, clusterrole.rbac.authorization.k8s.io "gone" not found]',
  );
  assert.equal(
    index.decide(bob, ask('east')).reason,
    'RBAC: clusterrole.rbac.authorization.k8s.io "lost" not found',
  );
  assert.deepEqual(index.decide(bot, ask('east')), { allowed: false, reason: '' });
});

test('changed and removed roles and bindings count at once', () => {
  const index = indexOf(binding('', 'b', 'ClusterRole/pods', user('bob'), group('dev')));
  const allowed = (): boolean => index.decide(bob, ask('west')).allowed;
  assert.equal(allowed(), true);
  index.removeRole({ namespace: '', name: 'pods' });
  assert.equal(allowed(), false);
  index.setRole({ namespace: '', name: 'pods', rules: [readPods] });
  index.setBinding(binding('', 'b', 'ClusterRole/pods', user('eve')));
  assert.equal(allowed(), false);
  index.setBinding(binding('', 'b', 'ClusterRole/pods', group('dev')));
  assert.equal(allowed(), true);
  index.removeBinding({ namespace: '', name: 'b' });
  assert.equal(allowed(), false);
  index.removeBinding({ namespace: '', name: 'b' });
});

test('any order of changes leaves what was set last', () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b'),
    namespace: fc.constantFrom('', 'west'),
    who: fc.constantFrom('bob', 'eve', undefined),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const index = indexOf();
      const model = new Map<string, string>();
      for (const { name, namespace, who } of steps) {
        if (who === undefined) index.removeBinding({ namespace, name });
        else index.setBinding(binding(namespace, name, 'ClusterRole/pods', user(who)));
        if (who === undefined) model.delete(`${namespace}/${name}`);
        else model.set(`${namespace}/${name}`, who);
      }
      const held = (namespaces: readonly string[]): boolean =>
        [...model].some(([key, who]) => who === 'bob' && namespaces.includes(key.split('/')[0]!));
      assert.equal(index.decide(bob, ask('west')).allowed, held(['', 'west']));
      assert.equal(index.decide(bob, ask('east')).allowed, held(['']));
    }),
  );
});

// What is held, what is wanted, what of it is missing.
const coverage: readonly [readonly PolicyRule[], readonly PolicyRule[], readonly string[]][] = [
  [[readPods], [readPods], []],
  [[readPods], [{ ...readPods, resourceNames: ['a'] }], []],
  [
    [{ ...readPods, resourceNames: ['a'] }],
    [readPods],
    ['{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}'],
  ],
  [
    [{ ...readPods, resourceNames: ['a'] }],
    [{ ...readPods, verbs: ['get'], resourceNames: ['a', 'b'] }],
    ['{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}'],
  ],
  [
    [readPods],
    [{ ...readPods, verbs: ['get', 'delete'] }],
    ['{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}'],
  ],
  [
    [readPods],
    [{ ...readPods, verbs: ['*'] }],
    ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}'],
  ],
  [[{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }], [readPods], []],
  [[{ ...readPods, resources: ['*/log'] }], [{ ...readPods, resources: ['pods/log'] }], []],
  [
    [readPods],
    [{ ...readPods, verbs: ['get'], resources: ['pods/log'] }],
    ['{APIGroups:[""], Resources:["pods/log"], Verbs:["get"]}'],
  ],
  [
    [{ verbs: ['get'], nonResourceURLs: ['/a/*'] }],
    [{ verbs: ['get'], nonResourceURLs: ['/a/b', '/a/*', '/c'] }],
    ['{NonResourceURLs:["/c"], Verbs:["get"]}'],
  ],
  [
    [{ verbs: ['get'], nonResourceURLs: ['*'] }],
    [{ verbs: ['get'], nonResourceURLs: ['/a*'] }],
    [],
  ],
  // Two rules together cover what neither covers alone.
  [
    [
      { ...readPods, verbs: ['get'] },
      { ...readPods, verbs: ['list'] },
    ],
    [readPods],
    [],
  ],
  [[], [], []],
];

test('what of a rule is not held is told as Kubernetes tells it', () => {
  for (const [held, wanted, missing] of coverage) {
    assert.deepEqual(uncoveredRules(held, wanted).map(ruleText), missing, JSON.stringify(wanted));
  }
});

test('rules of absurd size are covered by nothing', () => {
  const many = Array.from({ length: 200 }, (_each, index) => `x${index}`);
  const huge = { verbs: many, apiGroups: many, resources: many };
  const full = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
  assert.equal(uncoveredRules([full], [huge]).length, 1);
});

test('whoever holds what covers a rule may do all that the rule allows', () => {
  const word = (...words: readonly string[]) =>
    fc.uniqueArray(fc.constantFrom(...words), { minLength: 1, maxLength: 2 });
  const rule = fc.record({
    verbs: word('get', 'list', '*'),
    apiGroups: word('', 'g', '*'),
    resources: word('a', 'a/x', 'b/x', '*/x', '*'),
    resourceNames: fc.uniqueArray(fc.constantFrom('n', 'm'), { maxLength: 2 }),
  });
  const asked = fc.record({
    type: fc.constant('resource' as const),
    verb: fc.constantFrom('get', 'list', 'delete'),
    group: fc.constantFrom('', 'g'),
    version: fc.constant('v1'),
    resource: fc.constantFrom('a', 'b'),
    subresource: fc.constantFrom('', 'x'),
    namespace: fc.constant('w'),
    name: fc.constantFrom('', 'n', 'm'),
  });
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 3 }), rule, asked, (held, wanted, attributes) => {
      fc.pre(uncoveredRules(held, [wanted]).length === 0);
      if (ruleAllows(wanted, attributes))
        assert.ok(held.some((each) => ruleAllows(each, attributes)));
    }),
    { numRuns: 2000 },
  );
});

test('a role made of others has the rules of those that its selectors take, each once', () => {
  const parts = [
    {
      name: 'b',
      labels: { to: 'view' },
      rules: [readPods, { verbs: ['get'], nonResourceURLs: ['/b'] }],
    },
    { name: 'a', labels: { to: 'view' }, rules: [readPods] },
    { name: 'own', labels: { to: 'view' }, rules: [{ verbs: ['*'], nonResourceURLs: ['/own'] }] },
    { name: 'c', labels: { to: 'edit' }, rules: [{ verbs: ['get'], nonResourceURLs: ['/c'] }] },
  ];
  const selectors = [
    { matchLabels: { to: 'view' } },
    { matchExpressions: [{ key: 'to', operator: 'In', values: ['view'] }] },
  ];
  assert.deepEqual(aggregatedRules(selectors, parts, 'own'), [
    readPods,
    { verbs: ['get'], nonResourceURLs: ['/b'] },
  ]);
  assert.deepEqual(aggregatedRules([], parts, 'own'), []);
});
