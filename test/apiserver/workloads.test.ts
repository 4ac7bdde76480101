/** Deployments with their scale, and Pods that may only be read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyJson, apiServerFor } from '../support/api-server.ts';
import { entry, envelope, message } from '../support/protobuf-writer.ts';

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const merge = { 'content-type': 'application/merge-patch+json' };
const strategic = { 'content-type': 'application/strategic-merge-patch+json' };

const deployment = (name: string) => ({
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'c', image: 'nginx:1' }] },
    },
  },
});

test('a Deployment as kubectl creates it, in protobuf', async (t) => {
  const api = await apiServerFor(t);
  const empty = Buffer.alloc(0);
  const labels = entry('app', 'd');
  const metadata = message(
    [1, 'd'],
    [2, ''],
    [3, ''],
    [5, ''],
    [6, ''],
    [7, 0],
    [8, empty],
    [11, labels],
  );
  const resources = message([1, entry('cpu', message([1, '100m']))]);
  const port = message([1, ''], [2, 0], [3, 80], [4, ''], [5, '']);
  const container = message(
    [1, 'nginx'],
    [2, 'nginx'],
    [5, ''],
    [6, port],
    [8, resources],
    [14, ''],
  );
  const secret = message([1, message([1, 'tls'])]);
  const source = message([6, message([1, 'tls'], [4, false])]);
  const volume = message([1, 'certs'], [2, source]);
  const podSpec = message([1, volume], [2, container], [3, ''], [6, ''], [11, false]);
  const template = message([1, message([1, ''], [11, labels])], [2, podSpec]);
  const selector = message([1, labels]);
  const spec = message([1, 0], [2, selector], [3, template], [4, message([1, ''])], [5, 0]);
  assert.ok(secret.length > 0);
  const raw = message([1, metadata], [2, spec], [3, message([1, 0], [2, 0])]);
  const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
  const body = envelope('apps/v1', 'Deployment', raw);
  const { status, json, text } = await api.call(deployments, { body, headers });
  assert.equal(status, 201, text);
  assert.equal(json.spec.replicas, 0, 'a pointer to zero is kept');
  const [made] = json.spec.template.spec.containers;
  assert.deepEqual(made.ports, [{ containerPort: 80, protocol: 'TCP' }]);
  assert.deepEqual(made.resources, { limits: { cpu: '100m' } });
  assert.deepEqual(json.spec.template.spec.volumes, [
    { name: 'certs', secret: { secretName: 'tls', optional: false, defaultMode: 420 } },
  ]);
});

test('strategic merge finds containers by name', async (t) => {
  const api = await apiServerFor(t);
  await api.call(deployments, { body: deployment('d') });
  const containers = [
    { name: 'c', image: 'nginx:2' },
    { name: 'side', image: 'x:1' },
  ];
  const body = { spec: { template: { spec: { containers } } } };
  const { json } = await api.call(`${deployments}/d`, {
    method: 'PATCH',
    headers: strategic,
    body,
  });
  const images = json.spec.template.spec.containers.map((each: AnyJson) => each.image);
  assert.deepEqual(images.sort(), ['nginx:2', 'x:1']);
  assert.equal(json.metadata.generation, 2);
});

test('the scale of a Deployment is a view of it', async (t) => {
  const api = await apiServerFor(t);
  const { json: made } = await api.call(deployments, { body: deployment('d') });
  const place = `${deployments}/d/scale`;
  const { json: scale } = await api.call(place);
  const { uid, resourceVersion, creationTimestamp } = made.metadata;
  assert.deepEqual(scale, {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name: 'd', namespace: 'default', uid, resourceVersion, creationTimestamp },
    spec: { replicas: 2 },
    status: { replicas: 0, selector: 'app=d' },
  });
  const patched = await api.call(place, {
    method: 'PATCH',
    headers: merge,
    body: { spec: { replicas: 5 } },
  });
  assert.deepEqual([patched.status, patched.json.spec.replicas], [200, 5]);
  assert.equal((await api.call(`${deployments}/d`)).json.spec.replicas, 5);
  const stale = await api.call(place, { method: 'PUT', body: scale });
  assert.deepEqual([stale.status, stale.json.reason], [409, 'Conflict']);
  const put = await api.call(place, { method: 'PUT', body: { ...patched.json, spec: {} } });
  assert.deepEqual([put.status, put.json.spec.replicas], [200, 0], put.text);
});

test('a scale that makes no sense is refused', async (t) => {
  const api = await apiServerFor(t);
  await api.call(deployments, { body: deployment('d') });
  const place = `${deployments}/d/scale`;
  const change = (body: unknown) => api.call(place, { method: 'PATCH', headers: merge, body });
  const negative = await change({ spec: { replicas: -1 } });
  assert.deepEqual(
    [negative.status, negative.json.message],
    [
      422,
      'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ],
  );
  assert.equal((await change({ kind: 'Deployment' })).status, 400);
  assert.equal((await change({ metadata: { name: 'other' } })).status, 400);
  assert.equal((await api.call(place, { method: 'DELETE' })).status, 405);
  const config = '/api/v1/namespaces/default/configmaps';
  await api.call(config, { body: { metadata: { name: 'c' } } });
  assert.equal((await api.call(`${config}/c/scale`)).status, 404);
});

test('Pods are listed and watched, and not written', async (t) => {
  const api = await apiServerFor(t);
  const pods = '/api/v1/namespaces/default/pods';
  const value: AnyJson = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default', uid: 'u' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
    status: { phase: 'Running' },
  };
  const key = { collection: 'pods', namespace: 'default', name: 'p' };
  await api.store.write({ ...key, expected: 0, value, text: JSON.stringify(value) });
  assert.equal((await api.call(pods)).json.items.length, 1);
  const running = await api.call(`${pods}?fieldSelector=status.phase%3DRunning`);
  assert.equal(running.json.items.length, 1);
  assert.equal((await api.call(`${pods}/p`)).json.status.phase, 'Running');
  const body = { metadata: { name: 'q' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const refused = [
    await api.call(pods, { body }),
    await api.call(`${pods}/p`, { method: 'PUT', body }),
    await api.call(`${pods}/p`, { method: 'PATCH', headers: merge, body }),
    await api.call(`${pods}/p`, { method: 'DELETE' }),
    await api.call(pods, { method: 'DELETE' }),
  ];
  assert.deepEqual(
    refused.map(({ status, json }) => [status, json.reason]),
    refused.map(() => [405, 'MethodNotAllowed']),
  );
  assert.equal((await api.call(`${pods}/p/log`)).status, 404);
  const { resources } = (await api.call('/api/v1')).json;
  const offered = resources.find((each: AnyJson) => each.name === 'pods');
  assert.deepEqual(offered.verbs, ['get', 'list', 'watch']);
});
