import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';
import { askAs, certificateFor } from '../../support/api-identities.ts';
import { apiServerFor } from '../../support/api-server.ts';

const maps = '/api/v1/namespaces/default/configmaps';

test('a certificate without rights reads discovery and itself, and nothing else', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob', ['team']);
  assert.equal((await askAs(api, bob, '/apis')).status, 200);
  assert.equal((await askAs(api, bob, '/openapi/v3')).status, 200);
  const refused = await askAs(api, bob, maps);
  assert.equal(
    refused.json.message,
    'configmaps is forbidden: User "bob" cannot list resource "configmaps" in API group "" in the namespace "default"',
  );
  const path = await askAs(api, bob, '/metrics');
  assert.deepEqual(
    [path.status, path.json.message],
    [403, 'forbidden: User "bob" cannot get path "/metrics"'],
  );
  const whoAmI = await askAs(api, bob, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    body: {},
  });
  assert.equal(whoAmI.status, 201);
  const { userInfo } = whoAmI.json.status;
  assert.deepEqual([userInfo.username, userInfo.groups], ['bob', ['team', 'system:authenticated']]);
});

test('reviews of oneself tell the truth', async (t) => {
  const api = await apiServerFor(t);
  const bob = await certificateFor(api, 'bob', []);
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const resourceAttributes = { verb: 'list', resource: 'secrets', namespace: 'default' };
  const asked = await askAs(api, bob, path, { body: { spec: { resourceAttributes } } });
  assert.deepEqual([asked.status, asked.json.status], [201, { allowed: false }]);
  const owner = await api.call(path, { body: { spec: { resourceAttributes } } });
  assert.deepEqual(owner.json.status, { allowed: true });
  const both = { resourceAttributes, nonResourceAttributes: { verb: 'get', path: '/x' } };
  for (const spec of [both, {}])
    assert.equal((await api.call(path, { body: { spec } })).status, 422);
});

test('a certificate of another CA, one that expired and one for servers are wrong credentials', async (t) => {
  const api = await apiServerFor(t);
  const foreign = await createAuthority({ commonName: 'elsewhere', nowMs: Date.now() });
  const issued = await issueCertificate(foreign, {
    commonName: 'eve',
    organizations: ['system:masters'],
    server: false,
    client: true,
    nowMs: Date.now(),
  });
  const strangers = [
    { cert: issued.certificate.pem, key: privateKeyPem(issued.keys.privateKey) },
    await certificateFor(api, 'late', ['system:masters'], { lifetimeMs: -2000 }),
    await certificateFor(api, 'server', ['system:masters'], { server: true }),
  ];
  for (const stranger of strangers) {
    for (const path of [maps, '/healthz']) {
      const { status, json } = await askAs(api, stranger, path);
      assert.deepEqual([status, json.reason], [401, 'Unauthorized']);
    }
  }
});

test('secrets are not in answers to those who may not read them', async (t) => {
  const api = await apiServerFor(t);
  const body = { metadata: { name: 's' }, stringData: { p: 'hunter2' } };
  await api.call('/api/v1/namespaces/default/secrets', { body });
  const refused = await api.call('/api/v1/namespaces/default/secrets/s', { anonymous: true });
  assert.equal(refused.status, 403);
  assert.ok(!refused.text.includes(Buffer.from('hunter2').toString('base64')));
});
