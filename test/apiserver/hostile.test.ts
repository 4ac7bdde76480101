/** What a client may try to hurt the server with. */
import assert from 'node:assert/strict';
import { connect } from 'node:tls';
import { test } from 'node:test';
import { sample, string } from 'fast-check';
import { apiServerFor, type TestApiServer } from '../support/api-server.ts';
import { until } from '../support/until.ts';

const maps = '/api/v1/namespaces/default/configmaps';

/** Sends raw bytes and gives all that came back when the server closed. */
async function raw(api: TestApiServer, text: string): Promise<string> {
  const { adminCert: cert, adminKey: key, ca } = api.files;
  const socket = connect({ port: api.server.port, host: '127.0.0.1', ca, cert, key });
  let answer = '';
  let closed = false;
  socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
  socket.on('close', () => (closed = true));
  socket.on('error', () => undefined);
  socket.write(text);
  await until(() => closed, 'the server to close');
  return answer;
}

test('bodies and objects above their limit are refused before they are stored', async (t) => {
  const api = await apiServerFor(t, { limits: { bodyBytesMax: 100_000, objectBytesMax: 50_000 } });
  const of = (size: number) => ({ metadata: { name: 'big' }, data: { k: 'x'.repeat(size) } });
  const body = await api.call(maps, { body: of(200_000) });
  assert.deepEqual([body.status, body.json.reason], [413, 'RequestEntityTooLarge']);
  const object = await api.call(maps, { body: of(60_000) });
  assert.deepEqual([object.status, object.json.reason], [413, 'RequestEntityTooLarge']);
  const wide = await api.call(maps, { body: of(0), headers: {} });
  assert.equal(wide.status, 201);
  const umlauts = { metadata: { name: 'wide' }, data: { k: '\u20ac'.repeat(20_000) } };
  assert.equal(
    (await api.call(maps, { body: umlauts })).status,
    413,
    'bytes count, not characters',
  );
});

test('a body without an announced length is cut at the limit', async (t) => {
  const api = await apiServerFor(t, { limits: { bodyBytesMax: 10_000 } });
  const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
  const head = `POST ${maps} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
  assert.match(await raw(api, head + chunk.repeat(20)), /^HTTP\/1\.1 413 /);
});

test('broken and odd bodies are the fault of the client', async (t) => {
  const api = await apiServerFor(t);
  const deep = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`;
  const aliases = `a: &a [1,1,1,1,1,1]\nb: &b [${'*a,'.repeat(9)}*a]\nc: [${'*b,'.repeat(9)}*b]\n`;
  const yaml = { 'content-type': 'application/yaml' };
  const json = [
    '',
    '{',
    'null',
    '[]',
    '"text"',
    '7',
    '\0',
    deep,
    '{"metadata":5}',
    '{"metadata":{"name":7}}',
  ];
  const wrong = [
    '{"metadata":{"name":"a","labels":["x"]}}',
    '{"metadata":{"name":"a","finalizers":"x"}}',
    '{"metadata":{"name":"a","ownerReferences":[7]}}',
    '{"metadata":{"generateName":7}}',
    '{"metadata":{"name":"a","namespace":{}}}',
    '{"metadata":{"name":"A_B"}}',
    '{"metadata":{}}',
    '{"kind":["ConfigMap"],"metadata":{"name":"a"}}',
  ];
  for (const body of [...json, ...wrong]) {
    const { status } = await api.call(maps, { body });
    assert.ok(status === 400 || status === 422, `${status} for ${body.slice(0, 60)}`);
  }
  assert.equal((await api.call(maps, { body: aliases, headers: yaml })).status, 400);
  assert.equal((await api.call(maps, { body: 'a: [', headers: yaml })).status, 400);
  const cbor = await api.call(maps, { body: 'x', headers: { 'content-type': 'application/cbor' } });
  assert.equal(cbor.status, 415);
  assert.equal(api.store.count('configmaps'), 0);
});

test('odd patches are the fault of the client', async (t) => {
  const api = await apiServerFor(t);
  await api.call(maps, { body: { metadata: { name: 'a' } } });
  const kinds = ['json-patch', 'merge-patch', 'strategic-merge-patch'];
  const bodies = [
    '[]x',
    '7',
    'null',
    '{"metadata":null}',
    '{"metadata":7}',
    '{"metadata":{"name":null}}',
    '{"metadata":{"finalizers":{"a":1}}}',
    '{"kind":"Secret"}',
    '{"$patch":"delete"}',
    '{"data":{"$patch":7}}',
    '[{"op":"remove","path":""}]',
    '[{"op":"add","path":"/metadata","value":[]}]',
    '[{"op":"move","from":"/metadata","path":"/metadata/labels"}]',
    '[{"op":"replace","path":"/metadata/name","value":{}}]',
  ];
  for (const kind of kinds) {
    for (const body of bodies) {
      const headers = { 'content-type': `application/${kind}+json` };
      const { status } = await api.call(`${maps}/a`, { method: 'PATCH', body, headers });
      assert.ok([200, 400, 409, 415, 422].includes(status), `${status} for ${kind} ${body}`);
    }
  }
  const { json } = await api.call(`${maps}/a`);
  assert.deepEqual([json.kind, json.metadata.name], ['ConfigMap', 'a']);
});

test('queries and paths of rubbish are refused', async (t) => {
  const api = await apiServerFor(t);
  const queries = [
    'limit=x',
    'resourceVersion=abc',
    'resourceVersion=-1',
    'labelSelector=%25%25',
    'labelSelector=a%3D%3D%3Db',
    'fieldSelector=x',
    'continue=%00',
    'timeoutSeconds=1e9',
    'includeObject=All',
    'resourceVersionMatch=Exact',
  ];
  for (const query of queries) {
    const { status } = await api.call(`${maps}?${query}`);
    assert.ok(status === 400 || status === 422, `${status} for ${query}`);
  }
  const paths = ['/api/v1//configmaps', '//', `/${'a'.repeat(5000)}`];
  for (const path of [
    ...paths,
    '/api/v1/namespaces/default/configmaps/..%2f..%2fx',
    '/apis/%2e%2e/v1/x',
  ]) {
    assert.equal((await api.call(path)).status, 404, path);
  }
  assert.equal((await api.call('/api/v1/namespaces/%ff/configmaps')).status, 400);
  for (const text of sample(string({ maxLength: 40 }), 100)) {
    const { status } = await api.call(`${maps}?labelSelector=${encodeURIComponent(text)}`);
    assert.ok(status === 200 || status === 400, `${status} for ${JSON.stringify(text)}`);
  }
});

test('headers above their limit and broken HTTP are refused', async (t) => {
  const api = await apiServerFor(t);
  const big = `GET /healthz HTTP/1.1\r\nhost: x\r\nbig: ${'x'.repeat(64 * 1024)}\r\n\r\n`;
  assert.match(await raw(api, big), /^HTTP\/1\.1 431 /);
  assert.match(await raw(api, 'RUBBISH\r\n\r\n'), /^HTTP\/1\.1 400 /);
  const twice =
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n';
  assert.match(await raw(api, twice), /^HTTP\/1\.1 400 /);
});

test('requests above the limit in flight are refused and do not count for ever', async (t) => {
  const api = await apiServerFor(t, { limits: { requestsInFlightMax: 1 } });
  const body = { metadata: { generateName: 'n-' } };
  const answers = await Promise.all(Array.from({ length: 12 }, () => api.call(maps, { body })));
  const codes = new Set(answers.map(({ status }) => status));
  assert.ok(codes.has(201));
  for (const code of codes) assert.ok(code === 201 || code === 429, String(code));
  assert.equal((await api.call(maps, { body })).status, 201);
});

test('a store without room says so and goes on reading', async (t) => {
  const api = await apiServerFor(t, { storeLimits: { objectsMax: 60 } });
  const of = (name: string) => ({ body: { metadata: { name } } });
  assert.equal((await api.call(maps, of('a'))).status, 201);
  let full = await api.call(maps, of('c0'));
  for (let i = 1; full.status === 201 && i < 60; i++) full = await api.call(maps, of(`c${i}`));
  assert.deepEqual([full.status, full.json.reason], [507, 'InsufficientStorage']);
  assert.match(full.json.message, /as many objects as it may: delete some first/);
  assert.equal((await api.call(`${maps}/a`)).status, 200);
  assert.equal((await api.call(`${maps}/a`, { method: 'DELETE' })).status, 200);
  assert.equal((await api.call(maps, of('b'))).status, 201);
});

test('a store without room even for the default roles is served', async (t) => {
  const api = await apiServerFor(t, { storeLimits: { objectsMax: 6 } });
  assert.equal((await api.call('/api/v1/namespaces')).status, 200);
  assert.equal((await api.call(maps, { body: { metadata: { name: 'a' } } })).status, 507);
});
