import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { makeCluster } from '../support/router-cluster.ts';
import { checkManyEchoes, offer, open } from '../support/router-services.ts';
import { echo, serve } from '../support/router-tcp.ts';
import { until } from '../support/until.ts';

async function pair(t: TestContext) {
  const cluster = await makeCluster(t);
  return { cluster, a: await cluster.add('A'), b: await cluster.add('B') };
}

test('acceptance 28: a link goes through an HTTP proxy, with mutual TLS inside', async (t) => {
  const { cluster, a, b } = await pair(t);
  const proxy = await startConnectProxy(t, 'me:s3cret');
  const file = join(cluster.certificates.directory, 'password.txt');
  writeFileSync(file, 's3cret\n');
  const address = { host: '127.0.0.1', port: String(proxy.port) };
  await a.create('proxyProfile', 'p', { ...address, username: 'me', password: `file:${file}` });
  await cluster.link(a, b, { proxyProfile: 'p' });
  await cluster.converged();
  const server = await serve(t, echo);
  await offer(b, 'svc', server.port);
  await checkManyEchoes(t, await open(a, 'svc'), 20);
  assert.deepEqual([...new Set(proxy.asked)], [`127.0.0.1:${b.linkPort}`]);
});

test('a proxy that refuses is told, without the password, and asked again when it is right', async (t) => {
  const { cluster, a, b } = await pair(t);
  const proxy = await startConnectProxy(t, 'me:right');
  const address = { host: '127.0.0.1', port: String(proxy.port), username: 'me' };
  await a.create('proxyProfile', 'p', { ...address, password: 'pass:wr0ng' });
  await cluster.link(a, b, { proxyProfile: 'p' });
  const connector = a.router.connectors.shelf.get('to-B')!.item;
  await until(() => connector.connectionMsg.includes('407'), 'the answer of the proxy is told');
  assert.match(connector.connectionMsg, /through the proxy 127\.0\.0\.1:\d+: the proxy answered/u);
  const kind = a.router.kinds.get('proxyProfile')!;
  const [shown] = [...kind.entities()];
  assert.ok(shown);
  assert.equal(shown.attributes['password'], null);
  assert.doesNotMatch(connector.connectionMsg, /wr0ng/u);
  await kind.update!(shown.identity, { password: 'pass:right' });
  await cluster.converged();
});

test('a proxyProfile that is not there is named', async (t) => {
  const { cluster, a, b } = await pair(t);
  await cluster.link(a, b, { proxyProfile: 'nosuch' });
  const connector = a.router.connectors.shelf.get('to-B')!.item;
  await until(() => connector.connectionMsg.includes('no proxyProfile named nosuch'), 'it is told');
});

for (const [what, answer, said] of [
  ['no HTTP', 'SSH-2.0-teapot\r\n\r\n', 'does not speak HTTP'],
  ['an endless answer', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(10_000)}`, 'too long'],
  ['silence and an end', undefined, 'closed the connection'],
] as const) {
  test(`a proxy with ${what} is given up`, async (t) => {
    const { cluster, a, b } = await pair(t);
    const answering = (socket: Socket): void => {
      socket.on('error', () => undefined);
      socket.once('data', () => (answer === undefined ? socket.end() : socket.write(answer)));
    };
    const server = createServer(answering);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    await a.create('proxyProfile', 'p', { host: '127.0.0.1', port: String(port) });
    await cluster.link(a, b, { proxyProfile: 'p' });
    const connector = a.router.connectors.shelf.get('to-B')!.item;
    await until(() => connector.connectionMsg.includes(said), `it says "${said}"`);
  });
}
