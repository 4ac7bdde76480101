import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiServerFor, type TestApiServer } from '../support/api-server.ts';
import { openWatch } from '../support/api-watch.ts';
import { until } from '../support/until.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const merge = { 'content-type': 'application/merge-patch+json' };
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

const create = (api: TestApiServer, name: string, labels: object = {}) =>
  api.call(maps, { body: { metadata: { name, labels }, data: {} } });
const patch = (api: TestApiServer, name: string, body: object) =>
  api.call(`${maps}/${name}`, { method: 'PATCH', headers: merge, body });
const remove = (api: TestApiServer, name: string) =>
  api.call(`${maps}/${name}`, { method: 'DELETE' });

async function revisionOf(api: TestApiServer): Promise<string> {
  return (await api.call(maps)).json.metadata.resourceVersion;
}

test('a watch without a version begins with what is there and goes on live', async (t) => {
  const api = await apiServerFor(t);
  await create(api, 'a');
  for (const start of ['', '&resourceVersion=0']) {
    const watch = await openWatch(t, api, `${maps}?watch=true${start}`);
    assert.equal(watch.status, 200);
    await watch.atLeast(1);
    assert.deepEqual(watch.names(), ['ADDED a']);
    assert.equal(watch.lines[0]?.object.kind, 'ConfigMap');
    assert.equal(watch.lines[0]?.object.apiVersion, 'v1');
    watch.close();
  }
  const watch = await openWatch(t, api, `${maps}?watch=true`);
  await create(api, 'b');
  await patch(api, 'b', { data: { k: 'v' } });
  await remove(api, 'b');
  const lines = await watch.atLeast(4);
  assert.deepEqual(watch.names(), ['ADDED a', 'ADDED b', 'MODIFIED b', 'DELETED b']);
  const revisions = lines.map(({ object }) => Number(object.metadata.resourceVersion));
  assert.deepEqual(
    revisions,
    [...revisions].sort((x, y) => x - y),
  );
  assert.equal(lines[3]?.object.data.k, 'v');
});

test('the headers of a quiet watch come at once', async (t) => {
  const api = await apiServerFor(t);
  const watch = await openWatch(t, api, `${maps}?watch=true`);
  assert.equal(watch.status, 200);
  assert.deepEqual(watch.lines, []);
});

test('a watch from a version replays what was missed, then goes on', async (t) => {
  const api = await apiServerFor(t);
  await create(api, 'a');
  const from = await revisionOf(api);
  await create(api, 'b');
  await patch(api, 'a', { data: { k: 'v' } });
  await remove(api, 'b');
  const watch = await openWatch(t, api, `${maps}?watch=true&resourceVersion=${from}`);
  await watch.atLeast(3);
  await create(api, 'c');
  await watch.atLeast(4);
  assert.deepEqual(watch.names(), ['ADDED b', 'MODIFIED a', 'DELETED b', 'ADDED c']);
});

test('a write that changes nothing is not announced', async (t) => {
  const api = await apiServerFor(t);
  const created = await create(api, 'a');
  const watch = await openWatch(t, api, `${maps}?watch=true`);
  const patched = await patch(api, 'a', { metadata: { labels: null } });
  assert.equal(patched.json.metadata.resourceVersion, created.json.metadata.resourceVersion);
  await create(api, 'b');
  await watch.atLeast(2);
  assert.deepEqual(watch.names(), ['ADDED a', 'ADDED b']);
});

test('objects enter and leave a selection', async (t) => {
  const api = await apiServerFor(t);
  const watch = await openWatch(t, api, `${maps}?watch=true&labelSelector=tier%3Dx`);
  await create(api, 'a');
  await patch(api, 'a', { metadata: { labels: { tier: 'x' } } });
  await patch(api, 'a', { data: { k: '1' } });
  const left = await patch(api, 'a', { metadata: { labels: { tier: 'y' } } });
  await remove(api, 'a');
  await create(api, 'b', { tier: 'x' });
  const lines = await watch.atLeast(4);
  assert.deepEqual(watch.names(), ['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b']);
  const gone = lines[2]?.object.metadata;
  assert.equal(gone.labels.tier, 'x', 'the contents are those that matched');
  assert.equal(gone.resourceVersion, left.json.metadata.resourceVersion);
});

test('a watch of one name and of one namespace sees only those', async (t) => {
  const api = await apiServerFor(t);
  await api.call('/api/v1/namespaces', { body: { metadata: { name: 'other' } } });
  const named = await openWatch(t, api, `${maps}?watch=true&fieldSelector=metadata.name%3Db`);
  const all = await openWatch(t, api, '/api/v1/configmaps?watch=true');
  const here = await openWatch(t, api, `${maps}?watch=true`);
  await api.call('/api/v1/namespaces/other/configmaps', { body: { metadata: { name: 'x' } } });
  await create(api, 'a');
  await create(api, 'b');
  await all.atLeast(3);
  await named.atLeast(1);
  await here.atLeast(2);
  assert.deepEqual(all.names(), ['ADDED x', 'ADDED a', 'ADDED b']);
  assert.deepEqual(named.names(), ['ADDED b']);
  assert.deepEqual(here.names(), ['ADDED a', 'ADDED b']);
});

test('a streaming list ends its initial events with a marked bookmark', async (t) => {
  const api = await apiServerFor(t);
  await create(api, 'a');
  const query =
    'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  for (const version of ['', '&resourceVersion=1', '&resourceVersion=0']) {
    const watch = await openWatch(t, api, `${maps}?${query}${version}`);
    const lines = await watch.atLeast(2);
    assert.deepEqual(
      lines.map(({ type }) => type),
      ['ADDED', 'BOOKMARK'],
    );
    const { kind, apiVersion, metadata } = lines[1]!.object;
    assert.deepEqual([kind, apiVersion], ['ConfigMap', 'v1']);
    assert.deepEqual(metadata.annotations, { 'k8s.io/initial-events-end': 'true' });
    assert.equal(metadata.resourceVersion, await revisionOf(api));
    watch.close();
  }
  const future = await openWatch(t, api, `${maps}?${query}&resourceVersion=99999`);
  const [refusal] = await future.atLeast(1);
  assert.deepEqual([refusal?.type, refusal?.object.code], ['ERROR', 504]);
  const bare = await api.call(`${maps}?watch=true&sendInitialEvents=true`);
  assert.deepEqual([bare.status, bare.json.reason], [422, 'Invalid']);
});

test('without initial events a watch begins now', async (t) => {
  const api = await apiServerFor(t);
  await create(api, 'a');
  const query = 'watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan';
  const watch = await openWatch(t, api, `${maps}?${query}`);
  await create(api, 'b');
  await watch.atLeast(1);
  assert.deepEqual(watch.names(), ['ADDED b']);
});

test('a watch from a compacted version gets one 410 event and the end of the stream', async (t) => {
  const api = await apiServerFor(t, {
    storeLimits: { logRowsMin: 1, logRowsMax: 2, logAgeMs: 0 },
  });
  const before = await revisionOf(api);
  for (const name of ['a', 'b', 'c', 'd']) await create(api, name);
  await api.store.sweep();
  const watch = await openWatch(t, api, `${maps}?watch=true&resourceVersion=${before}`);
  const [line] = await watch.atLeast(1);
  assert.equal(watch.status, 200);
  assert.equal(line?.type, 'ERROR');
  const { message, ...rest } = line.object;
  assert.match(message, new RegExp(`^too old resource version: ${before} \\(\\d+\\)$`));
  const failure = { status: 'Failure', reason: 'Expired', code: 410 };
  assert.deepEqual(rest, { kind: 'Status', apiVersion: 'v1', metadata: {}, ...failure });
  await until(() => watch.ended, 'the end of the stream');
  // Namespaces were written before and lost rows too, but leases never were.
  const quiet = '/apis/coordination.k8s.io/v1/leases?watch=true&resourceVersion=1';
  assert.equal((await openWatch(t, api, quiet)).status, 200);
});

test('a watch at a version that is still to come waits silently', async (t) => {
  const api = await apiServerFor(t);
  const next = Number(await revisionOf(api)) + 1;
  const watch = await openWatch(t, api, `${maps}?watch=true&resourceVersion=${next}`);
  await create(api, 'a');
  await create(api, 'b');
  await watch.atLeast(1);
  assert.deepEqual(watch.names(), ['ADDED b']);
});

test('bookmarks come only to those who asked, and the time ends the stream properly', async (t) => {
  const api = await apiServerFor(t);
  await create(api, 'a');
  const asked = await openWatch(
    t,
    api,
    `${maps}?watch=true&timeoutSeconds=2&allowWatchBookmarks=true`,
  );
  const plain = await openWatch(t, api, `${maps}?watch=true&timeoutSeconds=2`);
  await until(() => asked.ended && plain.ended, 'the end of both streams');
  assert.deepEqual(plain.names(), ['ADDED a']);
  const bookmark = asked.lines.at(-1);
  assert.equal(bookmark?.type, 'BOOKMARK');
  assert.equal(bookmark?.object.metadata.resourceVersion, await revisionOf(api));
  assert.equal(api.server.openWatches, 0);
});

test('tables carry their columns in the first event only', async (t) => {
  const api = await apiServerFor(t);
  const watch = await openWatch(t, api, `${maps}?watch=true`, table);
  await create(api, 'a');
  await create(api, 'b');
  const lines = await watch.atLeast(2);
  for (const { object } of lines) assert.equal(object.kind, 'Table');
  assert.deepEqual(
    lines.map(({ object }) => object.columnDefinitions.length),
    [3, 0],
  );
  assert.deepEqual(lines[1]?.object.rows[0].cells.slice(0, 1), ['b']);
  assert.equal(lines[1]?.object.rows[0].object.metadata.name, 'b');
});

/** More than the sockets between client and server hold. */
async function writeMuch(api: TestApiServer, count: number): Promise<void> {
  const data = { big: 'x'.repeat(400_000) };
  for (let index = 0; index < count; index++) {
    await api.call(maps, { body: { metadata: { name: `n${index}` }, data } });
  }
}

test('a client that reads slowly gets everything, from the log', async (t) => {
  const api = await apiServerFor(t, { limits: { watchBacklogBytesMax: 10_000 } });
  const watch = await openWatch(t, api, `${maps}?watch=true`);
  watch.pause();
  await writeMuch(api, 30);
  watch.resume();
  await watch.atLeast(30);
  const expected = Array.from({ length: 30 }, (_, index) => `ADDED n${index}`);
  assert.deepEqual(watch.names(), expected);
});

test('a client that never reads is cut', async (t) => {
  const api = await apiServerFor(t, {
    limits: { watchBacklogBytesMax: 10_000, watchStallMs: 200 },
  });
  const watch = await openWatch(t, api, `${maps}?watch=true`);
  watch.pause();
  await writeMuch(api, 30);
  await until(() => api.server.openWatches === 0, 'the client to be cut');
});

test('too many watches are refused', async (t) => {
  const api = await apiServerFor(t, { limits: { watchesMax: 1 } });
  const watch = await openWatch(t, api, `${maps}?watch=true`);
  const refused = await api.call(`${maps}?watch=true`);
  assert.deepEqual([refused.status, refused.json.reason], [429, 'TooManyRequests']);
  assert.equal(refused.headers['retry-after'], '1');
  watch.close();
  await until(() => api.server.openWatches === 0, 'the watch to be closed');
});

test('stopping the server ends watches properly', async (t) => {
  const api = await apiServerFor(t);
  const watch = await openWatch(t, api, `${maps}?watch=true`);
  await api.server.stop({ graceMs: 5000 });
  await until(() => watch.ended, 'the end of the stream');
  assert.equal(watch.broken, false);
});
