/** Server-side apply over HTTP: ownership as users of several tools meet it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type AnyJson,
  type ApiAnswer,
  apiServerFor,
  type TestApiServer,
} from '../support/api-server.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const services = '/api/v1/namespaces/default/services';
const listeners = '/apis/skupper.io/v2alpha1/namespaces/default/listeners';

interface Bench {
  readonly api: TestApiServer;
  readonly apply: (
    path: string,
    manager: string,
    body: object,
    query?: string,
  ) => Promise<ApiAnswer>;
  readonly merge: (path: string, manager: string, body: object) => Promise<ApiAnswer>;
}

async function bench(t: TestContext): Promise<Bench> {
  const api = await apiServerFor(t);
  const patch =
    (type: string) =>
    (path: string, manager: string, body: object, query = '') =>
      api.call(`${path}?fieldManager=${manager}${query}`, {
        method: 'PATCH',
        body,
        headers: { 'content-type': `application/${type}` },
      });
  return { api, apply: patch('apply-patch+yaml'), merge: patch('merge-patch+json') };
}

const map = (data: object, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', ...metadata },
  data,
});
const listener = (spec: object): object => ({
  apiVersion: 'skupper.io/v2alpha1',
  kind: 'Listener',
  metadata: { name: 'a' },
  spec: { routingKey: 'a', host: 'a', port: 1, ...spec },
});

/** What each manager owns, by its name and operation. */
function owners({ json }: ApiAnswer): Record<string, AnyJson> {
  const entries: AnyJson[] = json.metadata.managedFields ?? [];
  return Object.fromEntries(
    entries.map(({ manager, operation, subresource, fieldsV1 }) => [
      `${manager} ${operation}${subresource === undefined ? '' : ` ${subresource}`}`,
      fieldsV1,
    ]),
  );
}

test('applying creates, then changes, and a repetition keeps the revision', async (t) => {
  const { apply } = await bench(t);
  const first = await apply(`${maps}/a`, 'one', map({ a: '1' }));
  assert.equal(first.status, 201);
  assert.deepEqual(owners(first), { 'one Apply': { 'f:data': { 'f:a': {} } } });
  const again = await apply(`${maps}/a`, 'one', map({ a: '1' }));
  assert.deepEqual([again.status, again.json], [200, first.json]);
  const second = await apply(`${maps}/a`, 'one', map({ b: '2' }));
  assert.deepEqual(second.json.data, { b: '2' });
});

test('what a second manager applies differently is a conflict that names every field', async (t) => {
  const { api, apply, merge } = await bench(t);
  await apply(`${maps}/a`, 'one', map({ a: '1', b: '1', c: '1' }));
  await merge(`${maps}/a`, 'upd', { data: { c: '2' } });
  const { status, text } = await apply(`${maps}/a`, 'two', map({ a: '9', b: '1', c: '9' }));
  assert.equal(status, 409);
  assert.equal(
    text,
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Apply failed with 2 conflicts: conflicts with \\"one\\":\\n- .data.a\\nconflicts with \\"upd\\" using v1:\\n- .data.c","reason":"Conflict","details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \\"one\\"","field":".data.a"},{"reason":"FieldManagerConflict","message":"conflict with \\"upd\\" using v1","field":".data.c"}]},"code":409}',
  );
  const { json } = await api.call(`${maps}/a`);
  assert.deepEqual(json.data, { a: '1', b: '1', c: '2' });
});

test('force takes fields, the same value shares them', async (t) => {
  const { apply } = await bench(t);
  await apply(`${listeners}/a`, 'a', listener({}));
  const { status, json } = await apply(`${listeners}/a`, 'b', listener({ port: 2 }));
  assert.equal(status, 409);
  assert.equal(json.message, 'Apply failed with 1 conflict: conflict with "a": .spec.port');
  const forced = await apply(`${listeners}/a`, 'b', listener({ port: 2 }), '&force=true');
  assert.equal(forced.json.spec.port, 2);
  assert.deepEqual(owners(forced), {
    'a Apply': { 'f:spec': { 'f:host': {}, 'f:routingKey': {} } },
    'b Apply': { 'f:spec': { 'f:host': {}, 'f:port': {}, 'f:routingKey': {} } },
  });
});

test('what an applier leaves out goes, unless somebody else owns it', async (t) => {
  const { apply, merge } = await bench(t);
  await apply(`${maps}/a`, 'one', map({ a: '1', b: '1', c: '1' }));
  await apply(`${maps}/a`, 'two', map({ b: '1' }));
  await merge(`${maps}/a`, 'upd', { data: { c: '2' } });
  const { json } = await apply(`${maps}/a`, 'one', map({ a: '1' }));
  assert.deepEqual(json.data, { a: '1', b: '1', c: '2' });
  const emptied = await apply(`${maps}/a`, 'one', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a' },
  });
  assert.deepEqual(emptied.json.data, { b: '1', c: '2' });
  assert.deepEqual(Object.keys(owners(emptied)), ['two Apply', 'upd Update']);
});

test('updates own what they change, and lose what others change', async (t) => {
  const { api, merge } = await bench(t);
  const created = await api.call(`${maps}?fieldManager=one`, { body: map({ a: '1', b: '1' }) });
  assert.deepEqual(owners(created), {
    'one Update': { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } },
  });
  const changed = await merge(`${maps}/a`, 'two', {
    data: { b: '2' },
    metadata: { labels: { x: 'y' } },
  });
  assert.deepEqual(owners(changed), {
    'one Update': { 'f:data': { '.': {}, 'f:a': {} } },
    'two Update': { 'f:data': { 'f:b': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } } },
  });
  const removed = await merge(`${maps}/a`, 'three', { data: { b: null } });
  assert.deepEqual(owners(removed)['two Update'], {
    'f:metadata': { 'f:labels': { '.': {}, 'f:x': {} } },
  });
});

test('custom kinds own the objects that they bring, and status has owners of its own', async (t) => {
  const { api, merge, apply } = await bench(t);
  const created = await api.call(`${listeners}?fieldManager=one`, { body: listener({}) });
  assert.deepEqual(owners(created), {
    'one Update': { 'f:spec': { '.': {}, 'f:host': {}, 'f:port': {}, 'f:routingKey': {} } },
  });
  const status = await merge(`${listeners}/a/status`, 'one', { status: { status: 'Ready' } });
  assert.deepEqual(owners(status)['one Update status'], {
    'f:status': { '.': {}, 'f:status': {} },
  });
  const applied = await apply(`${listeners}/a/status`, 'two', {
    ...listener({ port: 7 }),
    status: { status: 'Ready', message: 'OK' },
  });
  assert.equal(applied.status, 200, applied.text);
  assert.equal(applied.json.spec.port, 1);
  assert.deepEqual(owners(applied)['two Apply status'], {
    'f:status': { 'f:message': {}, 'f:status': {} },
  });
});

test('items of keyed lists have owners each, with defaults in their keys', async (t) => {
  const { apply } = await bench(t);
  const service = (...ports: object[]): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'a' },
    spec: { ports, clusterIP: 'None' },
  });
  const first = await apply(`${services}/a`, 'one', service({ port: 80, name: 'web' }));
  assert.equal(first.status, 201, first.text);
  assert.deepEqual(owners(first)['one Apply']['f:spec']['f:ports'], {
    'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} },
  });
  const second = await apply(`${services}/a`, 'two', service({ port: 443, name: 'tls' }));
  assert.deepEqual(
    second.json.spec.ports.map(({ port }: AnyJson) => port),
    [80, 443],
  );
  const conflict = await apply(`${services}/a`, 'two', service({ port: 80, name: 'other' }));
  assert.equal(
    conflict.json.message,
    'Apply failed with 1 conflict: conflict with "one": .spec.ports[port=80,protocol="TCP"].name',
  );
  const gone = await apply(`${services}/a`, 'one', service());
  assert.deepEqual(
    gone.json.spec.ports.map(({ port }: AnyJson) => port),
    [443],
  );
});

test('sets are owned by value, atomic maps as one', async (t) => {
  const { apply } = await bench(t);
  const with1 = await apply(`${maps}/a`, 'one', map({}, { finalizers: ['x.io/a'] }));
  assert.deepEqual(owners(with1)['one Apply']['f:metadata'], {
    'f:finalizers': { 'v:"x.io/a"': {} },
  });
  const with2 = await apply(`${maps}/a`, 'two', map({}, { finalizers: ['x.io/b'] }));
  assert.deepEqual(with2.json.metadata.finalizers, ['x.io/a', 'x.io/b']);
  const without = await apply(`${maps}/a`, 'one', map({}));
  assert.deepEqual(without.json.metadata.finalizers, ['x.io/b']);
  const service = (selector: object): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: { selector, ports: [{ port: 1 }] },
  });
  const atomic = await apply(`${services}/s`, 'one', service({ a: 'b' }));
  assert.deepEqual(owners(atomic)['one Apply']['f:spec']['f:selector'], {});
});

test('owners can be rewritten and forgotten, as migrations do', async (t) => {
  const { api, apply, merge } = await bench(t);
  await api.call(`${maps}?fieldManager=kubectl-client-side-apply`, { body: map({ a: '1' }) });
  const { json } = await api.call(`${maps}/a`);
  const [entry] = json.metadata.managedFields;
  const patch = await api.call(`${maps}/a?fieldManager=x`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json-patch+json' },
    body: [
      {
        op: 'replace',
        path: '/metadata/managedFields',
        value: [{ ...entry, manager: 'kubectl', operation: 'Apply' }],
      },
    ],
  });
  assert.deepEqual(Object.keys(owners(patch)), ['kubectl Apply']);
  const applied = await apply(`${maps}/a`, 'kubectl', map({ b: '1' }));
  assert.deepEqual(applied.json.data, { b: '1' });
  const forgotten = await merge(`${maps}/a`, 'x', { metadata: { managedFields: [{}] } });
  assert.equal(forgotten.json.metadata.managedFields, undefined);
  const silent = await merge(`${maps}/a`, 'x', { data: { c: '1' } });
  assert.equal(silent.json.metadata.managedFields, undefined);
  const adopted = await apply(`${maps}/a`, 'y', map({ d: '1' }));
  assert.deepEqual(owners(adopted), {
    'y Apply': { 'f:data': { 'f:d': {} } },
    'before-first-apply Update': { 'f:data': { '.': {}, 'f:b': {}, 'f:c': {} } },
  });
});

test('kubectl takes over what it applied by itself before', async (t) => {
  const { api, apply } = await bench(t);
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const annotations = { [annotation]: JSON.stringify(map({ a: '1' })) };
  await api.call(`${maps}?fieldManager=kubectl-client-side-apply`, {
    body: map({ a: '1' }, { annotations }),
  });
  const other = await apply(`${maps}/a`, 'other', map({ a: '2' }));
  assert.equal(other.status, 409);
  const taken = await apply(`${maps}/a`, 'kubectl', map({ a: '2' }));
  assert.deepEqual([taken.status, taken.json.data], [200, { a: '2' }]);
});

test('dry runs, wrong bodies and options change nothing and say why', async (t) => {
  const { api, apply } = await bench(t);
  const dry = await apply(`${maps}/a`, 'one', map({ a: '1' }), '&dryRun=All');
  assert.equal(dry.status, 201);
  assert.equal((await api.call(`${maps}/a`)).status, 404);
  const cases: readonly [object, string, number, RegExp][] = [
    [map({}, { managedFields: [{ manager: 'x' }] }), '', 400, /metadata.managedFields must be nil/],
    [map({ a: 1 }), '', 422, /data.a in body must be of type string/],
    [{ ...map({}), zzz: 1 }, '&fieldValidation=Strict', 400, /unknown field "zzz"/],
    [{ ...map({}), metadata: { name: 'b' } }, '', 400, /does not match the name on the URL/],
    [{ ...map({}), kind: 'Secret' }, '', 400, /does not match the expected kind/],
    [map({}, { resourceVersion: '1' }), '', 404, /not found/],
  ];
  for (const [body, query, code, words] of cases) {
    const answer = await apply(`${maps}/a`, 'one', body, query);
    assert.equal(answer.status, code, answer.text);
    assert.match(answer.json.message, words);
  }
  const yaml = await api.call(`${maps}/a?fieldManager=y`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n',
  });
  assert.deepEqual([yaml.status, yaml.json.data], [201, { k: 'v' }]);
});
