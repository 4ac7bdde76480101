import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  accessToken,
  connector,
  listener,
  routerAccess,
  securedAccess,
  type Site,
  site,
} from '#apis/index.ts';
import { configMap, event, secret, service } from '#kube/index.ts';
import { until } from '../support/until.ts';
import { createOpenSite, echoServer, newConnector, newListener, newSite } from './site-objects.ts';
import { siteWorld } from './site-world.ts';

const west = { namespace: 'west', name: 'west' };
const ready = (object: { status?: { status?: string } }): boolean =>
  object.status?.status === 'Ready';

test('acceptance 1, 2: a Site has its objects, owned by it, and its router goes when it goes', async (t) => {
  const world = await siteWorld(t);
  const { client } = world;
  await world.namespace('west');
  await client.create(site, newSite('west', 'west'));
  const own = await world.eventually(site, 'west', 'west', 'Ready', ready);
  assert.equal(own.status?.message, 'OK');
  assert.equal(own.status?.defaultIssuer, 'skupper-site-ca');
  assert.deepEqual(own.status?.controller, {
    name: 'drawbridge',
    namespace: 'drawbridge-system',
    version: '0.1.0',
  });
  const inWest = (name: string) => ({ namespace: 'west', name });
  const config = await client.get(configMap, inWest('skupper-router'));
  const front = await client.get(service, inWest('skupper-router-local'));
  for (const object of [config, front]) {
    assert.deepEqual(
      object.metadata.ownerReferences?.map(({ kind, uid }) => ({ kind, uid })),
      [{ kind: 'Site', uid: own.metadata.uid }],
    );
  }
  for (const name of ['site-ca', 'local-ca', 'local-server', 'local-client']) {
    assert.ok(await client.find(secret, inWest(`skupper-${name}`)), name);
  }
  const server = await client.get(secret, inWest('skupper-local-server'));
  assert.equal(
    server.metadata.annotations?.['internal.skupper.io/tls-profile-context'],
    '[{"profileName":"skupper-local-server","ordinal":1}]',
  );
  assert.equal(await client.find(routerAccess, inWest('skupper-router')), undefined);
  const keyFile = join(world.sitesDirectory, 'west/certs/skupper-local-server/tls.key');
  assert.equal(statSync(keyFile).mode & 0o777, 0o600);
  await world.eventually(site, 'west', 'west', 'network', (s) => s.status?.sitesInNetwork === 1);

  await client.delete(site, west);
  await until(() => world.plane.runtime.pidOf('west') === undefined, 'the router is gone');
  await until(() => !existsSync(join(world.sitesDirectory, 'west')), 'its files are gone');
  await until(
    async () => (await client.find(configMap, inWest('skupper-router'))) === undefined,
    'its objects are gone',
  );
});

test('acceptance 4, 8, 17: linkAccess gives endpoints with a matching certificate; none takes them away', async (t) => {
  const world = await siteWorld(t);
  const { client } = world;
  const own = await createOpenSite(world, 'west');
  const key = { namespace: 'west', name: 'skupper-router' };
  const endpoints = own.status?.endpoints ?? [];
  assert.deepEqual(
    endpoints.map(({ name }) => name),
    ['inter-router', 'edge'],
  );
  const [endpoint] = endpoints;
  assert.equal(endpoint?.host, '127.0.0.1');
  assert.equal(endpoint?.group, 'skupper-router');
  const access = await client.get(routerAccess, key);
  assert.deepEqual(access.spec?.roles, [
    { name: 'inter-router', port: 55671 },
    { name: 'edge', port: 45671 },
  ]);
  assert.equal(access.status?.status, 'Ready');
  const secured = await client.get(securedAccess, key);
  assert.equal(secured.status?.status, 'Ready');
  const front = await client.get(service, key);
  assert.deepEqual(
    front.spec?.ports?.map(({ name, port }) => ({ name, port: `${port}` })),
    endpoints.map(({ name, port }) => ({ name, port })),
  );

  await client.patch(site, west, { spec: { linkAccess: 'none' } });
  await world.eventually(
    site,
    'west',
    'west',
    'no endpoints',
    ({ status }) => status?.status === 'Ready' && (status.endpoints ?? []).length === 0,
  );
  await until(async () => (await client.find(routerAccess, key)) === undefined, 'no RouterAccess');
  await until(async () => (await client.find(service, key)) === undefined, 'no Service');
  const closed = await client.get(site, west);
  assert.ok(closed.status?.conditions?.every(({ type }) => type !== 'Resolved'));
  await world.eventually(
    configMap,
    'west',
    'skupper-router',
    'no listener for routers',
    ({ data }) => data?.['skrouterd.json']?.includes('inter-router') === false,
  );
});

test('acceptance 7, 9: a wrong spec is told, and the Site heals when it is corrected', async (t) => {
  const world = await siteWorld(t);
  const problem = (message: string) =>
    world.eventually(
      site,
      'west',
      'west',
      message,
      ({ status }) => status?.status === 'Error' && status.message === message,
    );
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west', { linkAccess: 'nosuch' }));
  await problem('Unsupported value for LinkAccess: nosuch');
  await world.client.patch(site, west, { spec: { linkAccess: 'none', edge: true, ha: true } });
  await problem('Edge sites cannot have HA enabled');
  await world.client.patch(site, west, { spec: { edge: false, ha: false } });
  await world.eventually(site, 'west', 'west', 'Ready', ready);
});

test('acceptance 10, 11: the second Site of a namespace waits until the first is deleted', async (t) => {
  const world = await siteWorld(t);
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west'));
  await world.eventually(site, 'west', 'west', 'Ready', ready);
  await world.client.create(site, newSite('west', 'other'));
  const message = 'An active site already exists in the namespace (west)';
  await world.eventually(
    site,
    'west',
    'other',
    message,
    ({ status }) => status?.status === 'Error' && status.message === message,
  );
  await world.client.delete(site, west);
  await world.eventually(site, 'west', 'other', 'Ready', ready);
});

test('a ConfigMap deleted by hand comes back and the router does not notice', async (t) => {
  const world = await siteWorld(t);
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west'));
  await world.eventually(site, 'west', 'west', 'Ready', ready);
  const pid = world.plane.runtime.pidOf('west');
  const key = { namespace: 'west', name: 'skupper-router' };
  const before = await world.client.get(configMap, key);
  await world.client.delete(configMap, key);
  await world.eventually(
    configMap,
    'west',
    'skupper-router',
    'the configuration again',
    ({ metadata, data }) =>
      metadata.uid !== before.metadata.uid && data?.['skrouterd.json']?.includes('amqps'),
  );
  assert.equal(world.plane.runtime.pidOf('west'), pid);
});

test('a token that was redeemed for a deleted Site says so', async (t) => {
  const world = await siteWorld(t);
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west'));
  await world.eventually(site, 'west', 'west', 'Ready', ready);
  const token = await world.client.create(accessToken, {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'AccessToken',
    metadata: { name: 'token', namespace: 'west' },
    spec: { url: 'https://127.0.0.1:1/x', code: 'c', ca: 'ca' },
  });
  await world.client.updateStatus(accessToken, { ...token, status: { redeemed: true } });
  await world.client.delete(site, west);
  const marked = await world.eventually(
    accessToken,
    'west',
    'token',
    'marked',
    ({ status }) => status?.status === 'Error',
  );
  assert.equal(marked.status?.message, 'Already redeemed for a deleted site');
  assert.equal(marked.status?.redeemed, true);
});

test('one broken site does not hold up another', async (t) => {
  const world = await siteWorld(t);
  await world.namespace('broken');
  // A Secret of the user that no router can use stands where the router's own should be.
  await world.client.create(secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'skupper-local-server', namespace: 'broken' },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': 'bm8=', 'tls.key': 'bm8=', 'ca.crt': 'bm8=' },
  });
  await world.client.create(site, newSite('broken', 'broken'));
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west'));
  await world.eventually(site, 'west', 'west', 'Ready', ready);
  const broken = await world.client.get(site, { namespace: 'broken', name: 'broken' });
  assert.notEqual(broken.status?.status, 'Ready');
});

test('a router takes over new local credentials, also of a new CA', async (t) => {
  const world = await siteWorld(t);
  const { client } = world;
  await world.namespace('west');
  await client.create(site, newSite('west', 'west'));
  const known = ({ status }: Site): boolean => status?.sitesInNetwork === 1;
  await world.eventually(site, 'west', 'west', 'network', known);
  for (const name of ['skupper-local-client', 'skupper-local-server', 'skupper-local-ca']) {
    await client.delete(secret, { namespace: 'west', name });
  }
  const port = await echoServer(t);
  const routingKey = 'echo';
  await client.create(
    connector,
    newConnector('west', 'c', { routingKey, host: '127.0.0.1', port }),
  );
  await client.create(listener, newListener('west', 'l', { routingKey, host: 'l', port: 80 }));
  await world.eventually(listener, 'west', 'l', 'Ready', ready);
});

test('a normal start writes no Warning', async (t) => {
  const world = await siteWorld(t);
  await createOpenSite(world, 'west');
  await world.plane.stop();
  const { items } = await world.client.list(event);
  const warnings = items.filter(({ type }) => type === 'Warning').map(({ message }) => message);
  assert.deepEqual(warnings, []);
  assert.ok(items.length > 0, 'Events are written');
  world.plane = await world.startPlane();
});
