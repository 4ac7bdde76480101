import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyJson, apiServerFor, type TestApiServer } from '../support/api-server.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const listeners = '/apis/skupper.io/v2alpha1/namespaces/default/listeners';

async function fill(api: TestApiServer, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const labels = { odd: String(index % 2) };
    await api.call(maps, { body: { metadata: { name: `n${index}`, labels } } });
  }
}

const namesOf = (json: AnyJson): string[] => json.items.map((item: AnyJson) => item.metadata.name);

test('items of built-in lists leave out their kind, those of custom lists carry it', async (t) => {
  const api = await apiServerFor(t);
  await fill(api, 1);
  const spec = { routingKey: 'k', host: 'h', port: 80 };
  const body = {
    apiVersion: 'skupper.io/v2alpha1',
    kind: 'Listener',
    metadata: { name: 'a' },
    spec,
  };
  await api.call(listeners, { body });
  const builtin = (await api.call(maps)).json;
  assert.deepEqual([builtin.kind, builtin.apiVersion], ['ConfigMapList', 'v1']);
  assert.deepEqual([builtin.items[0].kind, builtin.items[0].apiVersion], [undefined, undefined]);
  const custom = (await api.call(listeners)).json;
  assert.deepEqual([custom.kind, custom.apiVersion], ['ListenerList', 'skupper.io/v2alpha1']);
  assert.equal(custom.items[0].kind, 'Listener');
  assert.equal(custom.metadata.resourceVersion, String(api.store.revision));
});

test('pages show one snapshot, whatever is written between them', async (t) => {
  const api = await apiServerFor(t);
  await fill(api, 5);
  const first = (await api.call(`${maps}?limit=2`)).json;
  assert.deepEqual([namesOf(first), first.metadata.remainingItemCount], [['n0', 'n1'], 3]);
  await api.call(`${maps}/n2`, { method: 'DELETE' });
  await api.call(maps, { body: { metadata: { name: 'n21' } } });
  await api.call(maps, { body: { metadata: { name: 'n0a' } } });
  const next = encodeURIComponent(first.metadata.continue);
  const second = (await api.call(`${maps}?limit=2&continue=${next}`)).json;
  assert.deepEqual(namesOf(second), ['n2', 'n3']);
  assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  const last = encodeURIComponent(second.metadata.continue);
  const third = (await api.call(`${maps}?limit=2&continue=${last}`)).json;
  assert.deepEqual([namesOf(third), third.metadata.continue], [['n4'], undefined]);
});

test('pages of a selection are full and do not count what remains', async (t) => {
  const api = await apiServerFor(t);
  await fill(api, 9);
  const selector = 'labelSelector=odd%3D1&limit=3';
  const first = (await api.call(`${maps}?${selector}`)).json;
  assert.deepEqual(namesOf(first), ['n1', 'n3', 'n5']);
  assert.equal(first.metadata.remainingItemCount, undefined);
  const next = encodeURIComponent(first.metadata.continue);
  const second = (await api.call(`${maps}?${selector}&continue=${next}`)).json;
  assert.deepEqual(namesOf(second), ['n7']);
});

test('an expired continue token is 410 and brings one that goes on', async (t) => {
  const api = await apiServerFor(t, { storeLimits: { logRowsMin: 1, logRowsMax: 2, logAgeMs: 0 } });
  await fill(api, 4);
  const first = (await api.call(`${maps}?limit=2`)).json;
  await fill(api, 0);
  for (const name of ['x', 'y', 'z']) await api.call(maps, { body: { metadata: { name } } });
  await api.store.sweep();
  const token = encodeURIComponent(first.metadata.continue);
  const expired = await api.call(`${maps}?limit=2&continue=${token}`);
  assert.deepEqual([expired.status, expired.json.reason], [410, 'Expired']);
  const fresh = encodeURIComponent(expired.json.metadata.continue);
  const rest = (await api.call(`${maps}?limit=9&continue=${fresh}`)).json;
  assert.deepEqual(namesOf(rest), ['n2', 'n3', 'x', 'y', 'z']);
  const junk = await api.call(`${maps}?continue=rubbish`);
  assert.equal(junk.status, 400);
});

test('an exact version shows the past, a minimum shows the present', async (t) => {
  const api = await apiServerFor(t);
  await fill(api, 2);
  const then = (await api.call(maps)).json.metadata.resourceVersion;
  await api.call(`${maps}/n0`, { method: 'DELETE' });
  const list = async (query: string): Promise<string[]> =>
    namesOf((await api.call(`${maps}?${query}`)).json);
  assert.deepEqual(await list(`resourceVersion=${then}&resourceVersionMatch=Exact`), ['n0', 'n1']);
  assert.deepEqual(await list(`resourceVersion=${then}&resourceVersionMatch=NotOlderThan`), ['n1']);
  assert.deepEqual(await list(`resourceVersion=${then}`), ['n1']);
  assert.deepEqual(await list('resourceVersion=0'), ['n1']);
});

test('field selectors choose by name, and by what a kind offers', async (t) => {
  const api = await apiServerFor(t);
  await fill(api, 3);
  const one = await api.call(`${maps}?fieldSelector=metadata.name%3Dn1`);
  assert.deepEqual(namesOf(one.json), ['n1']);
  const others = await api.call(`/api/v1/configmaps?fieldSelector=metadata.name!%3Dn1`);
  assert.deepEqual(namesOf(others.json), ['n0', 'n2']);
  const secrets = '/api/v1/namespaces/default/secrets';
  await api.call(secrets, { body: { metadata: { name: 's' }, type: 'a/b' } });
  await api.call(secrets, { body: { metadata: { name: 'o' } } });
  assert.deepEqual(namesOf((await api.call(`${secrets}?fieldSelector=type%3Da/b`)).json), ['s']);
});

test('tables and partial metadata come when asked for, JSON otherwise', async (t) => {
  const api = await apiServerFor(t);
  await fill(api, 2);
  const as = async (accept: string, query = '') =>
    (await api.call(`${maps}${query}`, { headers: { accept } })).json;
  const table = await as('application/json;as=Table;v=v1;g=meta.k8s.io, application/json');
  assert.deepEqual(
    [table.kind, table.apiVersion, table.rows.length],
    ['Table', 'meta.k8s.io/v1', 2],
  );
  assert.equal(table.rows[0].object.kind, 'PartialObjectMetadata');
  assert.deepEqual(
    table.columnDefinitions.map((column: AnyJson) => column.name),
    ['Name', 'Data', 'Age'],
  );
  const beta = await as(
    'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
    '?includeObject=Object',
  );
  assert.deepEqual(
    [beta.apiVersion, beta.rows[0].object.kind],
    ['meta.k8s.io/v1beta1', 'ConfigMap'],
  );
  const partial = await as('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io');
  assert.deepEqual(
    [partial.kind, partial.items[0].kind],
    ['PartialObjectMetadataList', 'PartialObjectMetadata'],
  );
  assert.equal((await as('application/vnd.kubernetes.protobuf, */*')).kind, 'ConfigMapList');
  const refused = await api.call(maps, { headers: { accept: 'application/cbor' } });
  assert.deepEqual([refused.status, refused.json.reason], [406, 'NotAcceptable']);
});
