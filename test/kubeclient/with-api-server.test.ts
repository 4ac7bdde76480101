import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ensureServerFiles, openApiStore, startApiServer } from '#apiserver/index.ts';
import { silentLogger } from '#base/log.ts';
import {
  builtinDefinitions,
  configMap,
  type ConfigMap,
  event,
  type KubeObject,
  Registry,
} from '#kube/index.ts';
import {
  createOrUpdate,
  directConnection,
  EventRecorder,
  Informer,
  isKubeError,
  KubeClient,
  updateStatus,
} from '#kubeclient/index.ts';
import type { Store } from '#store/index.ts';
import { systemClock, systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';

interface Api {
  readonly store: Store<KubeObject>;
  readonly port: number;
  stop(): Promise<void>;
}

interface World {
  readonly client: KubeClient;
  api: Api;
  /** A client of the server as it runs now. */
  connect(): KubeClient;
  /** With the same data, on the same port unless another one is given. */
  restart(port?: number): Promise<void>;
}

async function apiWorld(t: TestContext): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-client-'));
  const files = await ensureServerFiles(
    { clock: systemClock },
    { directory: join(directory, 'pki'), hosts: [] },
  );
  const start = async (port: number): Promise<Api> => {
    const deps = { clock: systemClock, logger: silentLogger };
    const store = await openApiStore(deps, {
      directory,
      limits: { logAgeMs: 0, logRowsMin: 0, sweepIntervalMs: 3_600_000 },
    });
    const server = await startApiServer(
      { ...deps, random: systemRandom, store, registry: new Registry([...builtinDefinitions]) },
      {
        host: '127.0.0.1',
        port,
        tls: { cert: files.serverCert, key: files.serverKey, clientCa: files.ca },
        version: '0.1.0',
      },
    );
    return {
      store,
      port: server.port,
      stop: async () => {
        await server.stop({ graceMs: 0 });
        await store.stop({ graceMs: 0 });
      },
    };
  };
  const connect = (): KubeClient =>
    new KubeClient(
      directConnection({
        server: `https://127.0.0.1:${world.api.port}`,
        ca: files.ca,
        cert: files.adminCert,
        key: files.adminKey,
      }),
    );
  const world: Omit<World, 'client'> = {
    api: await start(0),
    connect,
    restart: async (port = world.api.port) => {
      await world.api.stop();
      world.api = await start(port);
    },
  };
  const client = connect();
  t.after(async () => {
    client.close();
    await world.api.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return Object.assign(world, { client });
}

function follow(
  t: TestContext,
  client: KubeClient,
): { informer: Informer<ConfigMap>; seen: string[] } {
  const informer = new Informer(
    configMap,
    { client, random: systemRandom, log: silentLogger },
    { backoff: { firstMs: 5, maxMs: 100, factor: 2, jitter: 0.5 } },
  );
  const seen: string[] = [];
  informer.onChange(({ type, object }) => {
    if (object.metadata.namespace === 'default') seen.push(`${type} ${object.metadata.name}`);
  });
  t.after(() => informer.stop());
  informer.start();
  return { informer, seen };
}

const newMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});
const at = (name: string) => ({ namespace: 'default', name });

test('an informer lives through a restart of the API server', async (t) => {
  const world = await apiWorld(t);
  await world.client.create(configMap, newMap('a'));
  const { informer, seen } = follow(t, world.client);
  await informer.synced;
  await world.restart();
  await world.client.create(configMap, newMap('b'));
  await until(() => seen.includes('added b'), 'the object made after the restart');
  await world.client.delete(configMap, at('a'));
  await until(() => seen.includes('deleted a'), 'the deletion');
  assert.deepEqual(seen, ['added a', 'added b', 'deleted a']);
});

test('an informer whose revision was compacted lists again and misses nothing', async (t) => {
  const world = await apiWorld(t);
  const first = await world.client.create(configMap, newMap('a'));
  await world.client.create(configMap, newMap('b'));
  const { informer, seen } = follow(t, world.client);
  await informer.synced;
  const { port } = world.api;
  // Changed and compacted on another port, where the informer does not look.
  await world.restart(0);
  const elsewhere = world.connect();
  await elsewhere.delete(configMap, at('a'));
  await elsewhere.update(configMap, {
    ...(await elsewhere.get(configMap, at('b'))),
    data: { n: '2' },
  });
  await world.api.store.sweep();
  const stale = { resourceVersion: first.metadata.resourceVersion ?? '', signal: t.signal };
  await assert.rejects(
    elsewhere.watch(configMap, stale, () => undefined),
    (thrown) => isKubeError(thrown, 'KUBE_GONE'),
  );
  elsewhere.close();
  await world.restart(port);
  await until(() => seen.includes('deleted a') && seen.includes('updated b'), 'both changes');
  assert.deepEqual(seen.toSorted(), ['added a', 'added b', 'deleted a', 'updated b']);
});

test('twenty writers raising one number lose no step', async (t) => {
  const { client } = await apiWorld(t);
  await client.create(configMap, newMap('counter', { n: '0' }));
  const raise = async (): Promise<void> => {
    for (;;) {
      try {
        await createOrUpdate(client, configMap, at('counter'), (existing) => {
          assert.ok(existing);
          const n = Number(existing.data?.['n']) + 1;
          return { ...existing, data: { n: `${n}` } };
        });
        return;
      } catch (thrown) {
        // Many conflicts in a row are told to the caller, which tries again as a controller would.
        assert.ok(isKubeError(thrown, 'KUBE_CONFLICT'));
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, raise));
  const counter = await client.get(configMap, at('counter'));
  assert.equal(counter.data?.['n'], '20');
});

test('a change to an object that was replaced by another of the same name is dropped', async (t) => {
  const { client } = await apiWorld(t);
  const first = await client.create(configMap, newMap('a'));
  await client.delete(configMap, at('a'));
  await client.create(configMap, newMap('a'));
  await assert.rejects(
    client.delete(configMap, at('a'), { uid: first.metadata.uid ?? '' }),
    (thrown) => isKubeError(thrown, 'KUBE_CONFLICT'),
  );
  const written = await updateStatus(
    {
      create: () => assert.fail('no create'),
      update: () => assert.fail('no update'),
      // ConfigMaps have no status; the conflict is what counts here.
      updateStatus: (of, object) => client.update(of, object),
      find: (of, key) => client.find(of, key),
    },
    configMap,
    first,
    (copy) => ({ ...copy, data: { n: '1' } }),
  );
  assert.equal(written, undefined);
});

test('the same event again raises its count', async (t) => {
  const { client } = await apiWorld(t);
  const object = await client.create(configMap, newMap('a'));
  const recorder = new EventRecorder({ client, clock: systemClock, log: silentLogger }, 'test');
  for (let times = 0; times < 3; times++) {
    recorder.record(object, { type: 'Warning', reason: 'Trouble', message: 'it broke' });
  }
  recorder.record(object, { type: 'Normal', reason: 'Fine', message: 'it works' });
  await recorder.stop({ graceMs: 5_000 });
  const { items } = await client.list(event, { namespace: 'default' });
  assert.deepEqual(
    items.map(({ reason, count, type }) => `${type} ${reason} ${count}`).toSorted(),
    ['Normal Fine 1', 'Warning Trouble 3'],
  );
  assert.equal(items[0]?.involvedObject?.uid, object.metadata.uid);
});

test('an object that has ever new troubles fills the namespace with few events', async (t) => {
  const { client } = await apiWorld(t);
  const object = await client.create(configMap, newMap('a'));
  const clock = { nowMs: () => 1_800_000_000_000, monotonicMs: () => 0 };
  const recorder = new EventRecorder({ client, clock, log: silentLogger }, 'test');
  for (let n = 0; n < 100; n++) {
    recorder.record(object, { type: 'Warning', reason: 'Trouble', message: `it broke at ${n}` });
  }
  await recorder.stop({ graceMs: 5_000 });
  const { items } = await client.list(event, { namespace: 'default' });
  assert.equal(items.length, 11);
  const combined = items.filter(({ message }) => message?.startsWith('(combined from similar'));
  assert.deepEqual(
    combined.map(({ count, message }) => [count, message]),
    [[15, '(combined from similar events): it broke at 24']],
  );
});

test('a server with another CA is not trusted', async (t) => {
  const world = await apiWorld(t);
  const other = await apiWorld(t);
  const client = new KubeClient({
    server: `https://127.0.0.1:${world.api.port}`,
    namespace: 'default',
    credentials: async () => ({ tls: { ca: 'none' }, headers: {} }),
  });
  await assert.rejects(client.get(configMap, at('a')), (thrown) =>
    isKubeError(thrown, 'KUBE_UNREACHABLE'),
  );
  assert.notEqual(other.api.port, world.api.port);
});
