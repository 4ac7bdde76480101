/** An informer over 5 000 objects through cuts, a restart and compaction in the middle. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { type ConfigMap, configMap, type KubeObject } from '#kube/index.ts';
import { directConnection, Informer, KubeClient } from '#kubeclient/index.ts';
import type { Store } from '#store/index.ts';
import { SeededRandom } from '../sim/seeded-random.ts';
import { startTestApiServer } from '../support/api-server.ts';
import { cuttingProxy } from '../support/cutting-proxy.ts';
import { systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';

const objects = 5_000;
const collection = 'configmaps';
const namespace = 'default';
const nameOf = (n: number): string => `o${n}`;

function write(store: Store<KubeObject>, n: number, value: string | undefined): Promise<unknown> {
  const key = { collection, namespace, name: nameOf(n) };
  const before = store.get(collection, key);
  if (value === undefined && before === undefined) return Promise.resolve();
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: nameOf(n), namespace, uid: before?.value.metadata.uid ?? `u${n}-${value}` },
    data: { value: value ?? '' },
  };
  return store.write({
    ...key,
    expected: before?.revision ?? 0,
    value: object,
    delete: value === undefined,
  });
}

/** Checks each announcement against what was announced before: nothing twice, nothing out of the blue. */
class Witness {
  readonly known = new Map<string, string>();
  readonly faults: string[] = [];

  note(type: 'added' | 'updated' | 'deleted', { metadata }: ConfigMap): void {
    const { name, resourceVersion = '' } = metadata;
    const before = this.known.get(name);
    const fits = type === 'added' ? before === undefined : before !== undefined;
    if (!fits) this.faults.push(`${type} ${name}, known: ${before}`);
    if (type === 'updated' && before === resourceVersion) this.faults.push(`${name} twice`);
    if (type === 'deleted') this.known.delete(name);
    else this.known.set(name, resourceVersion);
  }
}

test('an informer loses, repeats and invents nothing, and does not storm the server', {
  timeout: 120_000,
}, async (t) => {
  const seed = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);
  t.diagnostic(`SOAK_SEED=${seed}`);
  const random = new SeededRandom(seed);
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-soak-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const storeLimits = { logAgeMs: 0, logRowsMin: 0, sweepIntervalMs: 3_600_000 };
  let api = await startTestApiServer({ directory, storeLimits });
  t.after(() => api.stop());
  const { ca, adminCert: cert, adminKey: key } = api.files;
  const identity = { cert: api.files.serverCert, key: api.files.serverKey, clientCa: ca };
  await Promise.all(Array.from({ length: objects }, (_, n) => write(api.store, n, '0')));
  const proxy = await cuttingProxy(t, api.server.port);
  const client = new KubeClient(
    directConnection({ server: `https://127.0.0.1:${proxy.port}`, ca, cert, key }),
  );
  t.after(() => client.close());
  const backoff = { firstMs: 10, maxMs: 200, factor: 2, jitter: 0.5 };
  const informer = new Informer<ConfigMap>(
    configMap,
    { client, random: systemRandom, log: silentLogger },
    { namespace, backoff },
  );
  const witness = new Witness();
  informer.onChange(({ type, object }) => witness.note(type, object));
  t.after(() => informer.stop());
  informer.start();
  await informer.synced;
  const change = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const gone = random.below(4) === 0;
      await write(api.store, random.below(objects + 500), gone ? undefined : `${i}-${seed}`);
    }
  };
  for (let round = 0; round < 12; round++) {
    await change(60);
    proxy.cut();
    await change(60);
    // Compacted while the informer is cut off: what it missed is gone from the log.
    if (round % 4 === 1) {
      proxy.target = 1;
      proxy.cut();
      await change(200);
      await api.store.sweep();
      proxy.target = api.server.port;
    }
    if (round === 6) {
      await api.stop();
      api = await startTestApiServer({ directory, storeLimits });
      api.server.setTls(identity);
      proxy.target = api.server.port;
    }
  }
  await client.get(configMap, { namespace, name: nameOf(0) }).catch(() => undefined);
  await write(api.store, 0, 'last');
  await until(
    () => informer.get({ namespace, name: nameOf(0) })?.data?.['value'] === 'last',
    'the last change',
    60_000,
  );
  const truth = api.store
    .list(collection, { namespace })
    .objects.map(({ name, revision }) => [name, String(revision)]);
  assert.deepEqual(witness.faults, []);
  assert.deepEqual(Object.fromEntries(witness.known), Object.fromEntries(truth));
  assert.ok(proxy.taken < 400, `${proxy.taken} connections`);
});
