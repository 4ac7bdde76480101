/** What a kubeconfig may say beside a server and a token: nothing of it is passed over. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connectionFromKubeconfig, KubeClient } from '#kubeclient/index.ts';

function kubeconfig(user: object, cluster: object = {}): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://host:6440', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

const connection = (user: object, cluster?: object) =>
  connectionFromKubeconfig({ text: kubeconfig(user, cluster) });

/** A server that keeps the header lines of what it is asked. */
async function listening(t: TestContext) {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('impersonation is whole: user, uid, groups line by line, and extra', async (t) => {
  const { asked, url } = await listening(t);
  const user = {
    token: 'secret',
    as: 'ann',
    'as-uid': '7',
    'as-groups': ['dev', 'ops'],
    'as-user-extra': { 'Example.com/Scopes': ['a', 'b'] },
  };
  const cluster = { server: url, 'insecure-skip-tls-verify': true };
  const found = await connection(user, cluster);
  assert.deepEqual([found.impersonates, found.insecure, found.proxied], [true, true, false]);
  const client = new KubeClient(found);
  t.after(() => client.close());
  await client.raw({ method: 'GET', path: '/version' });
  const { headersDistinct } = asked[0]!;
  assert.deepEqual(headersDistinct['impersonate-user'], ['ann']);
  assert.deepEqual(headersDistinct['impersonate-uid'], ['7']);
  assert.deepEqual(headersDistinct['impersonate-group'], ['dev', 'ops']);
  assert.deepEqual(headersDistinct['impersonate-extra-example.com%2fscopes'], ['a', 'b']);
  assert.deepEqual(headersDistinct['authorization'], ['Bearer secret']);
});

test('who would be somebody else than the kubeconfig says is refused', async () => {
  const rows: readonly [object, RegExp][] = [
    [{ 'as-groups': ['dev'] }, /user "u": as-uid, as-groups and as-user-extra need as/],
    [{ as: '', 'as-uid': '7' }, /need as, the name of the user/],
    [{ as: 'ann', 'as-groups': 'dev' }, /as-groups is no list/],
    [{ as: 'ann', 'as-groups': ['a\nImpersonate-Group: b'] }, /as-groups must be text/],
    [{ as: 'ann\r\nX: y' }, /as must be text in printable ASCII/],
    [{ as: 'ann', 'as-user-extra': ['a'] }, /as-user-extra is no map of lists/],
    [{ 'auth-provider': { name: 'openstack' } }, /auth-provider "openstack" is not known: use/],
  ];
  for (const [user, message] of rows) {
    await assert.rejects(connection(user), { code: 'KUBE_CONFIG', message });
  }
  const plain = await connection({ token: 'x' });
  assert.deepEqual([plain.impersonates, plain.insecure, plain.proxied], [false, false, false]);
  const proxied = await connection({ token: 'x' }, { 'proxy-url': 'http://127.0.0.1:1' });
  assert.equal(proxied.proxied, true);
});

for (const variable of [undefined, '']) {
  test(`without a kubeconfig, KUBECONFIG ${variable === '' ? 'empty' : 'unset'}, there is a connection`, async (t) => {
    const { HOME, KUBECONFIG } = process.env;
    t.after(() => {
      for (const [name, value] of Object.entries({ HOME, KUBECONFIG })) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    });
    process.env['HOME'] = '/nonexistent';
    if (variable === undefined) delete process.env['KUBECONFIG'];
    else process.env['KUBECONFIG'] = variable;
    const found = await connectionFromKubeconfig();
    assert.match(found.server, /^https?:/);
    assert.equal(found.impersonates, false);
  });
}
