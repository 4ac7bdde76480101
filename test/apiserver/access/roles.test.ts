import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiDefinitions } from '#apis/index.ts';
import { builtinDefinitions } from '#kube/index.ts';
import { defaultRoles } from '../../../src/apiserver/access/authorization/default-roles.ts';
import { askAs, certificateFor, grantTo, tokenFor } from '../../support/api-identities.ts';
import { type AnyJson, apiServerFor } from '../../support/api-server.ts';
import { until } from '../../support/until.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const maps = '/api/v1/namespaces/default/configmaps';
const readMaps = { verbs: ['get', 'list'], apiGroups: [''], resources: ['configmaps'] };

test('a role gives rights where it is bound, at once, until it is taken away', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob', ['dev']);
  const roles = `${rbac}/namespaces/default/roles`;
  const bindings = `${rbac}/namespaces/default/rolebindings`;
  assert.equal((await askAs(api, bob, maps)).status, 403);
  const role = { metadata: { name: 'r' }, rules: [readMaps] };
  assert.equal((await api.call(roles, { body: role })).status, 201);
  const subjects = [{ kind: 'Group', name: 'dev' }];
  const binding = { metadata: { name: 'b' }, roleRef: { kind: 'Role', name: 'r' }, subjects };
  const made = await api.call(bindings, { body: binding });
  assert.equal(made.json.subjects[0].apiGroup, 'rbac.authorization.k8s.io');
  assert.equal((await askAs(api, bob, maps)).status, 200);
  assert.equal((await askAs(api, bob, '/api/v1/namespaces/kube-system/configmaps')).status, 403);
  assert.equal((await askAs(api, bob, '/api/v1/configmaps')).status, 403);
  await api.call(`${roles}/r`, { method: 'DELETE' });
  const gone = await askAs(api, bob, `${maps}/x`);
  assert.equal(
    gone.json.message,
    'configmaps "x" is forbidden: User "bob" cannot get resource "configmaps" in API group "" in the namespace "default": RBAC: role.rbac.authorization.k8s.io "r" not found',
  );
});

test('who may patch and not create applies to what is there, and makes nothing', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob');
  await grantTo(api, 'change', 'bob', [{ ...readMaps, verbs: ['get', 'patch'] }]);
  const apply = (name: string) =>
    askAs(api, bob, `${maps}/${name}?fieldManager=m`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } },
    });
  const refused = await apply('new');
  assert.equal(refused.status, 403);
  assert.match(refused.json.message, /cannot create resource "configmaps"/);
  assert.equal((await api.call(`${maps}/new`)).status, 404);
  await api.call(maps, { body: { metadata: { name: 'old' } } });
  assert.equal((await apply('old')).status, 200);
  await grantTo(api, 'make', 'bob', [{ ...readMaps, verbs: ['create'] }]);
  assert.equal((await apply('new')).status, 201);
});

test('a rule for one name lets lists and watches through that insist on it', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob');
  await grantTo(api, 'one', 'bob', [{ ...readMaps, resourceNames: ['a'] }]);
  for (const name of ['a', 'b']) await api.call(maps, { body: { metadata: { name } } });
  assert.equal((await askAs(api, bob, `${maps}/a`)).status, 200);
  assert.equal((await askAs(api, bob, `${maps}/b`)).status, 403);
  assert.equal((await askAs(api, bob, maps)).status, 403);
  const named = await askAs(api, bob, `${maps}?fieldSelector=metadata.name%3Da`);
  assert.deepEqual(
    named.json.items.map((item: AnyJson) => item.metadata.name),
    ['a'],
  );
  assert.equal((await askAs(api, bob, `${maps}?fieldSelector=metadata.name%3Db`)).status, 403);
  const twice = `${maps}?fieldSelector=metadata.name%3Da,metadata.name%3Db`;
  assert.deepEqual((await askAs(api, bob, twice)).json.items, []);
});

test('markup in a refusal is escaped as Kubernetes escapes it', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob');
  const { json } = await askAs(api, bob, '/%3Cscript%3E&');
  assert.equal(json.message, 'forbidden: User "bob" cannot get path "/&lt;script&gt;&amp;"');
});

test('nobody gives away more than he holds', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob');
  const clusterRoles = `${rbac}/clusterroles`;
  const admin = {
    verbs: ['create', 'update', 'patch', 'get'],
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'],
  };
  await grantTo(api, 'bob', 'bob', [admin, readMaps]);
  const role = (name: string, ...rules: readonly object[]) => ({
    body: { metadata: { name }, rules },
  });
  assert.equal((await askAs(api, bob, clusterRoles, role('ok', readMaps))).status, 201);
  const more = { ...readMaps, verbs: ['delete', 'get'], resources: ['configmaps', 'secrets'] };
  const refused = await askAs(api, bob, clusterRoles, role('more', more));
  assert.equal(refused.status, 403);
  assert.equal(
    refused.json.message,
    [
      'clusterroles.rbac.authorization.k8s.io "more" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:',
      '{APIGroups:[""], Resources:["configmaps"], Verbs:["delete"]}',
      '{APIGroups:[""], Resources:["secrets"], Verbs:["delete" "get"]}',
    ].join('\n'),
  );
  const patched = await askAs(api, bob, `${clusterRoles}/ok`, {
    method: 'PATCH',
    body: { rules: [more] },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  assert.equal(patched.status, 403);
  const bindTo = (name: string) => ({
    body: {
      metadata: { name },
      roleRef: { kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', name: 'bob' }],
    },
  });
  const bindings = `${rbac}/clusterrolebindings`;
  assert.equal((await askAs(api, bob, bindings, bindTo('ok'))).status, 201);
  assert.equal((await askAs(api, bob, bindings, bindTo('edit'))).status, 403);
  const missing = await askAs(api, bob, bindings, bindTo('gone'));
  assert.deepEqual(
    [missing.status, missing.json.message],
    [404, 'clusterrolebindings.rbac.authorization.k8s.io "gone" not found'],
  );
  const aggregate = {
    metadata: { name: 'all' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
  };
  const collects = await askAs(api, bob, clusterRoles, { body: aggregate });
  assert.match(
    collects.json.message,
    /must have cluster-admin privileges to use the aggregationRule$/,
  );
  // Whoever may escalate or bind may.
  await grantTo(api, 'escalate', 'bob', [
    { verbs: ['escalate'], apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'] },
    {
      verbs: ['bind'],
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['clusterroles'],
      resourceNames: ['edit'],
    },
  ]);
  assert.equal((await askAs(api, bob, clusterRoles, role('more', more))).status, 201);
  assert.equal((await askAs(api, bob, bindings, bindTo('edit'))).status, 201);
  assert.equal((await askAs(api, bob, bindings, bindTo('admin'))).status, 403);
});

test('server-side apply gives away no more than other writes', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob');
  const own = { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'] };
  await grantTo(api, 'bob', 'bob', [{ ...own, verbs: ['create', 'patch'] }, readMaps]);
  const apply = (name: string, rules: readonly object[]) =>
    askAs(api, bob, `${rbac}/clusterroles/${name}?fieldManager=m&force=true`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name },
        rules,
      },
    });
  const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
  assert.equal((await apply('mine', [readMaps])).status, 201);
  assert.equal((await apply('mine', [everything])).status, 403);
  assert.equal((await apply('other', [everything])).status, 403);
  assert.equal((await apply('cluster-admin', [everything])).status, 403);
});

test('the default roles are there, name every kind of ours, and keep what users add', async (t) => {
  const api = await apiServerFor(t);
  const view = `${rbac}/clusterroles/view`;
  const rulesOf = async (path: string): Promise<AnyJson[]> => (await api.call(path)).json.rules;
  const edit = await rulesOf(`${rbac}/clusterroles/edit`);
  for (const { group, plural } of apiDefinitions) {
    const named = (rules: readonly AnyJson[], verb: string): boolean =>
      rules.some(
        (rule) =>
          rule.apiGroups?.includes(group) &&
          rule.resources?.includes(plural) &&
          rule.verbs.includes(verb),
      );
    assert.ok(named(edit, 'update') && named(edit, 'list'), plural);
    const secret = plural === 'accessgrants' || plural === 'accesstokens';
    assert.equal(named(await rulesOf(view), 'get'), !secret, plural);
  }
  const admin = await rulesOf(`${rbac}/clusterroles/admin`);
  for (const { group, plural, scope } of builtinDefinitions) {
    const named = admin.some(
      (rule) => rule.apiGroups?.includes(group) && rule.resources?.includes(plural),
    );
    assert.ok(named || scope === 'Cluster', plural);
  }
  for (const { rules } of defaultRoles) {
    if (rules.length > 0 && rules[0]?.resources?.includes('*')) continue;
    assert.ok(!rules.some(({ verbs }) => verbs.includes('*')));
  }
  const gizmo = { verbs: ['get'], apiGroups: ['acc.test'], resources: ['gizmos'] };
  const body = {
    metadata: {
      name: 'gizmo-view',
      labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' },
    },
    rules: [gizmo],
  };
  await api.call(`${rbac}/clusterroles`, { body });
  await until(
    async () =>
      (await rulesOf(`${rbac}/clusterroles/admin`)).some((rule) =>
        rule.resources?.includes('gizmos'),
      ),
    'rules of parts in the whole',
  );
  await api.call(`${rbac}/clusterroles/gizmo-view`, { method: 'DELETE' });
  await until(
    async () =>
      !(await rulesOf(`${rbac}/clusterroles/admin`)).some((rule) =>
        rule.resources?.includes('gizmos'),
      ),
    'rules of parts in the whole',
  );
});

test('a restart adds what is missing to default roles and leaves the rest', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-roles-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const patch = { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' } };
  const extra = { verbs: ['get'], nonResourceURLs: ['/metrics'] };
  const first = await apiServerFor(t, { directory });
  const discovery = `${rbac}/clusterroles/system:discovery`;
  const basic = `${rbac}/clusterroles/system:basic-user`;
  const viewers = `${rbac}/clusterrolebindings/system:public-info-viewer`;
  await first.call(discovery, { ...patch, body: { rules: [extra] } });
  const off = { annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } };
  await first.call(basic, { ...patch, body: { metadata: off, rules: [] } });
  await first.call(viewers, { ...patch, body: { subjects: [{ kind: 'User', name: 'eve' }] } });
  await first.stop();
  const second = await apiServerFor(t, { directory });
  const { rules } = (await second.call(discovery)).json;
  assert.deepEqual(rules[0], extra);
  assert.ok(rules.some((rule: AnyJson) => rule.nonResourceURLs.includes('/apis')));
  assert.deepEqual((await second.call(basic)).json.rules, []);
  const names = (await second.call(viewers)).json.subjects.map((subject: AnyJson) => subject.name);
  assert.deepEqual(names, ['eve', 'system:authenticated', 'system:unauthenticated']);
});

test('anonymous reads health and version, accounts read the issuer, nobody the rest', async (t) => {
  const api = await apiServerFor(t);
  const token = await tokenFor(api, 'bot');
  const rows: readonly [string, number, number][] = [
    ['/healthz', 200, 200],
    ['/version', 200, 200],
    ['/apis', 403, 200],
    ['/openapi/v3', 403, 200],
    ['/openid/v1/jwks', 403, 200],
    ['/metrics', 403, 403],
    [maps, 403, 403],
  ];
  for (const [path, anonymous, account] of rows) {
    assert.equal((await askAs(api, {}, path)).status, anonymous, path);
    assert.equal((await askAs(api, { token }, path)).status, account, path);
  }
  const { json } = await askAs(api, {}, maps);
  assert.equal(
    json.message,
    'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"',
  );
});

test('reviews of others answer by the same rules, for those who may ask', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob');
  await grantTo(api, 'maps', 'eve', [readMaps]);
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const resourceAttributes = { verb: 'get', resource: 'configmaps', namespace: 'default' };
  const asked = { body: { spec: { user: 'eve', resourceAttributes } } };
  assert.equal((await askAs(api, bob, path, asked)).status, 403);
  const { status } = (await api.call(path, asked)).json;
  assert.deepEqual(status, {
    allowed: true,
    reason: 'RBAC: allowed by ClusterRoleBinding "maps" of ClusterRole "maps" to User "eve"',
  });
  const nobody = await api.call(path, { body: { spec: { resourceAttributes } } });
  assert.match(nobody.json.message, /at least one of user or group must be specified/);
  const local = '/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews';
  const group = { body: { spec: { groups: ['system:masters'], resourceAttributes } } };
  assert.deepEqual((await api.call(local, group)).json.status, { allowed: true });
  const elsewhere = {
    spec: { user: 'eve', resourceAttributes: { ...resourceAttributes, namespace: 'x' } },
  };
  assert.equal((await api.call(local, { body: elsewhere })).status, 422);
});
