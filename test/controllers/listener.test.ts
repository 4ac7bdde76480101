import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connector, listener, type Listener, site } from '#apis/index.ts';
import { secret, service } from '#kube/index.ts';
import { until } from '../support/until.ts';
import {
  addressOf,
  echoes,
  echoServer,
  newConnector,
  newListener,
  newSite,
  shareCredentials,
} from './site-objects.ts';
import { siteWorld, type SiteWorld } from './site-world.ts';

const spec = (host: string, port: number): NonNullable<Listener['spec']> => ({
  routingKey: 'key',
  host,
  port,
});
const at = (name: string) => ({ namespace: 'west', name });

async function readySite(world: SiteWorld): Promise<void> {
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west'));
  await world.eventually(site, 'west', 'west', 'Ready', (s) => s.status?.status === 'Ready');
}

function message(world: SiteWorld, name: string, text: string): Promise<Listener> {
  return world.eventually(listener, 'west', name, text, ({ status }) => status?.message === text);
}

test('acceptance 63, 64, 65: a Listener becomes a Service with an address of its own, kept true', async (t) => {
  const world = await siteWorld(t);
  const { client } = world;
  await readySite(world);
  const port = await echoServer(t);
  await client.create(
    connector,
    newConnector('west', 'c', { routingKey: 'key', host: '127.0.0.1', port }),
  );
  await client.create(listener, newListener('west', 'a', spec('backend', 8080)));
  await message(world, 'a', 'OK');
  const first = await client.get(service, at('backend'));
  assert.deepEqual(first.spec?.selector, {
    application: 'skupper-router',
    'skupper.io/component': 'router',
  });
  assert.equal(first.metadata.labels?.['internal.skupper.io/listener'], 'a');
  assert.equal(first.spec?.ports?.[0]?.name, 'a');
  await until(() => echoes(addressOf(first).host, 8080), 'bytes to the local connector');

  // A second port on the same host, and another host with the same port.
  await client.create(listener, newListener('west', 'b', spec('backend', 8081)));
  await client.create(listener, newListener('west', 'c', spec('other', 8080)));
  await message(world, 'b', 'OK');
  await message(world, 'c', 'OK');
  const both = await client.get(service, at('backend'));
  assert.deepEqual(
    both.spec?.ports?.map((each) => each.port),
    [8080, 8081],
  );
  const other = await client.get(service, at('other'));
  assert.notEqual(addressOf(other).host, addressOf(both).host);
  await until(() => echoes(addressOf(other).host, 8080), 'bytes to the other Service');
  await until(() => echoes(addressOf(both).host, 8081), 'bytes to the second port');

  // Deleted by hand: made again, and it works.
  await client.delete(service, at('other'));
  const again = await world.eventually(
    service,
    'west',
    'other',
    'the Service again',
    ({ metadata }) => metadata.uid !== other.metadata.uid,
  );
  await until(() => echoes(addressOf(again).host, 8080), 'bytes to the new Service');

  // Another host: the old Service goes.
  await client.patch(listener, at('c'), { spec: { host: 'moved' } });
  await until(async () => (await client.find(service, at('moved'))) !== undefined, 'moved');
  await until(async () => (await client.find(service, at('other'))) === undefined, 'other gone');

  // The Listener goes, then its port, then its Service.
  await client.delete(listener, at('b'));
  await world.eventually(
    service,
    'west',
    'backend',
    'one port left',
    (each) => each.spec?.ports?.length === 1,
  );
  await client.delete(listener, at('a'));
  await until(async () => (await client.find(service, at('backend'))) === undefined, 'no Service');
});

test('an IP address is bound as it is, without a Service', async (t) => {
  const world = await siteWorld(t);
  await readySite(world);
  const port = await echoServer(t);
  const free = 20_000 + Math.floor(Math.random() * 10_000);
  await world.client.create(
    connector,
    newConnector('west', 'c', { routingKey: 'key', host: '127.0.0.1', port }),
  );
  await world.client.create(listener, newListener('west', 'a', spec('127.0.0.1', free)));
  await message(world, 'a', 'OK');
  await until(() => echoes('127.0.0.1', free), 'bytes to the address');
  const { items } = await world.client.list(service, { namespace: 'west' });
  assert.deepEqual(
    items.map(({ metadata }) => metadata.name),
    ['skupper-router-local'],
  );
});

test('a port that another program has is told', async (t) => {
  const world = await siteWorld(t);
  await readySite(world);
  const taken = await echoServer(t);
  const other = await echoServer(t);
  await world.client.create(
    connector,
    newConnector('west', 'c', { routingKey: 'key', host: '127.0.0.1', port: other }),
  );
  await world.client.create(listener, newListener('west', 'a', spec('127.0.0.1', taken)));
  const told = await world.eventually(
    listener,
    'west',
    'a',
    'an error',
    ({ status }) => status?.status === 'Error',
  );
  assert.match(told.status?.message ?? '', /^Cannot listen on 127.0.0.1:\d+: .*EADDRINUSE/);
});

test('acceptance 59, 61, 62, 66, 67, 68: Listeners that cannot be served say why, and heal', async (t) => {
  const world = await siteWorld(t);
  const { client } = world;
  await world.namespace('west');
  await client.create(listener, newListener('west', 'a', spec('backend', 8080)));
  await message(world, 'a', 'No active site in namespace');
  const foreign = await client.create(service, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'backend', namespace: 'west' },
    spec: { ports: [{ port: 80 }] },
  });
  await client.create(site, newSite('west', 'west', { linkAccess: 'default' }));
  await message(world, 'a', 'Service backend already exists in namespace');
  const untouched = await client.get(service, at('backend'));
  assert.equal(untouched.metadata.resourceVersion, foreign.metadata.resourceVersion);
  await client.delete(service, at('backend'));
  await message(world, 'a', 'No matching connectors');

  await client.create(listener, newListener('west', 'b', spec('backend', 8080)));
  await message(
    world,
    'b',
    'Listener a with host backend and port 8080 already exists in namespace',
  );
  await client.create(listener, newListener('west', 'udp', { ...spec('u', 8080), type: 'udp' }));
  await message(world, 'udp', 'Unsupported type: udp');
  await client.create(
    listener,
    newListener('west', 'tls', { ...spec('tls', 8443), tlsCredentials: 'x' }),
  );
  await message(world, 'tls', 'TLS credentials secret "x" not found');
  assert.ok(await client.find(service, at('tls')), 'the Service is there meanwhile');
  await world.eventually(
    secret,
    'west',
    'skupper-site-ca',
    'the CA',
    ({ data }) => data !== undefined,
  );
  const ca = await client.get(secret, at('skupper-site-ca'));
  await client.create(secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: at('x'),
    type: 'kubernetes.io/tls',
    data: { ...ca.data },
  });
  await message(world, 'tls', 'No matching connectors');

  await client.delete(site, at('west'));
  await message(world, 'a', 'No active site in namespace');
});

test('acceptance 71: Connectors that cannot be served say why', async (t) => {
  const world = await siteWorld(t);
  await readySite(world);
  const problems: readonly [Partial<NonNullable<Parameters<typeof newConnector>[2]>>, string][] = [
    [{ host: '' }, 'Connector must define a non-empty spec.host or spec.selector'],
    [
      { selector: 'app=x' },
      'No matches for selector: there are no pods on this machine, use a Connector with spec.host',
    ],
    [{ host: 'h', type: 'udp' }, 'Unsupported type: udp'],
    [{ host: 'h', tlsCredentials: 'x' }, 'TLS credentials secret "x" not found'],
    [{ host: 'h' }, 'No matching listeners'],
  ];
  for (const [index, [part, text]] of problems.entries()) {
    const name = `c${index}`;
    await world.client.create(
      connector,
      newConnector('west', name, { routingKey: 'key', port: 80, ...part }),
    );
    await world.eventually(connector, 'west', name, text, ({ status }) => status?.message === text);
  }
});

test('acceptance 85: TLS from client to server across a site, and new credentials without a restart', async (t) => {
  const world = await siteWorld(t);
  await readySite(world);
  await world.client.patch(site, at('west'), { spec: { linkAccess: 'default' } });
  await shareCredentials(world, 'west', 'default', 'front');
  const pid = world.plane.runtime.pidOf('west');
  await world.client.create(
    listener,
    newListener('west', 'tls', { ...spec('tls', 8443), tlsCredentials: 'front' }),
  );
  const context = 'internal.skupper.io/tls-profile-context';
  const used = (ordinal: number) =>
    world.eventually(
      secret,
      'west',
      'front',
      `ordinal ${ordinal}`,
      ({ metadata }) =>
        metadata.annotations?.[context] === `[{"profileName":"front","ordinal":${ordinal}}]`,
    );
  const before = await used(1);
  await world.client.delete(secret, at('front'));
  const after = await used(2);
  assert.notEqual(after.data?.['tls.crt'], before.data?.['tls.crt']);
  assert.equal(world.plane.runtime.pidOf('west'), pid);
});
