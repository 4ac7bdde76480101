/** Kubeconfigs of the gateway itself: what it honours, and what it refuses to start with. */
import assert from 'node:assert/strict';
import { connectionFromKubeconfig, type KubeConnection } from '#kubeclient/index.ts';
import { GatewayError } from '#gateway/index.ts';
import { Upstream } from '#gateway/proxy/upstream.ts';
import type { AskedApi } from '../support/api-server.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { gatewayTarget, test } from '../support/gateway-target.ts';
import { gatewayWorld } from '../support/gateway-world.ts';

const listMaps = { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] };
const maps = '/k8s/api/v1/namespaces/default/configmaps';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

type Change = Readonly<Record<'cluster' | 'user', object>>;

/** The owner's kubeconfig, changed. */
async function ownerBy(api: AskedApi, change: Partial<Change>): Promise<KubeConnection> {
  const { ca, adminCert, adminKey } = api.files;
  const cluster = { server: api.server.origin, 'certificate-authority-data': base64(ca) };
  const user = {
    'client-certificate-data': base64(adminCert),
    'client-key-data': base64(adminKey),
  };
  const text = JSON.stringify({
    clusters: [{ name: 'c', cluster: { ...cluster, ...change.cluster } }],
    users: [{ name: 'u', user: { ...user, ...change.user } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
  return connectionFromKubeconfig({ text });
}

test('a gateway does not start with a kubeconfig that it would not do justice', async (t) => {
  const { api } = await gatewayTarget(t);
  const proxy = await startConnectProxy(t);
  const proxyUrl = `http://127.0.0.1:${proxy.port}`;
  const rows: readonly [Partial<Change>, RegExp][] = [
    [
      { cluster: { 'proxy-url': proxyUrl } },
      /cluster east names a proxy \(proxy-url\).*take it out/,
    ],
    [{ cluster: { 'proxy-url': 'socks5://127.0.0.1:1' } }, /names a proxy \(proxy-url\)/],
    [{ user: { as: 'ann' } }, /cluster east impersonates somebody \(as\).*bind the rights/],
  ];
  for (const [change, message] of rows) {
    const connection = await ownerBy(api, change);
    const options = { clusters: new Map([['east', connection]]) };
    await assert.rejects(gatewayWorld(t, { options }), (thrown) => {
      assert.ok(thrown instanceof GatewayError && thrown.code === 'GATEWAY_CONFIG');
      assert.match(thrown.message, message);
      return true;
    });
  }
  assert.deepEqual(proxy.asked, []);
});

test('the name and the check of the certificate, and plugins, are as the kubeconfig says', async (t) => {
  const { api } = await gatewayTarget(t);
  const { adminCert: clientCertificateData, adminKey: clientKeyData } = api.files;
  const [apiVersion, kind] = ['client.authentication.k8s.io/v1', 'ExecCredential'];
  const answer = { apiVersion, kind, status: { clientCertificateData, clientKeyData } };
  const args = ['%s', JSON.stringify(answer)];
  const exec = { apiVersion, command: 'printf', args, interactiveMode: 'Never' };
  const bare = { 'client-certificate-data': undefined, 'client-key-data': undefined };
  const other = { 'tls-server-name': 'other.example' };
  const unchecked = { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true };
  const rows: readonly [Partial<Change>, number][] = [
    [{}, 200],
    [{ cluster: { 'tls-server-name': 'localhost' } }, 200],
    [{ cluster: other }, 502],
    [{ cluster: { 'certificate-authority-data': undefined } }, 502],
    [{ cluster: { ...unchecked, ...other } }, 200],
    [{ user: { ...bare, exec } }, 200],
    [{ user: { ...bare, exec: { ...exec, command: 'false' } } }, 502],
  ];
  for (const [change, status] of rows) {
    const world = await gatewayWorld(t, { connection: await ownerBy(api, change) });
    const token = await world.grant('g', { rules: [listMaps], usesAllowed: 9 });
    const got = await world.call(maps, { token });
    assert.equal(
      got.status,
      status,
      `${Object.keys({ ...change.cluster, ...change.user }).join()} ${got.body.toString()}`,
    );
    await world.gateway.stop({ graceMs: 100 });
  }
});

test('streams ask the server by the same name', async (t) => {
  const { api } = await gatewayTarget(t);
  const head = { method: 'GET', path: '/version', headers: ['Host', 'x'] };
  const outcome = async (cluster: object): Promise<unknown> => {
    const upstream = new Upstream('east', await ownerBy(api, { cluster }));
    t.after(() => upstream.close());
    const out = upstream.open(await upstream.credentials(), head);
    return new Promise((resolve) => {
      out.once('response', (answer) => resolve(answer.resume().statusCode));
      out.once('error', (error) => resolve((error as NodeJS.ErrnoException).code));
      out.end();
    });
  };
  assert.equal(await outcome({ 'tls-server-name': 'localhost' }), 200);
  assert.equal(
    await outcome({ 'tls-server-name': 'other.example' }),
    'ERR_TLS_CERT_ALTNAME_INVALID',
  );
});
