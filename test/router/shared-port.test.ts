/** Two routers listen on one port for the same clients. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { makeCluster, type TestRouter } from '../support/router-cluster.ts';
import { listenerPort, offer } from '../support/router-services.ts';
import { dial, echo, readAll, serve } from '../support/router-tcp.ts';
import { until } from '../support/until.ts';
import { freePort } from '../support/up-sites.ts';

const skip = process.platform === 'linux' ? false : 'ports are shared so on Linux';

async function answersTo(socket: Socket): Promise<void> {
  const answer = once(socket, 'data');
  socket.write('ping');
  const [data] = (await answer) as [Buffer];
  assert.equal(data.toString(), 'ping');
}

function share(router: TestRouter, sharePort: boolean): void {
  const { shelf } = router.bridge.listeners;
  router.bridge.listeners.update(shelf.get('svc')?.identity ?? '', { sharePort });
}

test('a port is shared once both say so, and no connection is lost for it', { skip }, async (t) => {
  const cluster = await makeCluster(t);
  const [one, two] = [await cluster.add('A'), await cluster.add('B')];
  await cluster.link(one, two);
  await cluster.converged();
  const server = await serve(t, echo);
  await offer(one, 'svc', server.port);
  const at = { host: '127.0.0.1', port: String(await freePort()), address: 'svc' };
  await one.create('tcpListener', 'svc', at);
  const port = await listenerPort(one, 'svc');
  const held = await dial(port, t);
  await answersTo(held);

  await two.create('tcpListener', 'svc', at);
  const item = two.bridge.listeners.shelf.get('svc')!.item;
  await until(() => item.connectionMsg.includes('EADDRINUSE'), 'the port is taken');
  share(two, true);
  assert.equal(item.operStatus, 'down', 'one of two is not enough');
  share(one, true);
  await until(() => item.operStatus === 'up', 'both listen');
  await answersTo(held);

  // The first one stops listening: every connection comes to the second.
  await one.remove('tcpListener', 'svc');
  assert.equal((await readAll(held)).length, 0);
  const next = await dial(port, t);
  await answersTo(next);
  assert.ok(item.counters.connectionsOpened > 0);

  share(two, false);
  await answersTo(next);
  await one.create('tcpListener', 'svc', { ...at, sharePort: true });
  const other = one.bridge.listeners.shelf.get('svc')!.item;
  await until(() => other.connectionMsg.includes('EADDRINUSE'), 'not shared any more');
});
