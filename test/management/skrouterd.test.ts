/** The management client and the flow machines against real routers; skipped without SKROUTERD. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import {
  type ManagementClient,
  ManagementError,
  managementClient,
  networkWatcher,
  siteAnnouncer,
} from '#management/index.ts';
import { countAddress, findLink, siteNetwork } from '#telemetry/index.ts';
import { freePort, skrouterd, startSkrouterd } from '../support/skrouterd.ts';
import { until } from '../support/until.ts';

const skip = skrouterd === undefined ? 'SKROUTERD names no executable' : false;
const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

async function connect(t: TestContext, port: number): Promise<ManagementClient> {
  const client = await managementClient(
    { clock, log: silentLogger, random: { bytes: (size) => randomBytes(size) } },
    { host: '127.0.0.1', port },
  ).start(t.signal);
  t.after(() => client.stop({ graceMs: 500 }));
  await client.whenConnected(10_000);
  return client;
}

test('entities of a real router are made, read, changed and removed', { skip }, async (t) => {
  const { port } = await startSkrouterd(t, 'A', []);
  const client = await connect(t, port);
  assert.equal(client.router, 'A');
  const [router] = await client.query('router');
  assert.equal(router?.['id'], 'A');
  assert.equal(router?.['mode'], 'interior');
  const made = await client.create('tcpListener', 'l1', {
    address: 'svc',
    host: '127.0.0.1',
    port: '0',
  });
  assert.equal(made['observer'], 'auto');
  assert.equal((await client.read({ type: 'tcpListener', name: 'l1' }))['address'], 'svc');
  const changed = await client.update({ type: 'tcpListener', name: 'l1' }, { observer: 'none' });
  assert.equal(changed['observer'], 'none');
  await assert.rejects(
    client.create('tcpListener', 'l2', { bogus: 1 }),
    (error) => error instanceof ManagementError && error.code === 'MANAGEMENT_BAD_REQUEST',
  );
  await client.delete({ type: 'tcpListener', name: 'l1' });
  await assert.rejects(
    client.read({ type: 'tcpListener', name: 'l1' }),
    (error) => error instanceof ManagementError && error.code === 'MANAGEMENT_NOT_FOUND',
  );
  assert.deepEqual(await client.managementNodes(), ['amqp:/_topo/0/A/$management']);
});

test('links and sites of two real routers are seen, and their loss', { skip }, async (t) => {
  const linkPort = await freePort();
  const access = { name: 'interior', role: 'inter-router', host: '127.0.0.1', port: linkPort };
  const east = await startSkrouterd(t, 'east-1', [['listener', access]], {
    SKUPPER_SITE_ID: 'site-east',
  });
  const connector = {
    name: 'link-to-east',
    role: 'inter-router',
    host: '127.0.0.1',
    port: linkPort,
  };
  const tcp = { name: 'backend', host: '127.0.0.1', port: '1', address: 'svc' };
  const west = await startSkrouterd(
    t,
    'west-1',
    [
      ['connector', connector],
      ['tcpConnector', tcp],
    ],
    { SKUPPER_SITE_ID: 'site-west' },
  );
  const westClient = await connect(t, west.port);
  const eastClient = await connect(t, east.port);
  const common = { platform: 'linux', version: '1' };
  for (const [client, name] of [
    [westClient, 'west'],
    [eastClient, 'east'],
  ] as const) {
    const announcer = siteAnnouncer(
      { client, clock },
      { ...common, siteId: `site-${name}`, name, namespace: name },
    );
    t.after(() => announcer.stop({ graceMs: 0 }));
  }
  const watcher = networkWatcher({ client: westClient, clock, onChange: () => undefined });
  t.after(() => watcher.stop({ graceMs: 0 }));
  await until(
    () => findLink(watcher.view(), 'site-west', 'link-to-east')?.remoteSiteName === 'east',
    'the link is seen with its remote site',
    20_000,
  );
  assert.equal(findLink(watcher.view(), 'site-west', 'link-to-east')?.up, true);
  assert.equal(countAddress(watcher.view(), 'svc').connectors, 1);
  assert.deepEqual(
    siteNetwork(watcher.view()).map(({ name }) => name),
    ['east', 'west'],
  );
  const remote = await westClient.query('router', ['id'], { router: 'east-1' });
  assert.deepEqual(remote, [{ id: 'east-1' }]);
  await east.stop();
  await until(
    () => findLink(watcher.view(), 'site-west', 'link-to-east')?.up === false,
    'the loss of the link is seen',
  );
});
