import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connector, link, listener, type Link, site } from '#apis/index.ts';
import { secret, service } from '#kube/index.ts';
import { until } from '../support/until.ts';
import {
  addressOf,
  createLink,
  createOpenSite,
  echoes,
  echoServer,
  newConnector,
  newLink,
  newListener,
  newSite,
  shareCredentials,
} from './site-objects.ts';
import { siteWorld } from './site-world.ts';

const isReady = ({ status }: Link): boolean =>
  status?.status === 'Ready' && status.remoteSiteName === 'west';
const isDown = ({ status }: Link): boolean =>
  status?.status === 'Pending' && status.message === 'Not operational';

test('acceptance 20, 23, 60: a Link between two sites becomes Ready, a service crosses it, and both come back', async (t) => {
  const world = await siteWorld(t);
  const [west] = await Promise.all([createOpenSite(world, 'west'), createOpenSite(world, 'east')]);
  await createLink(world, west, 'east', 'to-west');
  const linked = await world.eventually(link, 'east', 'to-west', 'Link Ready', isReady);
  assert.equal(linked.status?.remoteSiteId, west.metadata.uid);
  assert.equal(linked.status?.message, 'OK');
  for (const namespace of ['west', 'east']) {
    await world.eventually(
      site,
      namespace,
      namespace,
      'both sites in the network',
      ({ status }) => status?.sitesInNetwork === 2,
    );
  }

  const port = await echoServer(t);
  const key = { routingKey: 'echo' };
  await world.client.create(
    listener,
    newListener('east', 'l', { ...key, host: 'echo', port: 7000 }),
  );
  const waiting = await world.eventually(
    listener,
    'east',
    'l',
    'Listener without connector',
    ({ status }) => status?.status === 'Pending',
  );
  assert.equal(waiting.status?.message, 'No matching connectors');
  assert.equal(waiting.status?.hasMatchingConnector, undefined);
  await world.client.create(
    connector,
    newConnector('west', 'c', { ...key, host: '127.0.0.1', port }),
  );
  await world.eventually(
    listener,
    'east',
    'l',
    'Listener Ready',
    ({ status }) => status?.status === 'Ready' && status.hasMatchingConnector,
  );
  await world.eventually(
    connector,
    'west',
    'c',
    'Connector Ready',
    ({ status }) => status?.status === 'Ready' && status.hasMatchingListener,
  );
  const front = await world.client.get(service, { namespace: 'east', name: 'echo' });
  const { host, port: exposed } = addressOf(front);
  assert.match(host, /^127\./);
  assert.equal(exposed, 7000);
  await until(() => echoes(host, exposed), 'bytes across the link');

  // The accepting router goes away and comes back.
  const pid = world.plane.runtime.pidOf('west');
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  await world.eventually(link, 'east', 'to-west', 'Link down', isDown);
  await world.eventually(link, 'east', 'to-west', 'Link back', isReady);
  await until(() => echoes(host, exposed), 'bytes across the link again');

  // So does the connecting one.
  const other = world.plane.runtime.pidOf('east');
  assert.ok(other !== undefined);
  process.kill(other, 'SIGKILL');
  await world.eventually(link, 'east', 'to-west', 'Link down with its own router', isDown);
  await world.eventually(link, 'east', 'to-west', 'Link back', isReady);
  await until(() => echoes(host, exposed), 'bytes across the link once more');
});

test('ports, addresses and links survive a restart of the control plane', async (t) => {
  const world = await siteWorld(t);
  const [west] = await Promise.all([createOpenSite(world, 'west'), createOpenSite(world, 'east')]);
  await createLink(world, west, 'east', 'to-west');
  await world.eventually(link, 'east', 'to-west', 'Link Ready', isReady);
  const before = await world.client.get(site, { namespace: 'west', name: 'west' });
  await world.plane.stop();
  world.plane = await world.startPlane();
  await until(() => world.plane.runtime.pidOf('west') !== undefined, 'the router again');
  await world.eventually(link, 'east', 'to-west', 'Link Ready again', isReady);
  const after = await world.client.get(site, { namespace: 'west', name: 'west' });
  assert.deepEqual(after.status?.endpoints, before.status?.endpoints);
});

test('acceptance 21, 22, 28: a Link tells why it is not configured, and heals by itself', async (t) => {
  const world = await siteWorld(t);
  const endpoints = [{ name: 'inter-router', host: '127.0.0.1', port: '1' }];
  await world.namespace('east');
  await world.client.create(link, newLink('east', 'l', { endpoints, tlsCredentials: 'x' }));
  const problem = (text: string) =>
    world.eventually(
      link,
      'east',
      'l',
      text,
      ({ status }) => status?.status === 'Error' && status.message === text,
    );
  await problem('No active site in namespace');
  await world.client.create(site, newSite('east', 'east'));
  await problem('TLS credentials secret "x" not found');
  await createOpenSite(world, 'west');
  await shareCredentials(world, 'west', 'east', 'x');
  await world.eventually(link, 'east', 'l', 'configured', isDown);
  await world.client.patch(link, { namespace: 'east', name: 'l' }, { spec: { endpoints: [] } });
  await problem('Link has no endpoint named inter-router');
  await world.client.patch(
    link,
    { namespace: 'east', name: 'l' },
    { spec: { endpoints, settings: { 'proxy-configuration': 'p' } } },
  );
  await problem('Secret not found for proxy configuration');
  assert.ok(await world.client.find(secret, { namespace: 'east', name: 'x' }));
});
