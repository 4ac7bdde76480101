import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { silentLogger } from '#base/log.ts';
import { planRotation } from '../../../src/apiserver/access/tokens/key-rotation.ts';
import { TokenKeys } from '../../../src/apiserver/access/tokens/token-keys.ts';
import { askAs, tokenFor } from '../../support/api-identities.ts';
import { apiServerFor, type TestApiServer } from '../../support/api-server.ts';
import { systemClock } from '../../support/system.ts';
import { until } from '../../support/until.ts';

const accounts = '/api/v1/namespaces/default/serviceaccounts';
const reviews = '/apis/authentication.k8s.io/v1';

async function review(api: TestApiServer, spec: object) {
  const { status, json, text } = await api.call(`${reviews}/tokenreviews`, { body: { spec } });
  return { status, json, text };
}

test('a token is good for whom and as long as it says', async (t) => {
  const api = await apiServerFor(t);
  await api.call(accounts, { body: { metadata: { name: 'bot' } } });
  const asked = { spec: { audiences: ['vault'], expirationSeconds: 600 } };
  const made = await api.call(`${accounts}/bot/token`, { body: asked });
  assert.equal(made.status, 201);
  const { kind, metadata, spec, status } = made.json;
  const account = (await api.call(`${accounts}/bot`)).json;
  assert.deepEqual(
    [kind, metadata.name, metadata.namespace, metadata.uid, spec.expirationSeconds],
    ['TokenRequest', 'bot', 'default', account.metadata.uid, 600],
  );
  const payload = decodeJwt(status.token);
  assert.deepEqual(payload.aud, ['vault']);
  assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 600);
  assert.equal(Date.parse(status.expirationTimestamp) / 1000, payload.exp);
  // Made for somebody else: a wrong credential here.
  assert.equal((await askAs(api, { token: status.token }, '/version')).status, 401);
  const vault = await review(api, { token: status.token, audiences: ['vault', 'x'] });
  assert.deepEqual(
    [vault.status, vault.json.status.authenticated, vault.json.status.audiences],
    [201, true, ['vault']],
  );
  assert.equal(vault.json.status.user.username, 'system:serviceaccount:default:bot');
  assert.ok(!vault.text.includes(status.token), 'the token is not repeated');
});

test('outsiders check tokens with the published documents', async (t) => {
  const api = await apiServerFor(t);
  const token = await tokenFor(api, 'bot');
  const discovery = (await askAs(api, { token }, '/.well-known/openid-configuration')).json;
  assert.equal(discovery.issuer, api.server.origin);
  assert.ok(discovery.jwks_uri.startsWith(discovery.issuer));
  const keys = await askAs(api, { token }, new URL(discovery.jwks_uri).pathname);
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys.json), {
    issuer: discovery.issuer,
    audience: discovery.issuer,
    algorithms: discovery.id_token_signing_alg_values_supported,
  });
  assert.equal(payload.sub, 'system:serviceaccount:default:bot');
  const raw = await api.call('/openid/v1/jwks');
  assert.equal(raw.headers['content-type'], 'application/jwk-set+json');
  assert.equal(raw.headers['cache-control'], 'public, max-age=3600');
  assert.equal((await api.call('/openid/v1/jwks', { anonymous: true })).status, 403);
});

test('a token ends with its account, also when one of the same name takes its place', async (t) => {
  const api = await apiServerFor(t);
  const token = await tokenFor(api, 'bot');
  const whoAmI = () => askAs(api, { token }, `${reviews}/selfsubjectreviews`, { body: {} });
  const { status, json } = await whoAmI();
  assert.equal(status, 201);
  assert.deepEqual(json.status.userInfo.groups, [
    'system:serviceaccounts',
    'system:serviceaccounts:default',
    'system:authenticated',
  ]);
  await api.call(`${accounts}/bot`, { method: 'DELETE' });
  assert.equal((await whoAmI()).status, 401);
  await api.call(accounts, { body: { metadata: { name: 'bot' } } });
  assert.equal((await whoAmI()).status, 401);
  const { status: answer } = (await review(api, { token })).json;
  assert.deepEqual(answer, {
    user: {},
    error: '[invalid bearer token, service account token has been invalidated]',
  });
});

test('a token ends with the Secret it is bound to', async (t) => {
  const api = await apiServerFor(t);
  const secrets = '/api/v1/namespaces/default/secrets';
  const { json: secret } = await api.call(secrets, { body: { metadata: { name: 'laptop' } } });
  const reference = { kind: 'Secret', apiVersion: 'v1', name: 'laptop' };
  const token = await tokenFor(api, 'bot', { boundObjectRef: reference });
  const bound: unknown = decodeJwt(token)['kubernetes.io'];
  assert.deepEqual((bound as { secret: unknown }).secret, {
    name: 'laptop',
    uid: secret.metadata.uid,
  });
  assert.equal((await askAs(api, { token }, '/version')).status, 200);
  await api.call(`${secrets}/laptop`, { method: 'DELETE' });
  assert.equal((await askAs(api, { token }, '/version')).status, 401);
});

test('wrong token requests are refused in the words of Kubernetes', async (t) => {
  const api = await apiServerFor(t);
  await api.call(accounts, { body: { metadata: { name: 'bot' } } });
  await api.call('/api/v1/namespaces/default/secrets', { body: { metadata: { name: 's' } } });
  const reference = (of: object) => ({ spec: { boundObjectRef: { apiVersion: 'v1', ...of } } });
  const rows: readonly [string, object, number, string][] = [
    [
      'bot',
      { spec: { expirationSeconds: 599 } },
      422,
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    ],
    [
      'bot',
      { spec: { expirationSeconds: 2 ** 32 + 1 } },
      422,
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
    ],
    [
      'bot',
      { metadata: { name: 'other' } },
      422,
      'TokenRequest.authentication.k8s.io "bot" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified',
    ],
    ['gone', {}, 404, 'serviceaccounts "gone" not found'],
    ['bot', reference({ kind: 'Secret', name: 'gone' }), 404, 'secrets "gone" not found'],
    [
      'bot',
      reference({ kind: 'ConfigMap', name: 's' }),
      400,
      'cannot bind token to object of type /v1, Kind=ConfigMap',
    ],
    [
      'bot',
      reference({ kind: 'Secret', name: 's', uid: 'x' }),
      409,
      'Operation cannot be fulfilled on Secret "s": the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated',
    ],
    [
      'bot',
      { spec: { expirationSeconds: 'long' } },
      400,
      'expirationSeconds must be a whole number',
    ],
    ['bot', { spec: { audiences: 'vault' } }, 400, 'audiences must be a list of strings'],
  ];
  for (const [name, body, status, message] of rows) {
    const answer = await api.call(`${accounts}/${name}/token`, { body });
    assert.deepEqual([answer.status, answer.json.message], [status, message]);
  }
  assert.equal((await api.call(`${accounts}/bot/token`)).status, 405);
  const dry = await api.call(`${accounts}/bot/token?dryRun=All`, { body: {} });
  assert.deepEqual([dry.status, dry.json.status.token], [201, '']);
  const long = await api.call(`${accounts}/bot/token`, {
    body: { spec: { expirationSeconds: 2 ** 31 } },
  });
  assert.match(
    String(long.headers['warning']),
    /requested expiration of 2147483648 seconds shortened to 31536000 seconds/,
  );
  assert.equal(long.json.spec.expirationSeconds, 31_536_000);
});

test('wrong tokens are 401 everywhere, and an answer to a review', async (t) => {
  const api = await apiServerFor(t);
  const good = await tokenFor(api, 'bot');
  for (const token of ['rubbish', `${good}x`, good.slice(0, -10), 'a.b.c', `${good}.x`]) {
    assert.equal((await askAs(api, { token }, '/healthz')).status, 401, token);
    const { status, json } = await review(api, { token });
    assert.equal(status, 201);
    assert.equal(json.status.authenticated, undefined);
    assert.match(json.status.error, /^\[?invalid bearer token/);
  }
  const foreign = await review(api, { token: good, audiences: ['elsewhere'] });
  assert.match(foreign.json.status.error, /is invalid for the target audiences \["elsewhere"\]/);
  assert.equal((await review(api, {})).status, 400);
});

test('whoever keeps sending wrong tokens is made to wait; good ones in use go on', async (t) => {
  const api = await apiServerFor(t);
  const good = await tokenFor(api, 'bot');
  assert.equal((await askAs(api, { token: good }, '/version')).status, 200);
  const statuses = new Set<number>();
  for (let i = 0; i < 400 && !statuses.has(429); i++) {
    statuses.add((await askAs(api, { token: `wrong.token.${i}` }, '/version')).status);
  }
  assert.deepEqual([...statuses], [401, 429]);
  assert.equal((await askAs(api, { token: good }, '/version')).status, 200);
});

test('every namespace has its account, and gets it back', async (t) => {
  const api = await apiServerFor(t);
  await api.call('/api/v1/namespaces', { body: { metadata: { name: 'west' } } });
  const path = '/api/v1/namespaces/west/serviceaccounts/default';
  const uid = (): Promise<string> =>
    until(async () => {
      const { status, json } = await api.call(path);
      return status === 200 && String(json.metadata.uid);
    }, 'an account default');
  const first = await uid();
  await api.call(path, { method: 'DELETE' });
  assert.notEqual(await uid(), first);
});

test('keys rotate: published before they sign, kept until their tokens are over', () => {
  const times = { signMs: 100, publishMs: 10, tokenMs: 50 };
  const plan = (created: readonly number[], nowMs: number) => {
    const keys = created.map((createdMs) => ({ createdMs }));
    const { create, signing, expired } = planRotation(keys, nowMs, times);
    return [create, signing?.createdMs, expired.map(({ createdMs }) => createdMs)];
  };
  assert.deepEqual(plan([], 0), [true, undefined, []]);
  assert.deepEqual(plan([0], 0), [false, 0, []]);
  assert.deepEqual(plan([0], 99), [false, 0, []]);
  assert.deepEqual(plan([0], 100), [true, 0, []]);
  assert.deepEqual(plan([0, 100], 109), [false, 0, []]);
  assert.deepEqual(plan([0, 100], 110), [false, 100, []]);
  assert.deepEqual(plan([0, 100], 160), [false, 100, []]);
  assert.deepEqual(plan([0, 100], 161), [false, 100, [0]]);
});

test('keys survive a restart in files of their own; a removed file ends its tokens', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-keys-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const deps = { clock: systemClock, logger: silentLogger };
  const first = new TokenKeys(deps, { directory });
  await first.refresh();
  const [file = ''] = readdirSync(directory);
  assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600);
  const second = new TokenKeys(deps, { directory });
  await second.refresh();
  assert.deepEqual(
    second.all.map(({ kid }) => kid),
    [first.signing.kid],
  );
  rmSync(join(directory, file));
  await second.refresh();
  assert.notEqual(second.signing.kid, first.signing.kid);
  assert.equal(second.all.length, 1);
});
