/** What the controllers want of a router, brought about in a real skupper-router. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { desiredEntities, type RouterInputs } from '#controllers/router-config/entities.ts';
import {
  difference,
  type EntityRow,
  managedTypes,
  type ManagedType,
} from '#controllers/router-config/difference.ts';
import { addressesOf } from '#controllers/router-config/multi-listener.ts';
import type { RouterConnection } from '#controllers/site-router/router-connection.ts';
import { RouterSync } from '#controllers/site-router/router-sync.ts';
import { type ManagementClient, managementClient } from '#management/index.ts';
import { dial, readAll, serve } from '../support/router-tcp.ts';
import { freePort, skrouterd, startSkrouterd } from '../support/skrouterd.ts';
import { systemClock, systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';

const skip = skrouterd === undefined ? 'SKROUTERD does not name a skupper-router' : false;

const inputs: RouterInputs = {
  site: { name: 'west', uid: '0123456789abcdef' },
  mode: 'interior',
  version: '1.2.3',
  platform: 'linux',
  dataConnectionCount: undefined,
  logging: undefined,
  management: { host: '127.0.0.1', port: 5671 },
  profiles: [],
  ownEntities: [],
  access: [],
  links: [],
  proxies: [],
  listeners: [],
  multiListeners: [],
  connectors: [],
  credentialPath: (profile, file) => `/certs/${profile}/${file}`,
};

function connectionOver(client: ManagementClient): RouterConnection {
  return {
    get connected() {
      return client.isConnected;
    },
    network: undefined,
    query: (type) => client.query(type),
    create: async (type, name, attributes) => {
      await client.create(type, name, { ...attributes });
    },
    update: async (type, name, attributes) => {
      await client.update({ type, name }, { ...attributes });
    },
    delete: async (type, name) => {
      await client.delete({ type, name });
    },
    send: () => false,
    close: () => client.stop({ graceMs: 0 }),
  };
}

test('a real router takes a listener of several keys, its changes and its end', {
  skip,
}, async (t) => {
  const real = await startSkrouterd(t, 'R', []);
  const base = { clock: systemClock, random: systemRandom, log: silentLogger };
  const client = await managementClient(base, { host: '127.0.0.1', port: real.port }).start(
    new AbortController().signal,
  );
  t.after(() => client.stop({ graceMs: 0 }));
  await until(() => client.isConnected, 'management');
  const connection = connectionOver(client);
  const sync = new RouterSync(connection, silentLogger, { holdsCredentials: false });
  const [first, second] = [await freePort(), await freePort()];
  const serverOf = async (name: string) => (await serve(t, (socket) => socket.end(name))).port;
  const [a, b] = [await serverOf('a'), await serverOf('b')];
  const connectorOf = (name: string, port: number) => ({
    name,
    host: '127.0.0.1',
    port,
    address: name,
    secret: undefined,
    useClientCert: false,
    verifyHostname: false,
  });
  const multiOf = (port: number, ...routingKeys: string[]) => ({
    name: 'any',
    bind: { host: '127.0.0.1', port },
    secret: undefined,
    clientCert: false,
    observer: undefined,
    ...addressesOf({ priority: { routingKeys } }),
  });
  const wish = async (parts: Partial<RouterInputs>): Promise<void> => {
    const entities = desiredEntities({ ...inputs, ...parts }).filter(
      ({ type }) => type === 'tcpListener' || type === 'tcpConnector' || type === 'listenerAddress',
    );
    await sync.apply(entities);
    const told = entities.map(({ name }) => sync.problemOf(name));
    assert.deepEqual(
      told.filter((problem) => problem !== undefined),
      [],
    );
    const rows = await Promise.all(
      managedTypes.map(async (type) => [type, await connection.query(type)] as const),
    );
    const left = difference(entities, new Map<ManagedType, readonly EntityRow[]>(rows));
    assert.deepEqual(left, [], 'nothing is left to do');
  };
  const answers = (port: number, expected: string) =>
    until(
      async () => (await readAll(await dial(port, t))).toString() === expected,
      `${expected} answers`,
    );
  const both = [connectorOf('a', a), connectorOf('b', b)];
  await wish({ multiListeners: [multiOf(first, 'a', 'b')], connectors: both });
  await answers(first, 'a');
  await wish({ multiListeners: [multiOf(first, 'a', 'b')], connectors: both.slice(1) });
  await answers(first, 'b');
  await wish({ multiListeners: [multiOf(first, 'b', 'a')], connectors: both });
  await answers(first, 'b');
  await wish({ multiListeners: [multiOf(second, 'a')], connectors: both });
  await answers(second, 'a');
  await wish({ connectors: both });
  assert.deepEqual(await connection.query('listenerAddress'), []);
});
