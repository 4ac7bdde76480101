/** Two routers of a site on one machine: restarts in turn, ports, what they must not share. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { connector, listener, routerAccess, site } from '#apis/index.ts';
import { silentLogger } from '#base/log.ts';
import { configMap, secret, service } from '#kube/index.ts';
import { managementClient } from '#management/index.ts';
import { systemClock, systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';
import { freePort } from '../support/up-sites.ts';
import { echoes, echoServer, newConnector, newListener, newSite } from './site-objects.ts';
import { siteWorld, type SiteWorld } from './site-world.ts';

const skip = process.platform === 'linux' ? false : 'ports are shared so on Linux';
const second = 'skupper-router-2';

const pids = ({ plane: { runtime } }: SiteWorld, namespace: string) => [
  runtime.pidOf(namespace),
  runtime.pidOf(namespace, second),
];

/** A site with two routers that serve a Listener on an address of this machine. */
async function servingSite(
  world: SiteWorld,
  namespace: string,
  port: number,
  target: number,
): Promise<void> {
  const { client } = world;
  await world.namespace(namespace);
  await client.create(site, newSite(namespace, namespace, { ha: true }));
  await world.eventually(site, namespace, namespace, 'both ready', ({ status }) =>
    status?.conditions?.some(({ type, message }) => type === 'Running' && message === 'OK'),
  );
  const routingKey = 'key';
  const to = { routingKey, host: '127.0.0.1', port: target };
  await client.create(connector, newConnector(namespace, 'c', to));
  await client.create(
    listener,
    newListener(namespace, 'l', { routingKey, host: '127.0.0.1', port }),
  );
}

/** Ids of the routers that one reaches, itself among them. */
async function reachedFrom({ client }: SiteWorld, port: number): Promise<readonly string[]> {
  const front = await client.get(service, { namespace: 'west', name: 'skupper-router-local' });
  const own = await client.get(secret, { namespace: 'west', name: 'skupper-local-client' });
  const [ca, cert, key] = ['ca.crt', 'tls.crt', 'tls.key'].map((file) =>
    Buffer.from(own.data?.[file] ?? '', 'base64').toString(),
  );
  const router = await managementClient(
    { clock: systemClock, random: systemRandom, log: silentLogger },
    {
      host: front.spec?.clusterIP ?? '',
      port,
      tls: {
        material: { ca, cert, key },
        verifyHostname: true,
        serverName: 'skupper-router-local',
      },
    },
  ).start(new AbortController().signal);
  try {
    await router.whenConnected(5_000);
    const nodes = await router.query('router.node');
    return nodes
      .filter(({ cost }) => cost !== null)
      .flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
  } finally {
    await router.stop({ graceMs: 0 });
  }
}

test('two routers of a site restart in turn, and share nothing with another site', {
  skip,
}, async (t) => {
  const world = await siteWorld(t);
  const { client } = world;
  const port = await freePort();
  await servingSite(world, 'west', port, await echoServer(t));
  await until(() => echoes('127.0.0.1', port), 'bytes come back');
  const { uid = '' } = (await client.get(site, { namespace: 'west', name: 'west' })).metadata;

  await t.test('they are linked without link access', async () => {
    const front = await client.get(service, { namespace: 'west', name: 'skupper-router-local' });
    const ports = front.spec?.ports?.map(({ name, port: number }) => `${name} ${number}`);
    assert.deepEqual(ports, ['amqps 5671', 'amqps-2 5672', 'inter-router 55671']);
    const own = await client.get(configMap, { namespace: 'west', name: second });
    const config = own.data?.['skrouterd.json'] ?? '';
    assert.match(config, /"name": "peer\/skupper-router",\s+"role": "inter-router"/);
    const id = `west-${uid.slice(0, 8)}`;
    for (const at of [5671, 5672]) {
      const reached = async () => (await reachedFrom(world, at)).toSorted();
      await until(async () => (await reached()).join(' ') === `${id} ${id}-2`, `both from ${at}`);
    }
    await world.eventually(site, 'west', 'west', 'one site', ({ status }) => {
      const [only, ...others] = status?.network ?? [];
      return others.length === 0 && only?.links?.length === 0 && only.services?.length === 1;
    });
  });

  await t.test('what needs a restart leaves one of them serving', async () => {
    const before = pids(world, 'west');
    const states: string[] = [];
    const leave = world.plane.runtime.onHealth(() => {
      states.push(world.plane.runtime.healthOf('west', uid).state);
    });
    const spec = { settings: { 'router-logging': 'warning' } };
    await client.patch(site, { namespace: 'west', name: 'west' }, { spec });
    await until(() => {
      const now = pids(world, 'west');
      return now.every((pid, index) => pid !== undefined && pid !== before[index]);
    }, 'both are others');
    await world.eventually(site, 'west', 'west', 'both ready', ({ status }) =>
      status?.conditions?.some(({ type, message }) => type === 'Running' && message === 'OK'),
    );
    leave();
    assert.deepEqual([...new Set(states)], ['ready']);
    await until(() => echoes('127.0.0.1', port), 'bytes come back');
  });

  await t.test('a fixed port of a RouterAccess is that of the first', async () => {
    const fixed = await freePort();
    await client.create(routerAccess, {
      apiVersion: 'skupper.io/v2alpha1',
      kind: 'RouterAccess',
      metadata: { name: 'mine', namespace: 'west' },
      spec: {
        roles: [{ name: 'inter-router', port: fixed }],
        tlsCredentials: 'mine',
        generateTlsCredentials: true,
      },
    });
    const { status } = await world.eventually(
      routerAccess,
      'west',
      'mine',
      'two endpoints',
      (own) => own.status?.status === 'Ready' && own.status.endpoints?.length === 2,
    );
    const [one, two] = status?.endpoints ?? [];
    assert.deepEqual([one?.group, one?.port], ['skupper-router', String(fixed)]);
    assert.equal(two?.group, second);
    assert.notEqual(two.port, one?.port);
  });

  await t.test('the older of two listeners on an address has it, until it goes', async () => {
    await servingSite(world, 'east', port, await echoServer(t));
    const said = `Listener l of namespace west has host 127.0.0.1 and port ${port} already`;
    await world.eventually(listener, 'east', 'l', said, ({ status }) => status?.message === said);
    await world.eventually(listener, 'west', 'l', 'OK', ({ status }) => status?.message === 'OK');
    await client.remove(listener, { namespace: 'west', name: 'l' });
    await world.eventually(listener, 'east', 'l', 'OK', ({ status }) => status?.message === 'OK');
    await until(() => echoes('127.0.0.1', port), 'bytes come back');
  });

  await t.test('the second goes with its files, the first stays', async () => {
    const folder = join(world.sitesDirectory, 'west', second);
    assert.ok(existsSync(folder));
    const [first] = pids(world, 'west');
    await client.patch(site, { namespace: 'west', name: 'west' }, { spec: { ha: null } });
    await until(() => pids(world, 'west')[1] === undefined && !existsSync(folder), 'it is gone');
    await until(
      async () => (await client.find(configMap, { namespace: 'west', name: second })) === undefined,
      'its configuration is gone',
    );
    await world.eventually(service, 'west', 'skupper-router-local', 'one port', ({ spec }) => {
      return spec?.ports?.length === 1;
    });
    assert.deepEqual(pids(world, 'west'), [first, undefined]);
  });
});
