import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { Agent, get } from 'node:https';
import { test } from 'node:test';
import { createAuthority, issueCertificate, privateKeyPem } from '#pki/index.ts';
import { askAs, certificateFor, grantTo } from '../../support/api-identities.ts';
import { apiServerFor, type TestApiServer } from '../../support/api-server.ts';

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

const revoked = '/api/v1/namespaces/kube-system/configmaps';
const listOf = (...keys: readonly string[]) => ({
  body: {
    metadata: { name: 'drawbridge-revoked-users' },
    data: Object.fromEntries(keys.map((key) => [key, 'lost laptop'])),
  },
});

test('a revoked certificate is refused from the next request on, and its watches end', async (t) => {
  const api = await apiServerFor(t);
  const [bob, eve] = [await certificateFor(api, 'bob'), await certificateFor(api, 'eve')];
  await grantTo(api, 'maps', 'bob', [
    { verbs: ['watch'], apiGroups: [''], resources: ['configmaps'] },
  ]);
  const watch = await openWatch(api, bob, `${maps}?watch=1`);
  const serial = new X509Certificate(bob.cert).serialNumber;
  assert.equal((await api.call(revoked, listOf(serial))).status, 201);
  await watch.ended;
  for (let i = 0; i < 2; i++) assert.equal((await askAs(api, bob, '/version')).status, 401);
  assert.equal((await askAs(api, eve, '/version')).status, 200);
  const path = `${revoked}/drawbridge-revoked-users`;
  const fingerprint = new X509Certificate(eve.cert).fingerprint256.replaceAll(':', '-');
  assert.equal((await api.call(path, { method: 'PUT', ...listOf(fingerprint) })).status, 200);
  assert.equal((await askAs(api, eve, '/version')).status, 401);
  assert.equal((await askAs(api, bob, '/version')).status, 200);
  await api.call(path, { method: 'DELETE' });
  assert.equal((await askAs(api, eve, '/version')).status, 200);
});

test('a list of revoked certificates that could not match is refused', async (t) => {
  const api = await apiServerFor(t);
  const wrong = await api.call(revoked, listOf('bob'));
  assert.deepEqual(
    [wrong.status, wrong.json.message],
    [
      422,
      'ConfigMap "drawbridge-revoked-users" is invalid: data: Invalid value: "bob": must be the serial number or SHA-256 fingerprint of a certificate in hex',
    ],
  );
});

test('a connection does not outlive the certificate it was opened with', async (t) => {
  let nowMs = Date.now();
  const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() };
  const api = await apiServerFor(t, { deps: { clock } });
  const bob = await certificateFor(api, 'bob');
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: api.files.ca, ...bob });
  t.after(() => agent.destroy());
  const status = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      get(`${api.server.origin}/version`, { agent }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      }).on('error', reject);
    });
  assert.equal(await status(), 200);
  nowMs = Date.parse(new X509Certificate(bob.cert).validTo);
  assert.equal(await status(), 401);
});

/** A watch that was answered. */
async function openWatch(
  api: TestApiServer,
  identity: { readonly cert: string; readonly key: string },
  path: string,
): Promise<{ readonly ended: Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<{ ended: Promise<void> }>();
  const request = get(
    `${api.server.origin}${path}`,
    { ca: api.files.ca, ...identity },
    (answer) => {
      assert.equal(answer.statusCode, 200);
      answer.resume().on('error', () => undefined);
      resolve({ ended: new Promise((end) => answer.on('close', () => end())) });
    },
  );
  request.on('error', () => undefined);
  return promise;
}
