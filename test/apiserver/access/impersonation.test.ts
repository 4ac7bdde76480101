import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askAs, certificateFor, grantTo } from '../../support/api-identities.ts';
import { apiServerFor } from '../../support/api-server.ts';

const self = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const whoAmI = (headers: Record<string, string | readonly string[]>) => ({ body: {}, headers });

test('the owner acts as users, groups and accounts; groups follow from names', async (t) => {
  const api = await apiServerFor(t);
  const owner = { cert: api.files.adminCert, key: api.files.adminKey };
  const userInfo = async (headers: Record<string, string | readonly string[]>) =>
    (await askAs(api, owner, self, whoAmI(headers))).json.status.userInfo;
  assert.deepEqual(await userInfo({ 'Impersonate-User': 'bob' }), {
    username: 'bob',
    groups: ['system:authenticated'],
  });
  const full = await userInfo({
    'Impersonate-User': 'bob',
    'Impersonate-Group': ['dev', 'a,b'],
    'Impersonate-Uid': 'u1',
    'Impersonate-Extra-Acme.com%2Fproject': ['x', 'y'],
  });
  assert.deepEqual(full, {
    username: 'bob',
    uid: 'u1',
    groups: ['dev', 'a,b', 'system:authenticated'],
    extra: { 'acme.com/project': ['x', 'y'] },
  });
  assert.deepEqual(await userInfo({ 'Impersonate-User': 'system:serviceaccount:west:bot' }), {
    username: 'system:serviceaccount:west:bot',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:west', 'system:authenticated'],
  });
  const anonymous = await askAs(
    api,
    owner,
    self,
    whoAmI({ 'Impersonate-User': 'system:anonymous' }),
  );
  assert.equal(anonymous.status, 403);
});

test('each name that is borrowed needs its right', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob');
  const ask = (headers: Record<string, string | readonly string[]>) =>
    askAs(api, bob, self, whoAmI(headers));
  const refused = await ask({ 'Impersonate-User': 'eve' });
  assert.deepEqual(
    [refused.status, refused.json.message],
    [
      403,
      'users "eve" is forbidden: User "bob" cannot impersonate resource "users" in API group "" at the cluster scope',
    ],
  );
  await grantTo(api, 'borrow', 'bob', [
    { verbs: ['impersonate'], apiGroups: [''], resources: ['users'], resourceNames: ['eve'] },
    { verbs: ['impersonate'], apiGroups: [''], resources: ['groups'], resourceNames: ['dev'] },
    {
      verbs: ['impersonate'],
      apiGroups: ['authentication.k8s.io'],
      resources: ['userextras/scopes'],
      resourceNames: ['view'],
    },
  ]);
  const rows: readonly [Record<string, string | readonly string[]>, number, string][] = [
    [{ 'Impersonate-User': 'eve' }, 201, ''],
    [{ 'Impersonate-User': 'eve', 'Impersonate-Group': 'dev' }, 201, ''],
    [{ 'Impersonate-User': 'eve', 'Impersonate-Extra-Scopes': 'view' }, 201, ''],
    [{ 'Impersonate-User': 'root' }, 403, 'users "root"'],
    [
      { 'Impersonate-User': 'eve', 'Impersonate-Group': ['dev', 'system:masters'] },
      403,
      'groups "system:masters"',
    ],
    [
      { 'Impersonate-User': 'eve', 'Impersonate-Extra-Scopes': 'edit' },
      403,
      'userextras.authentication.k8s.io "edit"',
    ],
    [{ 'Impersonate-User': 'eve', 'Impersonate-Uid': 'u' }, 403, 'uids.authentication.k8s.io "u"'],
    [{ 'Impersonate-User': 'system:serviceaccount:west:bot' }, 403, 'serviceaccounts "bot"'],
    [{ 'Impersonate-Group': 'dev' }, 400, 'groups, UID or extra fields'],
    [{ 'Impersonate-User': ['eve', 'root'] }, 400, 'Impersonate-user is given more than once'],
    [{ 'Impersonate-Group': Array.from({ length: 65 }, () => 'dev') }, 400, 'more than 64'],
  ];
  for (const [headers, status, start] of rows) {
    const answer = await ask(headers);
    assert.equal(answer.status, status, JSON.stringify(headers));
    if (start !== '') assert.ok(answer.json.message.startsWith(start), answer.json.message);
  }
});
