import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askAs, certificateFor, grantTo } from '../../support/api-identities.ts';
import { apiServerFor } from '../../support/api-server.ts';
import {
  askServer,
  checkDecisions,
  prepareDecisions,
  tokenPath,
} from '../../support/gateway-token-decisions.ts';

const tokens = '/apis/drawbridge.dev/v1alpha1/namespaces/default/gatewaytokens';
const merge = { 'content-type': 'application/merge-patch+json' };
const drawbridge = {
  apiGroups: ['drawbridge.dev'],
  resources: ['gatewaytokens', 'gatewaytokens/status'],
};

function token(name: string, spec: object, status?: object) {
  return {
    apiVersion: 'drawbridge.dev/v1alpha1',
    kind: 'GatewayToken',
    metadata: { name },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}

test('a token opens no more than its creator may do', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob');
  await grantTo(api, 'make', 'bob', [{ verbs: ['create'], ...drawbridge }]);
  const listPods = { apiGroups: [''], resources: ['pods'], verbs: ['list'] };
  await grantTo(api, 'pods', 'bob', [
    listPods,
    { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get'] },
  ]);
  const rows: readonly [object, number][] = [
    [{ rules: [listPods] }, 201],
    [{ rules: [{ ...listPods, namespaces: ['west'] }] }, 201],
    [{ rules: [{ ...listPods, verbs: ['delete'] }] }, 403],
    [{ rules: [{ ...listPods, verbs: ['*'] }] }, 403],
    [{ rules: [{ ...listPods, resources: [] }] }, 403],
    [{ rules: [{ ...listPods, apiGroups: [] }] }, 403],
    [{ rules: [{ ...listPods, verbs: ['get'], subresources: ['log'] }] }, 403],
    [{ rules: [{ ...listPods, subresources: ['*'] }] }, 403],
    [{ rules: [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }] }, 201],
    [{ rules: [listPods], connect: ['log'] }, 201],
    [{ rules: [listPods], connect: ['exec'] }, 403],
    [
      {
        rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['a'] }],
      },
      201,
    ],
    [{ rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }] }, 403],
    [{ rules: [{ effect: 'deny', apiGroups: [''], resources: ['secrets'], verbs: ['*'] }] }, 201],
    [{ urls: ['/api/v1/pods'], methods: ['get'] }, 403],
    [{ rules: [listPods], cluster: 'east' }, 403],
    [
      {
        rules: [
          {
            ...listPods,
            resources: Array.from({ length: 64 }, (_, at) => `r${at}`),
            namespaces: ['a', 'b', 'c'],
          },
        ],
      },
      403,
    ],
    [{}, 201],
  ];
  for (const [index, [spec, status]] of rows.entries()) {
    const answer = await askAs(api, bob, tokens, { body: token(`t${index}`, spec) });
    assert.equal(answer.status, status, `${JSON.stringify(spec)} ${answer.text}`);
  }
  const refused = await askAs(api, bob, tokens, {
    body: token('no', { rules: [{ ...listPods, verbs: ['delete'], namespaces: ['west'] }] }),
  });
  assert.equal(
    refused.json.message,
    'gatewaytokens.drawbridge.dev "no" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to open what is not allowed to him:\n{APIGroups:[""], Resources:["pods"], Verbs:["delete"]} in the namespace "west"\nopen less, have these rights given to you, or ask somebody who may escalate on gatewaytokens',
  );
});

test('who may escalate on gatewaytokens, and the owner, open what they want', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob');
  await grantTo(api, 'make', 'bob', [{ verbs: ['create', 'escalate'], ...drawbridge }]);
  const everything = { rules: [{ verbs: ['*'] }], urls: ['.*'] };
  assert.equal((await askAs(api, bob, tokens, { body: token('a', everything) })).status, 201);
  assert.equal((await api.call(tokens, { body: token('b', everything) })).status, 201);
});

test('the issuer is who created it, whatever anybody writes; nothing else changes but revoked', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob');
  await grantTo(api, 'make', 'bob', [
    { verbs: ['create', 'patch', 'update', 'get'], ...drawbridge },
  ]);
  const made = await askAs(api, bob, tokens, { body: token('a', {}, { issuedBy: 'root' }) });
  assert.equal(made.json.status.issuedBy, 'bob');
  const applied = await askAs(api, bob, `${tokens}/b?fieldManager=m`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: token('b', {}, { issuedBy: 'root' }),
  });
  assert.deepEqual([applied.status, applied.json.status.issuedBy], [201, 'bob']);
  const path = `${tokens}/a`;
  const patch = (at: string, body: object) =>
    askAs(api, bob, at, { method: 'PATCH', body, headers: merge });
  const forged = await patch(`${path}/status`, { status: { issuedBy: 'root' } });
  assert.equal(forged.status, 422, forged.text);
  const dropped = await askAs(api, bob, `${path}/status`, {
    method: 'PUT',
    body: { ...made.json, status: { codeHash: 'b'.repeat(64) } },
  });
  assert.equal(dropped.status, 422, dropped.text);
  const owner = await api.call(path, {
    method: 'PATCH',
    headers: merge,
    body: { spec: { usesAllowed: 9 } },
  });
  assert.equal(owner.status, 422);
  const revoked = await patch(path, { spec: { revoked: true } });
  assert.deepEqual([revoked.status, revoked.json.status.issuedBy], [200, 'bob']);
  assert.equal((await patch(path, { spec: { revoked: false } })).status, 422);
});

test('whoever may write the status still cannot take a token over or approve it for others', async (t) => {
  const api = await apiServerFor(t);
  const [bob, eve] = [await certificateFor(api, 'bob'), await certificateFor(api, 'eve')];
  const all = [{ verbs: ['create', 'patch', 'get'], ...drawbridge }];
  await grantTo(api, 'bob', 'bob', all);
  await grantTo(api, 'eve', 'eve', all);
  await askAs(api, bob, tokens, { body: token('a', { approval: { required: 2 } }) });
  const patch = async (who: typeof bob, status: object): Promise<number> =>
    (
      await askAs(api, who, `${tokens}/a/status`, {
        method: 'PATCH',
        body: { status },
        headers: merge,
      })
    ).status;
  const user = (name: string) => ({ kind: 'User', name });
  const rows: readonly [typeof bob, object, number][] = [
    [eve, { codeHash: 'e'.repeat(64) }, 403],
    [bob, { codeHash: 'b'.repeat(64) }, 200],
    [bob, { codeHash: 'c'.repeat(64) }, 422],
    [bob, { codeHash: null }, 422],
    [eve, { uses: 1 }, 403],
    [bob, { seal: 'x' }, 403],
    [bob, { redemptions: [{ id: 'x', time: '2026-01-01T00:00:00Z' }] }, 403],
    [bob, { approvals: [user('bob')] }, 403],
    [eve, { approvals: [user('eve')] }, 403],
    [eve, { login: { user: 'admin', issuer: 'x', subject: 'x' } }, 403],
    [bob, { login: { user: 'admin', issuer: 'x', subject: 'x' } }, 403],
  ];
  for (const [index, [who, status, expected]] of rows.entries()) {
    assert.equal(await patch(who, status), expected, `row ${index} ${JSON.stringify(status)}`);
  }
  const applied = await api.call(`${tokens}/a/status`, {
    method: 'PATCH',
    headers: merge,
    body: { status: { uses: 3, approvals: [user('x'), user('y')] } },
  });
  assert.equal(applied.status, 200);
});

test('the embedded API server decides about tokens as the table says', async (t) => {
  const api = await apiServerFor(t);
  const { ca, adminCert: cert, adminKey: key } = api.files;
  const server = { origin: api.server.origin, ca, cert, key };
  await prepareDecisions(server);
  await checkDecisions(server, async (name) => {
    const { json } = await askServer(server, { path: tokenPath(name) });
    assert.equal(json.status.issuedBy, 'viewer');
  });
});
