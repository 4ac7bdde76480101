import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  attachedConnector,
  attachedConnectorBinding,
  connector,
  listener,
  site,
} from '#apis/index.ts';
import { pod } from '#controllers/index.ts';
import { configMap, secret, service } from '#kube/index.ts';
import { runPod } from './cluster-objects.ts';
import { clusterWorld, type ClusterWorld } from './cluster-world.ts';
import { newConnector, newListener, newSite, tlsSecretOf } from './site-objects.ts';

const inWest = (name: string) => ({ namespace: 'west', name });
const apiVersion = 'skupper.io/v2alpha1';

/** Names of the router's tcpConnectors, once `holds` is true of them. */
async function routerEntities(
  world: ClusterWorld,
  type: string,
  holds: (rows: readonly Row[]) => boolean,
): Promise<readonly Row[]> {
  let rows: readonly Row[] = [];
  await world.eventually(configMap, 'west', 'skupper-router', ({ data }) => {
    const all = JSON.parse(data?.['skrouterd.json'] ?? '[]') as [string, Row][];
    rows = all.filter(([each]) => each === type).map(([, row]) => row);
    return holds(rows);
  });
  return rows;
}

type Row = Readonly<Record<string, string>>;

const named =
  (...names: readonly string[]) =>
  (rows: readonly Row[]): boolean =>
    rows.map(({ name }) => name).join() === names.join();

async function westSite(world: ClusterWorld): Promise<void> {
  await world.namespace('west');
  await world.client.create(site, newSite('west', 'west'));
  await world.eventually(configMap, 'west', 'skupper-router', ({ data }) =>
    data?.['skrouterd.json']?.includes('amqps'),
  );
}

test('acceptance 59, 63, 64, 65: a Listener has a Service before ports of the router', async (t) => {
  const world = await clusterWorld(t);
  const { client } = world;
  await westSite(world);
  const spec = { routingKey: 'k', host: 'backend', port: 8080 };
  await client.create(listener, newListener('west', 'one', spec));
  const front = await world.eventually(service, 'west', 'backend', () => true);
  assert.deepEqual(front.spec?.selector, {
    application: 'skupper-router',
    'skupper.io/component': 'router',
  });
  const [port] = front.spec?.ports ?? [];
  assert.equal(port?.port, 8080);
  assert.equal(port?.targetPort, 1024);
  const pending = await world.eventually(
    listener,
    'west',
    'one',
    ({ status }) => status?.status === 'Pending',
  );
  assert.equal(pending.status?.message, 'No matching connectors');
  const rows = await routerEntities(world, 'tcpListener', named('listener/one'));
  assert.equal(rows[0]?.['port'], '1024');
  assert.equal(rows[0]?.['host'], undefined, 'all addresses of the pod');

  await client.create(listener, newListener('west', 'two', { ...spec, port: 8081 }));
  const both = await world.eventually(
    service,
    'west',
    'backend',
    ({ spec: own }) => own?.ports?.length === 2,
  );
  assert.deepEqual(
    both.spec?.ports?.map(({ port: own, targetPort }) => [own, targetPort]),
    [
      [8080, 1024],
      [8081, 1025],
    ],
  );
  const { uid } = both.metadata;
  await client.delete(service, inWest('backend'));
  await world.eventually(service, 'west', 'backend', ({ metadata }) => metadata.uid !== uid);
  await client.patch(listener, inWest('two'), { spec: { host: 'other' } });
  const other = await world.eventually(service, 'west', 'other', () => true);
  assert.equal(other.spec?.ports?.[0]?.targetPort, 1026, 'no two Services share a port');
  await client.delete(listener, inWest('two'));
  await world.gone(service, 'west', 'other');
  await client.patch(listener, inWest('one'), { spec: { host: '10.0.0.1' } });
  await world.eventually(
    listener,
    'west',
    'one',
    ({ status }) =>
      status?.message === 'Invalid host: 10.0.0.1: in a cluster it is the name of a Service',
  );
});

test('acceptance 61, 62, 66, 67, 68: what is in the way of a Listener is said', async (t) => {
  const world = await clusterWorld(t);
  const { client } = world;
  await world.namespace('west');
  const told = (name: string, message: string) =>
    world.eventually(listener, 'west', name, ({ status }) => status?.message === message);
  const spec = { routingKey: 'k', host: 'mine', port: 80 };
  await client.create(listener, newListener('west', 'user', spec));
  await told('user', 'No active site in namespace');
  const mine = await client.create(service, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'mine', namespace: 'west' },
    spec: { selector: { app: 'mine' }, ports: [{ port: 80 }] },
  });
  await client.create(site, newSite('west', 'west'));
  await told('user', 'Service mine already exists in namespace');
  const kept = await client.get(service, inWest('mine'));
  assert.equal(kept.metadata.resourceVersion, mine.metadata.resourceVersion);
  await client.create(listener, newListener('west', 'first', { ...spec, host: 'free' }));
  await told('first', 'No matching connectors');
  await client.create(listener, newListener('west', 'second', { ...spec, host: 'free' }));
  await told('second', 'Listener first with host free and port 80 already exists in namespace');
  await client.create(listener, newListener('west', 'udp', { ...spec, host: 'u', type: 'udp' }));
  await told('udp', 'Unsupported type: udp');
  await client.create(
    listener,
    newListener('west', 'tls', { ...spec, host: 't', tlsCredentials: 'x' }),
  );
  await told('tls', 'TLS credentials secret "x" not found');
  await client.create(secret, tlsSecretOf('x', { cert: 'c', key: 'k' }, 'west'));
  await world.eventually(listener, 'west', 'tls', ({ status }) =>
    status?.message?.startsWith('TLS credentials secret "x": '),
  );
});

test('acceptance 70, 71: a Connector follows the pods that its selector means', async (t) => {
  const world = await clusterWorld(t);
  const { client } = world;
  await westSite(world);
  const labels = { app: 'x' };
  const spec = { routingKey: 'k', port: 80, selector: 'app=x' };
  await client.create(connector, newConnector('west', 'n', spec));
  const none = await world.eventually(connector, 'west', 'n', ({ status }) => status);
  assert.equal(none.status?.message, 'No matches for selector');
  assert.equal(none.status?.status, 'Error');
  await runPod(world, 'west', 'x-1', { labels, ip: '10.0.0.1' });
  const second = await runPod(world, 'west', 'x-2', { labels, ip: '10.0.0.2' });
  await runPod(world, 'west', 'x-3', { labels, ip: '10.0.0.3', ready: false });
  await runPod(world, 'west', 'y-1', { labels: { app: 'y' }, ip: '10.0.0.9' });
  const rows = await routerEntities(
    world,
    'tcpConnector',
    named('connector/n@10.0.0.1', 'connector/n@10.0.0.2'),
  );
  assert.equal(rows[1]?.['processId'], second.metadata.uid);
  const chosen = await world.eventually(
    connector,
    'west',
    'n',
    ({ status }) => status?.selectedPods?.length === 2,
  );
  assert.deepEqual(chosen.status?.selectedPods?.[0], { name: 'x-1', ip: '10.0.0.1' });
  await runPod(world, 'west', 'x-3', { labels, ip: '10.0.0.3' });
  await routerEntities(world, 'tcpConnector', (all) => all.length === 3);
  await runPod(world, 'west', 'x-3', { labels, ip: '10.0.0.3', ready: false });
  await routerEntities(world, 'tcpConnector', (all) => all.length === 2);
  await client.patch(connector, inWest('n'), { spec: { includeNotReadyPods: true } });
  await routerEntities(world, 'tcpConnector', (all) => all.length === 3);
  for (const name of ['x-1', 'x-2', 'x-3']) await client.delete(pod, inWest(name));
  await world.eventually(
    connector,
    'west',
    'n',
    ({ status }) => status?.message === 'No matches for selector' && !status.selectedPods,
  );
  await client.patch(connector, inWest('n'), { spec: { selector: 'app in (' } });
  await world.eventually(connector, 'west', 'n', ({ status }) =>
    status?.message?.startsWith('Invalid selector: '),
  );
});

test('acceptance 74: a Connector that exposes pods by name gives each an address', async (t) => {
  const world = await clusterWorld(t);
  await westSite(world);
  await runPod(world, 'west', 'db-0', { labels: { app: 'db' }, ip: '10.0.0.1' });
  const spec = { routingKey: 'db', port: 5432, selector: 'app=db', exposePodsByName: true };
  await world.client.create(connector, newConnector('west', 'db', spec));
  const rows = await routerEntities(
    world,
    'tcpConnector',
    named('connector/db@10.0.0.1', 'connector/db@db-0'),
  );
  assert.deepEqual(
    rows.map(({ host, address }) => [host, address]),
    [
      ['10.0.0.1', 'db'],
      ['10.0.0.1', 'db.db-0'],
    ],
  );
});

test('acceptance 77: pods of another namespace are attached where both sides agree', async (t) => {
  const world = await clusterWorld(t);
  const { client } = world;
  await westSite(world);
  await world.namespace('apps');
  await client.create(attachedConnector, {
    apiVersion,
    kind: 'AttachedConnector',
    metadata: { name: 'db', namespace: 'apps' },
    spec: { siteNamespace: 'west', port: 5432, selector: 'app=db' },
  });
  const told = (message: string) =>
    world.eventually(attachedConnector, 'apps', 'db', ({ status }) => status?.message === message);
  await told('No matching AttachedConnectorBinding in site namespace');
  await client.create(attachedConnectorBinding, {
    apiVersion,
    kind: 'AttachedConnectorBinding',
    metadata: { name: 'db', namespace: 'west' },
    spec: { connectorNamespace: 'other', routingKey: 'db' },
  });
  await told(
    'AttachedConnectorBinding west/db does not allow AttachedConnector in apps (only other)',
  );
  await client.patch(attachedConnectorBinding, inWest('db'), {
    spec: { connectorNamespace: 'apps' },
  });
  await told('No matches for selector');
  await runPod(world, 'apps', 'db-0', { labels: { app: 'db' }, ip: '10.0.0.7' });
  await told('OK');
  const [row] = await routerEntities(world, 'tcpConnector', named('connector/db@10.0.0.7'));
  assert.equal(row?.['address'], 'db');
  assert.equal(row?.['port'], '5432');
  const binding = await world.eventually(
    attachedConnectorBinding,
    'west',
    'db',
    ({ status }) =>
      status?.conditions?.find(({ type }) => type === 'Configured')?.status === 'True',
  );
  assert.equal(binding.status?.status, 'Pending');
  await client.delete(pod, { namespace: 'apps', name: 'db-0' });
  await told('No matches for selector');
  await routerEntities(world, 'tcpConnector', (rows) => rows.length === 0);
});
