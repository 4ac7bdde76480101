import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Cluster, makeCluster, type TestRouter } from '../support/router-cluster.ts';
import {
  checkBulk,
  checkManyEchoes,
  listenerPort,
  offer,
  open,
  serveDigests,
} from '../support/router-services.ts';
import { dial, digestAll, echo, readAll, sendRandom, serve } from '../support/router-tcp.ts';
import { until } from '../support/until.ts';

const megabytes50 = 50 * 1024 * 1024;

async function pair(t: TestContext): Promise<{ cluster: Cluster; a: TestRouter; b: TestRouter }> {
  const cluster = await makeCluster(t);
  const a = await cluster.add('A');
  const b = await cluster.add('B');
  await cluster.link(a, b);
  await cluster.converged();
  return { cluster, a, b };
}

test('octets cross a mutual TLS link unchanged in both directions', async (t) => {
  const { a, b } = await pair(t);
  const server = await serveDigests(t, megabytes50);
  for (const [near, far, address] of [
    [a, b, 'one'],
    [b, a, 'two'],
  ] as const) {
    await offer(far, address, server.server.port);
    await checkBulk(await dial(await open(near, address), t), server, megabytes50);
  }
});

test('a client that half-closes still gets the answer', async (t) => {
  const { a, b } = await pair(t);
  const server = await serve(t, (socket) => {
    void readAll(socket).then((request) => socket.end(`got ${request.toString()}`));
  });
  await offer(b, 'svc', server.port);
  const client = await dial(await open(a, 'svc'), t);
  client.end('question');
  assert.equal((await readAll(client)).toString(), 'got question');
});

test('a server that half-closes still gets the rest of the request', async (t) => {
  const { a, b } = await pair(t);
  let request: Promise<Buffer> | undefined;
  const server = await serve(t, (socket) => {
    request = readAll(socket);
    socket.end('bye');
  });
  await offer(b, 'svc', server.port);
  const client = await dial(await open(a, 'svc'), t);
  assert.equal((await readAll(client)).toString(), 'bye');
  client.end('still here');
  assert.equal((await request)?.toString(), 'still here');
});

test('a server that cannot be reached closes the client without data', async (t) => {
  const { a, b } = await pair(t);
  const server = await serve(t, echo);
  server.close();
  await offer(b, 'svc', server.port);
  const client = await dial(await open(a, 'svc'), t);
  assert.equal((await readAll(client)).length, 0);
});

test('a reset of the server reaches the client as a close, with the data sent before', async (t) => {
  const { a, b } = await pair(t);
  const server = await serve(t, (socket) => {
    socket.write('partial');
    socket.once('data', () => socket.resetAndDestroy());
  });
  await offer(b, 'svc', server.port);
  const client = await dial(await open(a, 'svc'), t);
  const all = readAll(client);
  await once(client, 'data');
  client.write('go');
  assert.equal((await all).toString(), 'partial');
});

test('a reset of the client reaches the server', async (t) => {
  const { a, b } = await pair(t);
  const server = await serve(t, echo);
  await offer(b, 'svc', server.port);
  const client = await dial(await open(a, 'svc'), t);
  client.write('hello');
  await once(client, 'data');
  assert.equal(server.sockets.size, 1);
  client.resetAndDestroy();
  await until(() => server.sockets.size === 0, 'server socket is closed');
});

test('500 connections at one time keep their data apart', async (t) => {
  const { a, b } = await pair(t);
  const server = await serve(t, echo);
  await offer(b, 'svc', server.port);
  const port = await open(a, 'svc');
  await checkManyEchoes(t, port, 500);
  const { counters, exchanges } = a.bridge.listeners.shelf.get('svc')!.item;
  await until(() => exchanges.size === 0, 'all exchanges are gone');
  assert.deepEqual([counters.connectionsOpened, counters.connectionsClosed], [500, 500]);
  await until(() => a.router.addresses.localNames === 0, 'reply addresses are gone');
});

test('listener and connector of one router need no link', async (t) => {
  const cluster = await makeCluster(t);
  const a = await cluster.add('A');
  const server = await serve(t, echo);
  await offer(a, 'svc', server.port);
  const client = await dial(await open(a, 'svc'), t);
  const received = digestAll(client);
  const sent = await sendRandom(client, megabytes50);
  assert.deepEqual(await received, { bytes: megabytes50, sha256: sent });
});

test('streams pass through a router in the middle', async (t) => {
  const cluster = await makeCluster(t);
  const a = await cluster.add('A');
  const middle = await cluster.add('M');
  const c = await cluster.add('C');
  await cluster.link(a, middle);
  await cluster.link(c, middle);
  await cluster.converged();
  const server = await serve(t, echo);
  await offer(c, 'svc', server.port);
  const client = await dial(await open(a, 'svc'), t);
  const received = digestAll(client);
  const sent = await sendRandom(client, megabytes50);
  assert.deepEqual(await received, { bytes: megabytes50, sha256: sent });
});

test('a cut link closes its streams, and the service comes back with the link', async (t) => {
  const { cluster, a, b } = await pair(t);
  const server = await serve(t, echo);
  await offer(b, 'svc', server.port);
  const port = await open(a, 'svc');
  const client = await dial(port, t);
  client.write('hello');
  await once(client, 'data');
  const closed = once(client, 'close');
  await a.remove('connector', 'to-B');
  client.end();
  await closed;
  await until(() => server.sockets.size === 0, 'server socket is closed');
  await until(
    () => a.bridge.listeners.shelf.get('svc')?.item.operStatus === 'down',
    'listener is closed',
  );
  const refused = connect({ port, host: '127.0.0.1' });
  await assert.rejects(once(refused, 'connect'), { code: 'ECONNREFUSED' });
  await cluster.link(a, b);
  const again = await dial(await listenerPort(a, 'svc'), t);
  again.end('back');
  assert.equal((await readAll(again)).toString(), 'back');
});

test('a slow reader holds back its own stream only, in bounded memory', async (t) => {
  const { a, b } = await pair(t);
  const server = await serve(t, (socket) => {
    socket.write(Buffer.alloc(64 * 1024 * 1024));
  });
  await offer(b, 'svc', server.port);
  const echoServer = await serve(t, echo);
  await offer(b, 'echo', echoServer.port);
  const slow = await dial(await open(a, 'svc'), t);
  slow.pause();
  const connector = b.bridge.connectors.shelf.get('svc')!.item;
  await until(() => connector.counters.bytesIn > 1_000_000, 'the window is full');
  const quick = await dial(await open(a, 'echo'), t);
  quick.end('quick');
  assert.equal((await readAll(quick)).toString(), 'quick');
  assert.ok(connector.counters.bytesIn < 8_000_000, `read ${connector.counters.bytesIn}`);
});
