import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Attributes,
  type PolicyRule,
  requestInfo,
  ruleAllows,
  serviceAccountGroups,
  serviceAccountOf,
  serviceAccountUser,
} from '#rbac/index.ts';

function asked(method: string, target: string): Attributes {
  const info = requestInfo(method, target);
  assert.ok(info);
  return info;
}

const all = ['*'];
const pods = (rule: Partial<PolicyRule>): PolicyRule => ({
  verbs: ['get', 'list'],
  apiGroups: [''],
  resources: ['pods'],
  ...rule,
});
const n = '/api/v1/namespaces/n';

// Rule, method, target, whether it is allowed.
const rows: readonly [PolicyRule, string, string, boolean][] = [
  [pods({}), 'GET', `${n}/pods`, true],
  [pods({}), 'GET', `${n}/pods/a`, true],
  [pods({}), 'DELETE', `${n}/pods/a`, false],
  [pods({}), 'GET', `${n}/pods?watch=1`, false],
  [pods({}), 'GET', `${n}/Pods`, false],
  [pods({}), 'GET', `${n}/secrets`, false],
  [pods({}), 'GET', '/apis/apps/v1/pods', false],
  [pods({ apiGroups: all }), 'GET', '/apis/apps/v1/pods', true],
  [pods({ apiGroups: [] }), 'GET', `${n}/pods`, false],
  [pods({ verbs: all }), 'DELETE', `${n}/pods`, true],
  [pods({ verbs: [] }), 'GET', `${n}/pods`, false],
  [pods({ resources: all }), 'GET', `${n}/secrets`, true],
  // Subresources are resources of their own.
  [pods({}), 'GET', `${n}/pods/a/log`, false],
  [pods({ resources: ['pods/log'] }), 'GET', `${n}/pods/a/log`, true],
  [pods({ resources: ['pods/log'] }), 'GET', `${n}/pods/a`, false],
  [pods({ resources: ['*/log'] }), 'GET', `${n}/pods/a/log`, true],
  [pods({ resources: ['*/log'] }), 'GET', `${n}/pods/log`, false],
  [pods({ resources: ['*/og'] }), 'GET', `${n}/pods/a/log`, false],
  [pods({ resources: ['pods/*'] }), 'GET', `${n}/pods/a/log`, false],
  [pods({ resources: all }), 'GET', `${n}/pods/a/log`, true],
  // Names.
  [pods({ resourceNames: ['a'] }), 'GET', `${n}/pods/a`, true],
  [pods({ resourceNames: ['a'] }), 'GET', `${n}/pods/b`, false],
  [pods({ resourceNames: ['a'] }), 'GET', `${n}/pods`, false],
  [pods({ resourceNames: ['a'] }), 'GET', `${n}/pods?fieldSelector=metadata.name%3Da`, true],
  [pods({ resourceNames: ['a'] }), 'GET', `${n}/pods?fieldSelector=metadata.name%3Db`, false],
  [pods({ resourceNames: all }), 'GET', `${n}/pods/b`, false],
  // Paths.
  [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }, 'GET', '/metrics', true],
  [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }, 'POST', '/metrics', false],
  [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }, 'GET', '/metrics/', false],
  [{ verbs: ['get'], nonResourceURLs: ['/apis/*'] }, 'GET', '/apis/apps', true],
  [{ verbs: ['get'], nonResourceURLs: ['/apis/*'] }, 'GET', '/apis', false],
  [{ verbs: all, nonResourceURLs: all }, 'PUT', '/anything', true],
  [{ verbs: all, nonResourceURLs: all }, 'GET', `${n}/pods`, false],
  [{ verbs: all, apiGroups: all, resources: all }, 'GET', '/metrics', false],
];

test('a rule allows what Kubernetes lets it allow', () => {
  for (const [rule, method, target, allowed] of rows) {
    assert.equal(
      ruleAllows(rule, asked(method, target)),
      allowed,
      `${JSON.stringify(rule)} ${method} ${target}`,
    );
  }
});

test('the user name of a ServiceAccount is read only in its exact form', () => {
  const bot = { namespace: 'west', name: 'bot.v2' };
  assert.deepEqual(serviceAccountOf(serviceAccountUser(bot)), bot);
  assert.deepEqual(serviceAccountGroups('west'), [
    'system:serviceaccounts',
    'system:serviceaccounts:west',
  ]);
  for (const name of [
    'bob',
    'system:serviceaccount:west',
    'system:serviceaccount:west:',
    'system:serviceaccount::bot',
    'system:serviceaccount:west:bot:x',
    'system:serviceaccount:West:bot',
    'system:serviceaccount:we.st:bot',
  ]) {
    assert.equal(serviceAccountOf(name), undefined, name);
  }
});
