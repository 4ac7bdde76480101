import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connector, link, listener } from '#apis/index.ts';
import { service } from '#kube/index.ts';
import { until } from '../support/until.ts';
import {
  addressOf,
  createLink,
  createOpenSite,
  echoes,
  echoServer,
  newConnector,
  newListener,
} from './site-objects.ts';
import { siteWorld } from './site-world.ts';

test('a Link between two sites becomes Ready and a service crosses it', async (t) => {
  const world = await siteWorld(t, process.env['LOG'] ? { log: (await import('#telemetry/index.ts')).createLogger({ level: 'debug' }) } : {});
  const [west] = await Promise.all([createOpenSite(world, 'west'), createOpenSite(world, 'east')]);
  const t0 = performance.now();
  await createLink(world, west, 'east', 'to-west');
  await world.eventually(link, 'east', 'to-west', 'link Ready', ({ status }) => status?.status === 'Ready' && status.remoteSiteName === 'west');
  console.log('link ready', performance.now() - t0);
  const port = await echoServer(t);
  await world.client.create(connector, newConnector('west', 'echo', { routingKey: 'echo', host: '127.0.0.1', port }));
  await world.client.create(listener, newListener('east', 'echo', { routingKey: 'echo', host: 'echo', port: 7000 }));
  await world.eventually(listener, 'east', 'echo', 'listener Ready', ({ status }) => status?.status === 'Ready' && status.hasMatchingConnector);
  await world.eventually(connector, 'west', 'echo', 'connector Ready', ({ status }) => status?.status === 'Ready' && status.hasMatchingListener);
  console.log('matched', performance.now() - t0);
  const front = await world.client.get(service, { namespace: 'east', name: 'echo' });
  const address = addressOf(front);
  assert.equal(address.port, 7000);
  await until(() => echoes(address.host, address.port), 'bytes come back');
  console.log('echo', performance.now() - t0);
});
