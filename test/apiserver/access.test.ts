import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpsRequest } from '#http/index.ts';
import { createAuthority, issueCertificate, parseAuthority, privateKeyPem } from '#pki/index.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiServerFor, type TestApiServer } from '../support/api-server.ts';

const maps = '/api/v1/namespaces/default/configmaps';

interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** A client certificate of the product's CA. */
async function identityOf(
  api: TestApiServer,
  commonName: string,
  organizations: readonly string[],
  extra: { readonly server?: boolean; readonly lifetimeMs?: number } = {},
): Promise<Identity> {
  const read = (name: string): string => readFileSync(join(api.directory, 'pki', name), 'utf8');
  const authority = parseAuthority(read('ca.crt'), read('ca.key'));
  const server = extra.server ?? false;
  const { certificate, keys } = await issueCertificate(authority, {
    commonName,
    organizations,
    server,
    client: !server,
    nowMs: Date.now(),
    ...(extra.lifetimeMs === undefined ? {} : { lifetimeMs: extra.lifetimeMs, backdateMs: 10_000 }),
  });
  return { cert: certificate.pem, key: privateKeyPem(keys.privateKey) };
}

async function ask(api: TestApiServer, identity: Identity, path: string, body?: object) {
  const answer = await httpsRequest({
    url: `${api.server.origin}${path}`,
    ca: api.files.ca,
    cert: identity.cert,
    key: identity.key,
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: JSON.parse(answer.body.toString()) };
}

test('a certificate without rights reads discovery and itself, and nothing else', async (t) => {
  const api = await apiServerFor(t);
  const bob = await identityOf(api, 'bob', ['team']);
  assert.equal((await ask(api, bob, '/apis')).status, 200);
  assert.equal((await ask(api, bob, '/openapi/v3')).status, 200);
  const refused = await ask(api, bob, maps);
  assert.equal(
    refused.json.message,
    'configmaps is forbidden: User "bob" cannot list resource "configmaps" in API group "" in the namespace "default"',
  );
  const path = await ask(api, bob, '/metrics');
  assert.deepEqual(
    [path.status, path.json.message],
    [403, 'forbidden: User "bob" cannot get path "/metrics"'],
  );
  const whoAmI = await ask(api, bob, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {});
  assert.equal(whoAmI.status, 201);
  const { userInfo } = whoAmI.json.status;
  assert.deepEqual([userInfo.username, userInfo.groups], ['bob', ['team', 'system:authenticated']]);
});

test('reviews of oneself tell the truth', async (t) => {
  const api = await apiServerFor(t);
  const bob = await identityOf(api, 'bob', []);
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const resourceAttributes = { verb: 'list', resource: 'secrets', namespace: 'default' };
  const asked = await ask(api, bob, path, { spec: { resourceAttributes } });
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
    await identityOf(api, 'late', ['system:masters'], { lifetimeMs: -2000 }),
    await identityOf(api, 'server', ['system:masters'], { server: true }),
  ];
  for (const stranger of strangers) {
    for (const path of [maps, '/healthz']) {
      const { status, json } = await ask(api, stranger, path);
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

test('acting as somebody else is refused instead of being ignored', async (t) => {
  const api = await apiServerFor(t);
  const answer = await api.call('/api/v1/namespaces/default/secrets', {
    headers: { 'Impersonate-User': 'bob' },
  });
  assert.deepEqual(
    [answer.status, answer.json.message],
    [403, 'users "bob" is forbidden: impersonation is not served here'],
  );
});
