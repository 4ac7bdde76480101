import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { type ManagementClient, managementClient, networkWatcher } from '#management/index.ts';
import { bridgeFlowSubjects } from '#bridge/index.ts';
import { FlowIdentities, FlowReporter, ManagementAgent } from '#router/index.ts';
import { makeCluster, type TestRouter } from '../support/router-cluster.ts';
import type { TestCertificates, TestProfile } from '../support/router-certificates.ts';
import { listenerPort, offer, open } from '../support/router-services.ts';
import { dial, echo, readAll, serve } from '../support/router-tcp.ts';
import { until } from '../support/until.ts';

const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };

function material(profile: TestProfile): { ca: string; cert: string; key: string } {
  return {
    ca: readFileSync(profile.caCertFile, 'utf8'),
    cert: readFileSync(profile.certFile, 'utf8'),
    key: readFileSync(profile.privateKeyFile, 'utf8'),
  };
}

/** A listener for clients on mutual TLS, the agent, and a client. */
async function manage(
  t: TestContext,
  made: TestRouter,
  certificates: TestCertificates,
): Promise<{ client: ManagementClient; port: number }> {
  made.router.addLocal('$management', new ManagementAgent(made.router, silentLogger));
  await made.create('listener', 'amqps', {
    host: '127.0.0.1',
    port: '0',
    sslProfile: 'server',
    saslMechanisms: 'EXTERNAL',
    authenticatePeer: true,
  });
  const port = made.router.listeners.shelf.get('amqps')!.item.boundPort!;
  const client = await managementClient(
    { clock, random, log: silentLogger },
    {
      host: '127.0.0.1',
      port,
      tls: { material: material(certificates.client), verifyHostname: true },
    },
  ).start(new AbortController().signal);
  t.after(() => client.stop({ graceMs: 0 }));
  await client.whenConnected(5000);
  return { client, port };
}

async function managed(t: TestContext) {
  const cluster = await makeCluster(t);
  const a = await cluster.add('A');
  return { cluster, a, ...(await manage(t, a, cluster.certificates)) };
}

test('entities made by management carry connections until they are deleted', async (t) => {
  const { a, client } = await managed(t);
  const server = await serve(t, echo);
  const made = await client.create('tcpConnector', 'svc', {
    address: 'svc',
    host: '127.0.0.1',
    port: String(server.port),
  });
  assert.equal(made['identity'], `tcpConnector/127.0.0.1:${server.port}:svc`);
  assert.equal(made['verifyHostname'], true);
  await client.create('tcpListener', 'svc', { address: 'svc', host: '127.0.0.1', port: 0 });
  const socket = await dial(await listenerPort(a, 'svc'), t);
  socket.end('hello');
  assert.equal((await readAll(socket)).toString(), 'hello');
  const [row] = await client.query('tcpListener');
  assert.deepEqual([row?.['operStatus'], row?.['bytesIn'], row?.['bytesOut']], ['up', 5, 5]);
  await client.delete({ type: 'tcpConnector', name: 'svc' });
  await until(
    async () => (await client.read({ type: 'tcpListener', name: 'svc' }))['operStatus'] === 'down',
    'the listener is closed',
  );
});

const refusals: readonly {
  readonly title: string;
  readonly request: (client: ManagementClient) => Promise<unknown>;
  readonly code: string;
}[] = [
  {
    title: 'an unknown attribute',
    request: (client) =>
      client.create('tcpConnector', 'x', { address: 'a', host: 'h', port: '1', colour: 'red' }),
    code: 'MANAGEMENT_BAD_REQUEST',
  },
  {
    title: 'a missing attribute',
    request: (client) => client.create('tcpConnector', 'x', { host: 'h', port: '1' }),
    code: 'MANAGEMENT_BAD_REQUEST',
  },
  {
    title: 'a port that is none',
    request: (client) =>
      client.create('tcpConnector', 'x', { address: 'a', host: 'h', port: '70000' }),
    code: 'MANAGEMENT_BAD_REQUEST',
  },
  {
    title: 'a name that is taken',
    request: (client) => client.create('sslProfile', 'server', {}),
    code: 'MANAGEMENT_BAD_REQUEST',
  },
  {
    title: 'an update of a fixed attribute',
    request: (client) =>
      client.update({ type: 'listener', name: 'amqps' }, { port: '5', host: 'elsewhere' }),
    code: 'MANAGEMENT_FORBIDDEN',
  },
  {
    title: 'an edge listener',
    request: (client) => client.create('listener', 'edge', { role: 'edge', port: '0' }),
    code: 'MANAGEMENT_BAD_REQUEST',
  },
  {
    title: 'reading what is not there',
    request: (client) => client.read({ type: 'connector', name: 'nobody' }),
    code: 'MANAGEMENT_NOT_FOUND',
  },
  {
    title: 'deleting what is not there',
    request: (client) => client.delete({ type: 'tcpListener', name: 'nobody' }),
    code: 'MANAGEMENT_NOT_FOUND',
  },
  {
    title: 'an unknown type',
    request: (client) => client.query('teapot'),
    code: 'MANAGEMENT_NOT_FOUND',
  },
  {
    title: 'an unknown attribute in a query',
    request: (client) => client.query('listener', ['colour']),
    code: 'MANAGEMENT_NOT_FOUND',
  },
  {
    title: 'creating a router',
    request: (client) => client.create('router', 'B', {}),
    code: 'MANAGEMENT_FORBIDDEN',
  },
];

test('management refuses with the status of the fault', async (t) => {
  const { client } = await managed(t);
  for (const { title, request, code } of refusals) {
    await t.test(title, () => assert.rejects(request(client), { code }));
  }
});

test('a router shows nodes, connections and addresses of its network', async (t) => {
  const { cluster, a, client } = await managed(t);
  const b = await cluster.add('B');
  await cluster.link(a, b);
  await cluster.converged();
  const server = await serve(t, echo);
  await offer(b, 'svc', server.port);
  await open(a, 'svc');
  const nodes = await client.query('router.node', ['id', 'nextHop']);
  assert.deepEqual(nodes, [{ id: 'A', nextHop: '(self)' }, { id: 'B' }]);
  const link = await client.read({ type: 'connector', name: 'to-B' });
  assert.equal(link['connectionStatus'], 'SUCCESS');
  const connections = await client.query('connection', ['role', 'dir', 'container']);
  assert.ok(
    connections.some(
      (row) => row['role'] === 'inter-router' && row['dir'] === 'out' && row['container'] === 'B',
    ),
  );
  const addresses = await client.query('router.address', ['key', 'remoteCount']);
  assert.ok(addresses.some((row) => row['key'] === 'Msvc' && row['remoteCount'] === 1));
  assert.deepEqual(await client.managementNodes(), [
    'amqp:/_topo/0/A/$management',
    'amqp:/_topo/0/B/$management',
  ]);
});

test('another router may look but not change', async (t) => {
  const { cluster, a, client } = await managed(t);
  const b = await cluster.add('B');
  b.router.addLocal('$management', new ManagementAgent(b.router, silentLogger));
  await cluster.link(a, b);
  await cluster.converged();
  const [row] = await client.query('router', ['id'], { router: 'B' });
  assert.equal(row?.['id'], 'B');
  await assert.rejects(client.create('sslProfile', 'mine', {}, { router: 'B' }), {
    code: 'MANAGEMENT_FORBIDDEN',
  });
});

test('a client without a certificate of the authority does not get in', async (t) => {
  const { cluster, port } = await managed(t);
  for (const credentials of [{}, material(cluster.certificates.stranger)]) {
    const { ca } = material(cluster.certificates.server);
    const socket = connectTls({ host: '127.0.0.1', port, ...credentials, ca });
    socket.on('error', () => undefined);
    socket.on('secureConnect', () => socket.write('AMQP\x03\x01\x00\x00', 'latin1'));
    const answers: Buffer[] = [];
    socket.on('data', (part: Buffer) => answers.push(part));
    await new Promise((resolve) => socket.once('close', resolve));
    assert.equal(Buffer.concat(answers).length, 0);
  }
});

test('an updated profile closes links with outdated certificates, new ones use the new', async (t) => {
  const { cluster, a, client } = await managed(t);
  const b = await cluster.add('B');
  await cluster.link(a, b);
  await cluster.converged();
  const connector = a.router.connectors.shelf.get('to-B')!.item;
  const { client: files } = cluster.certificates;
  writeFileSync(files.certFile, readFileSync(files.certFile));
  await client.update(
    { type: 'sslProfile', name: 'client' },
    { ordinal: 3, oldestValidOrdinal: 3 },
  );
  await until(() => connector.downCount === 1, 'the old link is closed');
  await until(() => connector.up, 'the link is back');
  const rows = await client.query('connection', ['role', 'tlsOrdinal']);
  assert.deepEqual(
    rows.filter((row) => row['role'] === 'inter-router').map((row) => row['tlsOrdinal']),
    [3],
  );
});

test('flow records show routers, links and services to whoever listens', async (t) => {
  const { cluster, a, client } = await managed(t);
  const identitiesB = new FlowIdentities(random);
  const b = await cluster.add('B', { accessId: (name) => identitiesB.of(`listener/${name}`) });
  await cluster.link(a, b);
  const server = await serve(t, echo);
  await offer(b, 'svc', server.port);
  for (const [made, identities, siteId] of [
    [a, new FlowIdentities(random), 'site-a'],
    [b, identitiesB, 'site-b'],
  ] as const) {
    const reporter = new FlowReporter(
      {
        router: made.router,
        clock,
        log: silentLogger,
        subjects: () => bridgeFlowSubjects(made.bridge),
      },
      identities,
      { siteId, namespace: undefined, hostName: undefined },
    );
    made.router.onStop(() => reporter.stop());
    await made.create('router.config.address', 'mc', { prefix: 'mc', distribution: 'multicast' });
    reporter.start();
  }
  const watcher = networkWatcher({ client, clock, onChange: () => undefined });
  t.after(() => watcher.stop({ graceMs: 0 }));
  const view = await until(() => {
    const now = watcher.view();
    const routers = now.sites.flatMap(({ routers: each }) => each);
    const links = routers.flatMap(({ links: each }) => each);
    const connectors = routers.flatMap(({ connectors: each }) => each);
    return links.some(({ up }) => up) && connectors.length > 0 ? now : undefined;
  }, 'the records arrive');
  const [siteA, siteB] = view.sites;
  assert.deepEqual([siteA?.id, siteB?.id], ['site-a', 'site-b']);
  assert.equal(siteA?.routers[0]?.links[0]?.remoteSiteId, 'site-b');
});

test('rows have what skstat asks for: the id of the router, priority and watch of addresses', async (t) => {
  const { client } = await managed(t);
  const [metrics] = await client.query('routerMetrics');
  assert.equal(metrics?.['id'], 'A');
  await client.create('tcpListener', 'svc', { address: 'svc', host: '127.0.0.1', port: 0 });
  const rows = await client.query('router.address', ['key', 'priority', 'watch']);
  const { priority, watch } = rows.find(({ key }) => key === 'Msvc') ?? {};
  assert.deepEqual([priority, watch], [-1, false]);
});
