/** The official JavaScript client, typed calls and informers, as other programs use it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  type V1ConfigMap,
} from '@kubernetes/client-node';
import { apiServerFor } from '../support/api-server.ts';
import { until } from '../support/until.ts';

test('typed calls read, change and delete without needless versions', async (t) => {
  const api = await apiServerFor(t);
  const config = new KubeConfig();
  config.loadFromFile(api.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const namespace = 'default';
  const created = await core.createNamespacedConfigMap({
    namespace,
    body: { metadata: { name: 'a' }, data: { k: 'v' } },
  });
  assert.ok(created.metadata?.creationTimestamp instanceof Date);
  // The client writes times back with milliseconds.
  const same = await core.replaceNamespacedConfigMap({ namespace, name: 'a', body: created });
  assert.equal(same.metadata?.resourceVersion, created.metadata.resourceVersion);
  const patched = await core.patchNamespacedConfigMap({
    namespace,
    name: 'a',
    body: [{ op: 'replace', path: '/data/k', value: 'w' }],
  });
  assert.deepEqual(patched.data, { k: 'w' });
  await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
  await assert.rejects(
    core.readNamespacedConfigMap({ namespace, name: 'a' }),
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 404,
  );
  const custom = config.makeApiClient(CustomObjectsApi);
  const kind = { group: 'skupper.io', version: 'v2alpha1', namespace, plural: 'sites' };
  await custom.createNamespacedCustomObject({
    ...kind,
    body: { apiVersion: 'skupper.io/v2alpha1', kind: 'Site', metadata: { name: 's' } },
  });
  const list = (await custom.listNamespacedCustomObject(kind)) as { items: unknown[] };
  assert.equal(list.items.length, 1);
});

test('an informer starts at once and sees every change, also what it missed', async (t) => {
  const api = await apiServerFor(t);
  const config = new KubeConfig();
  config.loadFromFile(api.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const namespace = 'default';
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const informer = makeInformer(config, path, () => core.listNamespacedConfigMap({ namespace }));
  t.after(() => informer.stop());
  const seen: string[] = [];
  const note = (verb: string) => (object: V1ConfigMap) =>
    seen.push(`${verb} ${object.metadata?.name}`);
  informer.on('add', note('add'));
  informer.on('update', note('update'));
  informer.on('delete', note('delete'));
  const begun = performance.now();
  await informer.start();
  assert.ok(performance.now() - begun < 5000, 'the headers of a quiet watch came');
  const create = (name: string) =>
    core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } });
  await create('a');
  await core.patchNamespacedConfigMap({
    namespace,
    name: 'a',
    body: [{ op: 'add', path: '/data', value: { k: 'v' } }],
  });
  await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
  await until(() => seen.length >= 3, 'three events');
  assert.deepEqual(seen, ['add a', 'update a', 'delete a']);
  await informer.stop();
  await create('b');
  await informer.start();
  await until(() => seen.includes('add b'), 'the one it missed');
});
