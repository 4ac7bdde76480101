import assert from 'node:assert/strict';
import { once } from 'node:events';
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
import { dial, echo, readAll, serve } from '../support/router-tcp.ts';
import { until } from '../support/until.ts';

const megabytes20 = 20 * 1024 * 1024;

interface Parts {
  readonly cluster: Cluster;
  readonly interior: TestRouter;
  readonly edge: TestRouter;
}

async function attached(t: TestContext): Promise<Parts> {
  const cluster = await makeCluster(t);
  const interior = await cluster.add('I');
  const edge = await cluster.add('E', { mode: 'edge' });
  await cluster.link(edge, interior);
  return { cluster, interior, edge };
}

async function answers(t: TestContext, port: number): Promise<void> {
  const client = await dial(port, t);
  client.end('hello');
  assert.equal((await readAll(client)).toString(), 'hello');
}

/** A key of the interior router with its mesh, as other routers are told. */
function published(router: TestRouter, key: string): boolean {
  return router.router.driver.engine.addresses().some((view) => view.key === key && view.local);
}

test('services of an edge router and of its interior router work both ways', async (t) => {
  const { interior, edge } = await attached(t);
  const server = await serveDigests(t, megabytes20);
  for (const [near, far, address] of [
    [edge, interior, 'inside'],
    [interior, edge, 'outside'],
  ] as const) {
    await offer(far, address, server.server.port);
    await checkBulk(await dial(await open(near, address), t), server, megabytes20);
  }
});

test('many connections through an edge router leave nothing behind', async (t) => {
  const { interior, edge } = await attached(t);
  const server = await serve(t, echo);
  await offer(interior, 'svc', server.port);
  await checkManyEchoes(t, await open(edge, 'svc'), 200);
  const { exchanges } = edge.bridge.listeners.shelf.get('svc')!.item;
  await until(() => exchanges.size === 0, 'all exchanges are gone');
  await until(() => edge.router.addresses.localNames === 0, 'reply addresses are gone');
});

test('an edge reaches a router beyond its interior router, and is reached from there', async (t) => {
  const { cluster, interior, edge } = await attached(t);
  const beyond = await cluster.add('B');
  await cluster.link(beyond, interior);
  await cluster.converged();
  const server = await serve(t, echo);
  await offer(beyond, 'there', server.port);
  await answers(t, await open(edge, 'there'));
  await offer(edge, 'here', server.port);
  await answers(t, await open(beyond, 'here'));
});

test('two edges of one interior router reach each other', async (t) => {
  const { cluster, interior, edge } = await attached(t);
  const other = await cluster.add('F', { mode: 'edge' });
  await cluster.link(other, interior);
  const server = await serve(t, echo);
  await offer(other, 'svc', server.port);
  await answers(t, await open(edge, 'svc'));
});

test('what an edge offers is no destination for the edge itself', async (t) => {
  const { interior, edge } = await attached(t);
  const server = await serve(t, echo);
  await offer(edge, 'own', server.port);
  await edge.create('tcpListener', 'own', { address: 'own', host: '127.0.0.1', port: '0' });
  await answers(t, await listenerPort(edge, 'own'));
  await until(() => published(interior, 'Mown'), 'the interior router has the address');
  await edge.remove('tcpConnector', 'own');
  const listener = edge.bridge.listeners.shelf.get('own')!.item;
  await until(() => listener.operStatus === 'down', 'the listener is closed');
  await until(() => !published(interior, 'Mown'), 'the address is withdrawn');
});

test('a lost edge is forgotten, and its services return with it', async (t) => {
  const { cluster, interior, edge } = await attached(t);
  const server = await serve(t, echo);
  await offer(edge, 'svc', server.port);
  await offer(interior, 'core', server.port);
  await open(edge, 'core');
  const port = await open(interior, 'svc');
  const client = await dial(port, t);
  client.write('hello');
  await once(client, 'data');
  const closed = once(client, 'close');
  await edge.remove('connector', 'to-I');
  client.end();
  await closed;
  await until(() => !published(interior, 'HE'), 'the edge is forgotten');
  await until(
    () => edge.bridge.listeners.shelf.get('core')!.item.operStatus === 'down',
    'the listener of the edge is closed',
  );
  await cluster.link(edge, interior);
  await answers(t, await listenerPort(interior, 'svc'));
  await answers(t, await listenerPort(edge, 'core'));
});

test('a second uplink takes over when the first is lost', async (t) => {
  const { cluster, interior, edge } = await attached(t);
  const second = await cluster.add('J');
  await cluster.link(second, interior);
  await cluster.converged();
  const server = await serve(t, echo);
  await offer(interior, 'svc', server.port);
  await answers(t, await open(edge, 'svc'));
  await cluster.link(edge, second);
  await until(
    () => edge.router.connectors.shelf.get('to-J')?.item.up === true,
    'the spare is connected',
  );
  assert.ok(!published(second, 'HE'), 'a spare carries nothing');
  await edge.remove('connector', 'to-I');
  await until(() => published(second, 'HE'), 'the spare is in use');
  await answers(t, await listenerPort(edge, 'svc'));
});

test('roles that do not go with the mode are refused', async (t) => {
  const { interior, edge } = await attached(t);
  const common = { host: '127.0.0.1', port: '0' };
  await assert.rejects(edge.create('listener', 'x', { ...common, role: 'edge' }), /mode edge/u);
  const connector = { host: '127.0.0.1', port: '1' };
  await assert.rejects(
    edge.create('connector', 'x', { ...connector, role: 'inter-router' }),
    /mode edge/u,
  );
  await assert.rejects(
    interior.create('connector', 'x', { ...connector, role: 'edge' }),
    /mode interior/u,
  );
});
