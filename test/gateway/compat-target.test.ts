/** The face of kube-gateway before an API server: its keys from a Secret there, its reviews, its objects. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import type { TestContext } from 'node:test';
import { jwtVerify, SignJWT } from 'jose';
import { silentLogger } from '#base/log.ts';
import { noMetrics } from '#base/metrics.ts';
import { startCompatGateway } from '#gateway/index.ts';
import { KubeClient } from '#kubeclient/index.ts';
import { gatewayTarget, test } from '../support/gateway-target.ts';
import { accountToken } from '../support/kubernetes-account.ts';
import { rawHttp } from '../support/raw-http.ts';
import { systemClock } from '../support/system.ts';
import { until } from '../support/until.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keys = { namespace: 'default', name: 'kube-gateway-jwt' };
const map = '/k8s/api/v1/namespaces/default/configmaps/seen';
const mayMint = 'system:serviceaccount:default:minter';

async function bench(t: TestContext) {
  const target = await gatewayTarget(t);
  const { api, owner } = target;
  const client = new KubeClient(owner);
  t.after(() => client.close());
  const encoded = (text: string | Buffer): string => Buffer.from(text).toString('base64');
  const secrets = '/api/v1/namespaces/default/secrets';
  await api.call(`${secrets}/${keys.name}`, { method: 'DELETE' });
  const data = {
    'tls.crt': encoded(publicKey.export({ type: 'spki', format: 'pem' })),
    'tls.key': encoded(privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
  assert.equal(
    (await api.call(secrets, { body: { metadata: { name: keys.name }, data } })).status,
    201,
  );
  const maps = '/api/v1/namespaces/default/configmaps';
  await api.call(maps, { body: { metadata: { name: 'seen' }, data: { a: 'real' } } });
  for (const name of ['minter', 'nobody']) {
    await api.call('/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name } } });
  }
  const apiGroup = 'rbac.authorization.k8s.io';
  await api.call(`/apis/${apiGroup}/v1/clusterrolebindings`, {
    body: {
      metadata: { name: 'bot' },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'minter', namespace: 'default' }],
    },
  });
  await until(async () => {
    const spec = { user: mayMint, resourceAttributes: { verb: '*', resource: '*', group: '*' } };
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    return (await api.call(path, { body: { spec } })).json.status.allowed === true;
  }, 'what the minter may do');
  const gateway = await startCompatGateway(
    { clock: systemClock, log: silentLogger, metrics: noMetrics },
    {
      host: '127.0.0.1',
      port: 0,
      hosts: [],
      connection: owner,
      keys: {
        verification: { ...keys, item: 'tls.crt' },
        signing: { ...keys, item: 'tls.key' },
      },
      mints: true,
      apiPath: '/k8s/',
      basePath: '/',
      clientPath: '/noVNC/vnc_lite.html',
      audit: { failClosed: false },
    },
  );
  t.after(() => gateway.stop({ graceMs: 0 }));
  const send = (line: string, headers: readonly string[] = [], body = '') => {
    const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
    const head = [
      `${line} HTTP/1.1`,
      'Host: localhost',
      'Connection: close',
      ...headers,
      ...length,
    ];
    return rawHttp(gateway.port, `${head.join('\r\n')}\r\n\r\n${body}`);
  };
  const mintAs = async (name: string, body: object) => {
    const bearer = `Authorization: Bearer ${await accountToken(client, { ...keys, name })}`;
    const answer = await send('POST /auth/jwt/request', [bearer], JSON.stringify(body));
    return { status: answer.status, json: JSON.parse(answer.body) };
  };
  return { send, mintAs };
}

const cookie = (token: string): string => `Cookie: kg-jwt-session-code=${token}`;
const wanted = { URLs: ['/api/v1/namespaces/default/configmaps/*'] };

test('gateway acceptance 1, 2, 3 and 5: who may mint gets a token, and a link by which objects are seen', async (t) => {
  const { send, mintAs } = await bench(t);
  assert.equal((await mintAs('nobody', wanted)).status, 403);
  const { status, json } = await mintAs('minter', wanted);
  assert.equal(status, 200, JSON.stringify(json));
  assert.deepEqual(
    [json.ID, json.Verbs, json.Duration, json.URLs, json.Exp - json.NBf],
    ['', ['get'], '1h', wanted.URLs, 3600],
  );
  await jwtVerify(json.Token, publicKey, { algorithms: ['RS256'] });
  const page = await send(`GET /auth/jwt/set?token=${json.Token}&name=vm&namespace=ns`);
  assert.equal(page.status, 302);
  const set = /^set-cookie: (kg-jwt-session-code=[^;]+)/im.exec(page.head)?.[1];
  assert.ok(set);
  const seen = await send(`GET ${map}`, [`Cookie: ${set}`]);
  if (seen.status !== 200) console.error(seen);
  assert.deepEqual([seen.status, JSON.parse(seen.body).data], [200, { a: 'real' }]);
  const other = '/k8s/api/v1/namespaces/default/secrets';
  assert.equal((await send(`GET ${other}`, [`Cookie: ${set}`])).status, 403);
  assert.equal((await send(`DELETE ${map}`, [`Cookie: ${set}`])).status, 403);
  assert.equal((await send(`GET ${map}`, [`Cookie: ${set}`])).status, 200);
});

test('gateway acceptance 4, 31 and 35: tokens of the original open the same, without end or by other keys nothing', async (t) => {
  const { send } = await bench(t);
  const now = Math.floor(Date.now() / 1000);
  const claims = { ...wanted, exp: now + 60, id: '', nbf: now, verbs: ['get'] };
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const sign = (more: object, alg = 'RS256', key = privateKey): Promise<string> =>
    new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg, typ: 'JWT' }).sign(key);
  const original = await send(`GET ${map}`, [cookie(await sign({}))]);
  assert.deepEqual([original.status, JSON.parse(original.body).data], [200, { a: 'real' }]);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const refused = [
    await sign({ exp: undefined }),
    await sign({ exp: 0 }),
    await sign({}, 'PS256'),
    await sign({}, 'RS256', other),
    `${part({ alg: 'none' })}.${part(claims)}.`,
  ];
  for (const token of refused) {
    const { status, body } = await send(`GET ${map}`, [cookie(token)]);
    assert.ok(status === 401 || status === 410, `${status} ${token.slice(0, 40)}`);
    assert.doesNotMatch(body, /real/);
  }
});

test('gateway acceptance 33 and 55: what cannot be signed mints nothing, names that are more go nowhere', async (t) => {
  const { send, mintAs } = await bench(t);
  const strange = [{ ...wanted, Exp: 1 }, { ...wanted, urls: ['/b'] }, { URLs: ['/*'] }, {}];
  for (const body of strange) {
    const { status, json } = await mintAs('minter', body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal(json.Token, undefined);
  }
  const { json } = await mintAs('minter', wanted);
  for (const name of ['../../pods', 'a%2Fb', 'a?b=c', 'vm%23', '']) {
    const { status, head } = await send(
      `GET /auth/jwt/set?token=${json.Token}&name=${name}&namespace=ns`,
    );
    assert.equal(status, 400, name);
    assert.doesNotMatch(head, /set-cookie|location/i);
  }
});
