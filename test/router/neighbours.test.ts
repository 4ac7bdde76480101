import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCluster } from '../support/router-cluster.ts';
import { offer, open } from '../support/router-services.ts';
import { dial, echo, readAll, serve } from '../support/router-tcp.ts';
import { until } from '../support/until.ts';

test('two fresh routers know each other and a service soon after the first byte', async (t) => {
  const cluster = await makeCluster(t);
  const a = await cluster.add('A');
  const b = await cluster.add('B');
  const server = await serve(t, echo);
  await offer(b, 'svc', server.port);
  await a.create('tcpListener', 'svc', { address: 'svc', host: '127.0.0.1', port: '0' });
  const begun = performance.now();
  await cluster.link(a, b);
  const listener = a.bridge.listeners.shelf.get('svc')!.item;
  await until(() => listener.operStatus === 'up', 'the service is reachable');
  // Generous for a busy machine; with the upstream timers it would take seconds.
  assert.ok(performance.now() - begun < 1000, `took ${performance.now() - begun} ms`);
});

test('routers that dial each other keep one link, and use the other when it fails', async (t) => {
  const cluster = await makeCluster(t);
  const a = await cluster.add('A');
  const b = await cluster.add('B');
  await cluster.link(a, b);
  await cluster.link(b, a);
  await cluster.converged();
  await until(() => a.router.peering.size === 2, 'both are open');
  const used = (): number | undefined => a.router.driver.engine.connectionTo('B');
  const usedByB = (): number | undefined => b.router.driver.engine.connectionTo('A');
  const passed = async (ms: number): Promise<void> => {
    const begun = performance.now();
    await until(() => performance.now() - begun > ms, 'time passes');
  };
  // Both may begin on different ones; they agree with the next HELLO.
  await passed(1200);
  const before = [used(), usedByB()];
  const server = await serve(t, echo);
  await offer(b, 'svc', server.port);
  const port = await open(a, 'svc');
  // Several HELLO intervals: a router that used both by turns would show here.
  await passed(2500);
  assert.deepEqual([used(), usedByB()], before);
  await a.remove('connector', 'to-B');
  const client = await until(() => dial(port, t), 'the service is still there');
  client.end('hello');
  assert.equal((await readAll(client)).toString(), 'hello');
});

test('a service with two connectors spreads its connections', async (t) => {
  const cluster = await makeCluster(t);
  const hub = await cluster.add('HUB');
  const counts = [0, 0];
  for (const index of [0, 1]) {
    const far = await cluster.add(`FAR${index}`);
    await cluster.link(far, hub);
    const server = await serve(t, (socket) => {
      counts[index] = (counts[index] ?? 0) + 1;
      echo(socket);
    });
    await offer(far, 'svc', server.port);
  }
  await cluster.converged();
  const port = await open(hub, 'svc');
  await until(() => hub.router.driver.engine.remoteCount('Msvc') === 2, 'both are known');
  const clients = await Promise.all(Array.from({ length: 10 }, () => dial(port, t)));
  for (const client of clients) client.write('x');
  await until(() => (counts[0] ?? 0) + (counts[1] ?? 0) === 10, 'all are connected');
  assert.deepEqual(counts, [5, 5]);
  for (const client of clients) client.end();
  await Promise.all(clients.map(readAll));
});

test('a router with our own id is refused', async (t) => {
  const cluster = await makeCluster(t);
  const a = await cluster.add('SAME');
  const b = await cluster.add('SAME');
  await cluster.link(a, b);
  const connector = a.router.connectors.shelf.get('to-SAME')!.item;
  await until(() => a.router.connections.size === 0 && !connector.up, 'the link is closed');
  assert.equal(b.router.peering.size, 0);
});
