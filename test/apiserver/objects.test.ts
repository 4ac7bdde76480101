import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyJson, apiServerFor, type TestApiServer } from '../support/api-server.ts';

const core = '/api/v1/namespaces/default';
const maps = `${core}/configmaps`;
const listeners = '/apis/skupper.io/v2alpha1/namespaces/default/listeners';
const type = (name: string) => ({ 'content-type': `application/${name}` });
const merge = type('merge-patch+json');
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const listener = (name: string, spec: object = {}, more: object = {}) => ({
  apiVersion: 'skupper.io/v2alpha1',
  kind: 'Listener',
  metadata: { name, ...more },
  spec: { routingKey: 'k', host: 'h', port: 80, ...spec },
});

const patchOf =
  (api: TestApiServer, path: string) =>
  (body: object, headers: object = merge) =>
    api.call(path, { method: 'PATCH', headers: headers as Record<string, string>, body });

test('a create fills in what belongs to the server and ignores what clients say of it', async (t) => {
  const api = await apiServerFor(t);
  const body = {
    metadata: {
      name: 'a',
      uid: 'mine',
      generation: 7,
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
      managedFields: [{ manager: 'm' }],
      labels: {},
    },
    data: { k: 'v' },
  };
  const { status, json } = await api.call(maps, { body });
  assert.equal(status, 201);
  const { uid, creationTimestamp, resourceVersion, managedFields, ...metadata } = json.metadata;
  assert.deepEqual(
    managedFields.map(({ operation }: AnyJson) => operation),
    ['Update'],
  );
  assert.match(uid, uuid);
  assert.match(creationTimestamp, /^20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.match(resourceVersion, /^[1-9]\d*$/);
  assert.deepEqual(metadata, { name: 'a', namespace: 'default' });
  assert.deepEqual([json.apiVersion, json.kind, json.data], ['v1', 'ConfigMap', { k: 'v' }]);
  assert.deepEqual((await api.call(`${maps}/a`)).json, json);
});

test('generateName gives names that differ', async (t) => {
  const api = await apiServerFor(t);
  const names = new Set<string>();
  for (let index = 0; index < 5; index++) {
    const { json } = await api.call(maps, { body: { metadata: { generateName: 'gen-' } } });
    assert.match(json.metadata.name, /^gen-[bcdfghjklmnpqrstvwxz2-9]{5}$/);
    names.add(json.metadata.name);
  }
  assert.equal(names.size, 5);
});

test('generation counts changes of the desired state only', async (t) => {
  const api = await apiServerFor(t);
  const patch = patchOf(api, `${listeners}/a`);
  const generationOf = (answer: { json: AnyJson }): number => answer.json.metadata.generation;
  assert.equal(generationOf(await api.call(listeners, { body: listener('a') })), 1);
  assert.equal(generationOf(await patch({ metadata: { labels: { x: 'y' } } })), 1);
  assert.equal(generationOf(await patch({ spec: { port: 81 } })), 2);
  assert.equal(generationOf(await patch({ spec: { port: 81 } })), 2);
  const status = patchOf(api, `${listeners}/a/status`);
  assert.equal(generationOf(await status({ status: { status: 'Ready' } })), 2);
  await patch({ metadata: { finalizers: ['x.io/y'] } });
  assert.equal(generationOf(await api.call(`${listeners}/a`, { method: 'DELETE' })), 3);
});

test('status and the rest are written through separate doors', async (t) => {
  const api = await apiServerFor(t);
  const body = { ...listener('a'), status: { message: 'dropped' } };
  const created = await api.call(listeners, { body });
  assert.equal(created.json.status, undefined);
  const main = patchOf(api, `${listeners}/a`);
  const status = patchOf(api, `${listeners}/a/status`);
  await status({ status: { message: 'set' }, spec: { port: 1 }, metadata: { labels: { x: 'y' } } });
  await main({ status: { message: 'hacked' }, spec: { port: 81 } });
  const { json } = await api.call(`${listeners}/a`);
  assert.deepEqual(
    [json.status.message, json.spec.port, json.metadata.labels],
    ['set', 81, undefined],
  );
  const put = { ...json, spec: { ...json.spec, port: 5 }, status: { message: 'put' } };
  const replaced = await api.call(`${listeners}/a/status`, { method: 'PUT', body: put });
  assert.deepEqual([replaced.json.status.message, replaced.json.spec.port], ['put', 81]);
  const wrong = await status({ status: { message: 7 } });
  assert.deepEqual([wrong.status, wrong.json.reason], [422, 'Invalid']);
});

test('a write that changes nothing keeps its version, also with milliseconds in a time', async (t) => {
  const api = await apiServerFor(t);
  const { json } = await api.call(maps, { body: { metadata: { name: 'a' }, data: { k: 'v' } } });
  const { metadata } = json;
  const millis = metadata.creationTimestamp.replace('Z', '.000Z');
  const body = { ...json, metadata: { ...metadata, creationTimestamp: millis } };
  const put = await api.call(`${maps}/a`, { method: 'PUT', body });
  assert.equal(put.status, 200);
  assert.equal(put.json.metadata.resourceVersion, metadata.resourceVersion);
});

test('of many writers at one version exactly one wins', async (t) => {
  const api = await apiServerFor(t);
  const { json } = await api.call(listeners, { body: listener('a') });
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => {
      const body = { ...json, spec: { ...json.spec, port: 1000 + index } };
      return api.call(`${listeners}/a`, { method: 'PUT', body });
    }),
  );
  const codes = answers.map(({ status }) => status).toSorted((a, b) => a - b);
  assert.deepEqual(codes, [200, ...Array.from({ length: 9 }, () => 409)]);
  const winner = answers.find(({ status }) => status === 200);
  assert.equal((await api.call(`${listeners}/a`)).json.spec.port, winner?.json.spec.port);
});

test('patches of different fields at the same time all arrive', async (t) => {
  const api = await apiServerFor(t);
  await api.call(maps, { body: { metadata: { name: 'a' } } });
  const patch = patchOf(api, `${maps}/a`);
  const keys = Array.from({ length: 8 }, (_, index) => `k${index}`);
  const answers = await Promise.all(keys.map((key) => patch({ data: { [key]: 'v' } })));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.deepEqual(Object.keys((await api.call(`${maps}/a`)).json.data).sort(), keys);
});

test('JSON, merge and strategic patches change an object', async (t) => {
  const api = await apiServerFor(t);
  const service = { metadata: { name: 's' }, spec: { ports: [{ name: 'a', port: 1 }] } };
  await api.call(`${core}/services`, { body: service });
  const patch = patchOf(api, `${core}/services/s`);
  const ports = [{ port: 2, name: 'b' }];
  const strategic = await patch({ spec: { ports } }, type('strategic-merge-patch+json'));
  const portsOf = (answer: { json: AnyJson }): number[] =>
    answer.json.spec.ports.map((p: AnyJson) => p.port);
  assert.deepEqual(
    portsOf(strategic).toSorted((a, b) => a - b),
    [1, 2],
  );
  assert.deepEqual(portsOf(await patch({ spec: { ports } })), [2]);
  const operations = [{ op: 'replace', path: '/spec/ports/0/port', value: 3 }];
  assert.deepEqual(portsOf(await patch(operations, type('json-patch+json'))), [3]);
});

test('a dry run goes all the way and stores nothing', async (t) => {
  const api = await apiServerFor(t);
  const all = '?dryRun=All';
  const dry = await api.call(`${listeners}${all}`, { body: listener('a') });
  assert.deepEqual([dry.status, dry.json.metadata.resourceVersion], [201, undefined]);
  assert.match(dry.json.metadata.uid, uuid);
  assert.equal((await api.call(`${listeners}/a`)).status, 404);
  const bad = await api.call(`${listeners}${all}`, { body: listener('a', { port: 'x' }) });
  assert.equal(bad.status, 422);

  const { json } = await api.call(listeners, { body: listener('a') });
  const before = api.store.revision;
  const patch = patchOf(api, `${listeners}/a${all}`);
  const patched = await patch({ spec: { port: 9 } });
  assert.deepEqual(
    [
      patched.json.spec.port,
      patched.json.metadata.generation,
      patched.json.metadata.resourceVersion,
    ],
    [9, 2, json.metadata.resourceVersion],
  );
  const gone = await api.call(`${listeners}/a${all}`, { method: 'DELETE' });
  assert.equal(gone.json.status, 'Success');
  assert.equal(api.store.revision, before);
});

test('unknown fields are warned about, ignored or refused as asked, and never stored', async (t) => {
  const api = await apiServerFor(t);
  const body = (name: string) => listener(name, { zzz: 1 });
  const warned = await api.call(listeners, { body: body('w') });
  assert.equal(warned.headers['warning'], '299 - "unknown field \\"spec.zzz\\""');
  assert.equal(warned.json.spec.zzz, undefined);
  const ignored = await api.call(`${listeners}?fieldValidation=Ignore`, { body: body('i') });
  assert.deepEqual([ignored.status, ignored.headers['warning']], [201, undefined]);
  const strict = await patchOf(api, `${listeners}/w?fieldValidation=Strict`)({ spec: { yyy: 1 } });
  assert.deepEqual([strict.status, strict.json.reason], [400, 'BadRequest']);
});

test('an update needs no version for built-in kinds but needs one for leases', async (t) => {
  const api = await apiServerFor(t);
  await api.call(maps, { body: { metadata: { name: 'a' } } });
  const body = { metadata: { name: 'a' }, data: { k: 'v' } };
  assert.equal((await api.call(`${maps}/a`, { method: 'PUT', body })).status, 200);
  const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
  await api.call(leases, { body: { metadata: { name: 'l' } } });
  const lease = { metadata: { name: 'l' }, spec: { holderIdentity: 'me' } };
  assert.equal((await api.call(`${leases}/l`, { method: 'PUT', body: lease })).status, 422);
});

test('another uid is a conflict for an update and invalid for a patch', async (t) => {
  const api = await apiServerFor(t);
  await api.call(maps, { body: { metadata: { name: 'a' } } });
  const body = { metadata: { name: 'a', uid: 'other' } };
  assert.equal((await api.call(`${maps}/a`, { method: 'PUT', body })).status, 409);
  const patched = await patchOf(api, `${maps}/a`)({ metadata: { uid: 'other' } });
  assert.equal(patched.status, 422);
});

test('deleting answers with Success, or with the object while finalizers hold it', async (t) => {
  const api = await apiServerFor(t);
  const { json } = await api.call(maps, { body: { metadata: { name: 'a' } } });
  const gone = await api.call(`${maps}/a`, { method: 'DELETE' });
  const details = { name: 'a', kind: 'configmaps', uid: json.metadata.uid };
  const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  assert.equal(gone.text, JSON.stringify(success));

  await api.call(maps, { body: { metadata: { name: 'b', finalizers: ['x.io/y'] } } });
  const held = await api.call(`${maps}/b`, { method: 'DELETE' });
  assert.equal(held.json.kind, 'ConfigMap');
  assert.match(held.json.metadata.deletionTimestamp, /Z$/);
  assert.equal(held.json.metadata.deletionGracePeriodSeconds, 0);
  const again = await api.call(`${maps}/b`, { method: 'DELETE' });
  assert.equal(again.json.metadata.resourceVersion, held.json.metadata.resourceVersion);
  const patch = patchOf(api, `${maps}/b`);
  const added = await patch({ metadata: { finalizers: ['x.io/y', 'x.io/z'] } });
  assert.equal(added.status, 422);
  assert.match(added.json.message, /no new finalizers can be added if the object is being deleted/);
  const last = await patch({ metadata: { finalizers: null } });
  assert.deepEqual([last.status, last.json.metadata.finalizers], [200, undefined]);
  assert.equal((await api.call(`${maps}/b`)).status, 404);
});

test('a collection is deleted by selector and answered as a list', async (t) => {
  const api = await apiServerFor(t);
  for (const [name, tier] of [
    ['a', 'x'],
    ['b', 'x'],
    ['c', 'y'],
  ] as const) {
    await api.call(maps, { body: { metadata: { name, labels: { tier } } } });
  }
  const { json } = await api.call(`${maps}?labelSelector=tier%3Dx`, { method: 'DELETE' });
  assert.deepEqual(
    [json.kind, json.items.map((item: AnyJson) => item.metadata.name)],
    ['ConfigMapList', ['a', 'b']],
  );
  const left = await api.call(maps);
  assert.deepEqual(
    left.json.items.map((item: AnyJson) => item.metadata.name),
    ['c'],
  );
});

test('bodies may be YAML and answers too', async (t) => {
  const api = await apiServerFor(t);
  const body = 'metadata:\n  name: y\ndata:\n  on: "yes"\n';
  const created = await api.call(maps, { body, headers: type('yaml') });
  assert.deepEqual([created.status, created.json.data], [201, { on: 'yes' }]);
  const read = await api.call(`${maps}/y`, { headers: { accept: 'application/yaml' } });
  assert.match(read.text, /^apiVersion: v1\nkind: ConfigMap\n/);
  assert.equal(read.headers['content-type'], 'application/yaml');
});

test('a key called __proto__ is refused and harms nobody', async (t) => {
  const api = await apiServerFor(t);
  const body = '{"metadata":{"name":"p"},"data":{"__proto__":"x"},"__proto__":{"polluted":1}}';
  assert.equal((await api.call(maps, { body })).status, 400);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  const odd = await api.call(maps, {
    body: { metadata: { name: 'constructor', labels: { toString: 'x' } } },
  });
  assert.equal(odd.status, 201);
  assert.equal((await api.call(`${maps}?labelSelector=toString`)).json.items.length, 1);
  assert.equal((await api.call(`${maps}?labelSelector=hasOwnProperty`)).json.items.length, 0);
});
