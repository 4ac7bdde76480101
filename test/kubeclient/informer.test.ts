import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#base/log.ts';
import { feed, Informer, InformerSet, KubeClient } from '#kubeclient/index.ts';
import { systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';
import { type ConfigMap, configMaps, keyIn } from './config-maps.ts';
import { ScriptedApi } from './scripted-api.ts';

function newInformer(
  t: TestContext,
  api: ScriptedApi,
  limits: { silenceMsMax?: number } = {},
): Informer<ConfigMap> {
  const client = new KubeClient(
    { server: api.server, namespace: 'ns', credentials: async () => ({ tls: {}, headers: {} }) },
    limits,
  );
  const informer = new Informer(
    configMaps,
    { client, random: systemRandom, log: silentLogger },
    {
      backoff: { firstMs: 1, maxMs: 20, factor: 2, jitter: 0 },
      indexes: [
        { name: 'color', valuesOf: ({ data }) => (data?.['color'] ? [data['color']] : []) },
      ],
    },
  );
  t.after(() => informer.stop());
  return informer;
}

function record(informer: Informer<ConfigMap>): string[] {
  const seen: string[] = [];
  informer.onChange(({ type, object }) => {
    seen.push(`${type} ${object.metadata.name} ${object.data?.['n'] ?? ''}`.trim());
  });
  return seen;
}

test('it announces what is there, then every change', async (t) => {
  const api = await ScriptedApi.start(t);
  api.put('a', { n: '1' });
  const informer = newInformer(t, api);
  const seen = record(informer);
  informer.start();
  await informer.synced;
  await until(() => api.watchCount === 1, 'the watch');
  api.put('b', { n: '1' });
  api.put('a', { n: '2' });
  api.remove('b');
  await until(() => seen.length === 4, 'the changes');
  assert.deepEqual(seen, ['added a 1', 'added b 1', 'updated a 2', 'deleted b 1']);
  assert.equal(informer.get(keyIn('a'))?.data?.['n'], '2');
  assert.equal(informer.list('ns').length, 1);
  assert.equal(informer.list('other').length, 0);
});

test('a handler added late hears of what is already known', async (t) => {
  const api = await ScriptedApi.start(t);
  api.put('a', { n: '1' });
  const informer = newInformer(t, api);
  informer.start();
  await informer.synced;
  assert.deepEqual(record(informer), ['added a 1']);
});

test('objects are found by index, also after they changed', async (t) => {
  const api = await ScriptedApi.start(t);
  api.put('a', { color: 'red' });
  const informer = newInformer(t, api);
  informer.start();
  await informer.synced;
  assert.equal(informer.byIndex('color', 'red').length, 1);
  await until(() => api.watchCount === 1, 'the watch');
  api.put('a', { color: 'blue' });
  await until(() => informer.byIndex('color', 'blue').length === 1, 'the new value');
  assert.equal(informer.byIndex('color', 'red').length, 0);
});

test('objects in the cache cannot be changed by accident', async (t) => {
  const api = await ScriptedApi.start(t);
  api.put('a', { n: '1' });
  const informer = newInformer(t, api);
  informer.start();
  await informer.synced;
  const object = informer.get(keyIn('a'));
  assert.ok(object?.data);
  const { data } = object;
  assert.throws(() => (data['n'] = '2'), TypeError);
});

test('a connection cut in the middle resumes without announcing anything twice', async (t) => {
  const api = await ScriptedApi.start(t);
  api.put('a', { n: '1' });
  const informer = newInformer(t, api);
  const seen = record(informer);
  informer.start();
  await until(() => api.watchCount === 1, 'the watch');
  api.endWatches({ abruptly: true });
  api.put('b', { n: '1' });
  await until(() => seen.includes('added b 1'), 'the change made during the gap');
  assert.deepEqual(seen, ['added a 1', 'added b 1']);
  const lists = api.requests.filter((line) => !line.includes('watch=true'));
  assert.equal(lists.length, 1, 'resumed, not listed again');
});

test('a compacted revision leads to a new list, and a deletion in the gap is announced', async (t) => {
  const api = await ScriptedApi.start(t);
  api.put('a', { n: '1' });
  api.put('b', { n: '1' });
  const informer = newInformer(t, api);
  const seen = record(informer);
  informer.start();
  await until(() => api.watchCount === 1, 'the watch');
  api.compacted = api.revision + 1;
  api.revision += 2;
  api.objects.delete('a');
  api.endWatches();
  await until(() => seen.includes('deleted a 1'), 'the deletion');
  assert.deepEqual(seen, ['added a 1', 'added b 1', 'deleted a 1']);
});

test('a silent watch is given up and resumed', async (t) => {
  const api = await ScriptedApi.start(t);
  const informer = newInformer(t, api, { silenceMsMax: 30 });
  informer.start();
  const watches = (): number => api.requests.filter((line) => line.includes('watch=true')).length;
  await until(() => watches() >= 2, 'a second watch');
});

test('nonsense in the stream leads to a fresh list', async (t) => {
  const api = await ScriptedApi.start(t);
  const informer = newInformer(t, api);
  const seen = record(informer);
  informer.start();
  await until(() => api.watchCount === 1, 'the watch');
  api.sendRaw('this is not JSON\n');
  await until(
    () => api.requests.filter((line) => !line.includes('watch=true')).length === 2,
    'list',
  );
  await until(() => api.watchCount >= 1, 'the watch again');
  api.put('a', { n: '1' });
  await until(() => seen.length === 1, 'the change');
});

test('a server that asks to slow down gets its pause, and no list on top', async (t) => {
  const api = await ScriptedApi.start(t);
  api.put('a', { n: '1' });
  api.watchesRefused = 1;
  const informer = newInformer(t, api);
  const begunMs = performance.now();
  informer.start();
  await until(() => api.watchCount === 1, 'the watch');
  assert.ok(performance.now() - begunMs >= 990, 'not before Retry-After');
  const kinds = api.requests.map((line) => (line.includes('watch=true') ? 'watch' : 'list'));
  assert.deepEqual(kinds, ['list', 'watch', 'watch']);
});

test('a server that ends every watch at once is not asked in a tight loop', async (t) => {
  const api = await ScriptedApi.start(t);
  const client = new KubeClient({
    server: api.server,
    namespace: 'ns',
    credentials: async () => ({ tls: {}, headers: {} }),
  });
  const ender = setInterval(() => api.endWatches(), 1);
  t.after(() => clearInterval(ender));
  const informer = new Informer(configMaps, { client, random: systemRandom, log: silentLogger });
  t.after(() => informer.stop());
  informer.start();
  await until(() => api.requests.length >= 4, 'some watches');
  const before = api.requests.length;
  await new Promise((resolve) => {
    setTimeout(resolve, 300);
  });
  assert.ok(api.requests.length - before <= 3, `${api.requests.length - before} in 300 ms`);
});

test('it keeps trying while the server refuses to list', async (t) => {
  const api = await ScriptedApi.start(t);
  api.listsRefused = 3;
  api.put('a', { n: '1' });
  const informer = newInformer(t, api);
  informer.start();
  await informer.synced;
  assert.equal(informer.list().length, 1);
});

test('feed adds the keys of an object as it is and as it was', async (t) => {
  const api = await ScriptedApi.start(t);
  api.put('a', { color: 'red' });
  const client = new KubeClient({
    server: api.server,
    namespace: 'ns',
    credentials: async () => ({ tls: {}, headers: {} }),
  });
  const set = new InformerSet({ client, random: systemRandom, log: silentLogger });
  t.after(() => set.stop());
  const informer = set.of(configMaps);
  assert.equal(set.of(configMaps), informer);
  const keys: string[] = [];
  feed(informer, { add: (key: string) => keys.push(key) }, ({ data }) => [data?.['color'] ?? '']);
  set.start();
  await set.synced();
  await until(() => api.watchCount === 1, 'the watch');
  api.put('a', { color: 'blue' });
  await until(() => keys.length === 3, 'the keys');
  assert.deepEqual(keys, ['red', 'blue', 'red']);
});
