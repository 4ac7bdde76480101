import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  connectionFromKubeconfig,
  createOrUpdate,
  isKubeError,
  KubeClient,
} from '#kubeclient/index.ts';
import { configMap, configMaps, keyIn } from './config-maps.ts';
import { ScriptedApi } from './scripted-api.ts';

const clientOf = (server: string): KubeClient =>
  new KubeClient({ server, namespace: 'ns', credentials: async () => ({ tls: {}, headers: {} }) });

test('a missing object is KUBE_NOT_FOUND with the words of the server', async (t) => {
  const client = clientOf((await ScriptedApi.start(t)).server);
  await assert.rejects(client.get(configMaps, keyIn('x')), (thrown) => {
    assert.ok(isKubeError(thrown, 'KUBE_NOT_FOUND'));
    assert.equal(thrown.message, 'configmaps "x" not found');
    assert.equal(thrown.status, 404);
    assert.equal(thrown.reason, 'NotFound');
    return true;
  });
  assert.equal(await client.find(configMaps, keyIn('x')), undefined);
  assert.equal(await client.remove(configMaps, keyIn('x')), false);
});

test('two creations of one name: the second is KUBE_ALREADY_EXISTS', async (t) => {
  const client = clientOf((await ScriptedApi.start(t)).server);
  await client.create(configMaps, configMap('a', {}));
  await assert.rejects(client.create(configMaps, configMap('a', {})), (thrown) =>
    isKubeError(thrown, 'KUBE_ALREADY_EXISTS'),
  );
});

test('an update of an old revision is KUBE_CONFLICT', async (t) => {
  const api = await ScriptedApi.start(t);
  const client = clientOf(api.server);
  const old = await client.create(configMaps, configMap('a', { n: '1' }));
  api.put('a', { n: '2' });
  await assert.rejects(client.update(configMaps, old), (thrown) =>
    isKubeError(thrown, 'KUBE_CONFLICT'),
  );
});

test('a list reads all pages and gives every item its kind', async (t) => {
  const api = await ScriptedApi.start(t);
  for (let index = 0; index < 7; index++) api.put(`m${index}`, {});
  const list = await clientOf(api.server).list(configMaps, { namespace: 'ns', pageSize: 3 });
  assert.deepEqual(
    list.items.map((item) => item.metadata.name),
    ['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6'],
  );
  assert.ok(list.items.every((item) => item.kind === 'ConfigMap' && item.apiVersion === 'v1'));
});

test('createOrUpdate creates, leaves alone what is right, and repeats after a conflict', async (t) => {
  const api = await ScriptedApi.start(t);
  const client = clientOf(api.server);
  const want = (data: Record<string, string>) =>
    createOrUpdate(client, configMaps, keyIn('a'), (existing) => ({
      ...(existing ?? configMap('a', {})),
      data,
    }));
  assert.equal((await want({ n: '1' }))?.outcome, 'created');
  const before = api.requests.length;
  assert.equal((await want({ n: '1' }))?.outcome, 'unchanged');
  assert.equal(api.requests.length, before + 1, 'one read and no write');
  const stale = await client.get(configMaps, keyIn('a'));
  api.put('a', { n: 'other' });
  const merged = await createOrUpdate(
    client,
    configMaps,
    keyIn('a'),
    (existing) => ({ ...(existing ?? configMap('a', {})), data: { ...existing?.data, k: 'v' } }),
    stale,
  );
  assert.equal(merged?.outcome, 'updated');
  assert.deepEqual(merged?.object.data, { n: 'other', k: 'v' });
});

test('createOrUpdate writes nothing when the shape says so', async (t) => {
  const api = await ScriptedApi.start(t);
  const client = clientOf(api.server);
  assert.equal(await createOrUpdate(client, configMaps, keyIn('a'), () => undefined), undefined);
  assert.equal(api.objects.size, 0);
});

test('a server that is not there is KUBE_UNREACHABLE and worth a retry', async () => {
  const client = clientOf('http://127.0.0.1:1');
  await assert.rejects(client.get(configMaps, keyIn('a')), (thrown) => {
    assert.ok(isKubeError(thrown, 'KUBE_UNREACHABLE'));
    assert.equal(thrown.retry, 'backoff');
    return true;
  });
});

test('an answer larger than the limit is refused', async (t) => {
  const api = await ScriptedApi.start(t);
  api.put('big', { text: 'x'.repeat(10_000) });
  const client = new KubeClient(
    { server: api.server, namespace: 'ns', credentials: async () => ({ tls: {}, headers: {} }) },
    { answerBytesMax: 5_000 },
  );
  await assert.rejects(client.get(configMaps, keyIn('big')), (thrown) =>
    isKubeError(thrown, 'KUBE_PROTOCOL'),
  );
});

test('a kubeconfig gives server, namespace and credentials; a wrong context is KUBE_CONFIG', async () => {
  const text = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://host:6440/' } }],
    users: [{ name: 'u', user: { token: 'secret-token' } }],
    contexts: [{ name: 'west', context: { cluster: 'c', user: 'u', namespace: 'west' } }],
    'current-context': 'west',
  });
  const connection = await connectionFromKubeconfig({ text });
  assert.equal(connection.server, 'https://host:6440');
  assert.equal(connection.namespace, 'west');
  const { headers } = await connection.credentials();
  assert.equal(headers['Authorization'], 'Bearer secret-token');
  await assert.rejects(connectionFromKubeconfig({ text, context: 'nope' }), (thrown) =>
    isKubeError(thrown, 'KUBE_CONFIG'),
  );
});

test('a token file of a kubeconfig is read, beside it and without its line end', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-kubeconfig-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'config');
  const config = {
    clusters: [{ name: 'c', cluster: { server: 'https://host:6440' } }],
    users: [{ name: 'u', user: { token: 'another', tokenFile: 'token' } }],
    contexts: [{ name: 'west', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'west',
  };
  writeFileSync(path, JSON.stringify(config));
  writeFileSync(join(folder, 'token'), 'rotated\n');
  const { headers } = await (await connectionFromKubeconfig({ path })).credentials();
  assert.equal(headers['Authorization'], 'Bearer rotated');
  writeFileSync(join(folder, 'token'), '\n');
  const empty = await connectionFromKubeconfig({ path });
  await assert.rejects(async () => empty.credentials(), {
    code: 'KUBE_CONFIG',
    message: /token is empty/,
  });
  rmSync(join(folder, 'token'));
  const missing = await connectionFromKubeconfig({ path });
  await assert.rejects(async () => missing.credentials(), {
    code: 'KUBE_CONFIG',
    message: /cannot be read/,
  });
});

test('credentials that are away while they are replaced are used on, for a while', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-kubeconfig-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  const text = JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://host:6440' } }],
    users: [{ name: 'u', user: { tokenFile: file } }],
    contexts: [{ name: 'west', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'west',
  });
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  writeFileSync(file, 'one');
  const connection = await connectionFromKubeconfig({ text });
  const bearerAfter = async (ms: number): Promise<unknown> => {
    nowMs += ms;
    return (await connection.credentials()).headers['Authorization'];
  };
  assert.equal(await bearerAfter(0), 'Bearer one');
  writeFileSync(file, '\n');
  assert.equal(await bearerAfter(11_000), 'Bearer one');
  rmSync(file);
  assert.equal(await bearerAfter(300_000), 'Bearer one');
  writeFileSync(file, 'two');
  assert.equal(await bearerAfter(2_000), 'Bearer two');
  rmSync(file);
  assert.equal(await bearerAfter(599_000), 'Bearer two');
  await assert.rejects(async () => bearerAfter(2_000), { code: 'KUBE_CONFIG' });
});

test('a file that is no kubeconfig has no context, and says so', async () => {
  await assert.rejects(connectionFromKubeconfig({ text: 'a-host-name' }), {
    code: 'KUBE_CONFIG',
    message: 'kubeconfig has no current context',
  });
});
