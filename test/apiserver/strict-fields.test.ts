/** Keys that occur twice, found wherever they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as holds, asyncProperty, json as jsonText } from 'fast-check';
import { apiServerFor } from '../support/api-server.ts';

const maps = '/api/v1/namespaces/default/configmaps';

test('duplicate keys are named by their path, and otherwise the last value counts', async (t) => {
  const api = await apiServerFor(t);
  const rows: [string, string][] = [
    ['{"metadata":{"name":"a"},"metadata":{"name":"b"}}', 'metadata'],
    ['{"metadata":{"name":"c"},"data":{"k":"1","k":"2"}}', 'data.k'],
    [
      '{"metadata":{"name":"d"},"data":{"a\\"b":"{\\"x\\":1,\\"x\\":2}","\\u0061\\"b":""}}',
      'data.a"b',
    ],
    ['{"metadata":{"name":"e"},"data":{"x":"\\\\","y":"\\\\\\"","x":""}}', 'data.x'],
    [
      '{"metadata":{"name":"f","ownerReferences":[{},{"uid":"[{","uid":"w"}]}}',
      'metadata.ownerReferences[1].uid',
    ],
  ];
  for (const [body, path] of rows) {
    const headers = { 'content-type': 'application/json' };
    const { json } = await api.call(`${maps}?fieldValidation=Strict`, { body, headers });
    assert.equal(
      json.message,
      `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field ${JSON.stringify(path)}`,
    );
  }
  const body = '{"metadata":{"name":"g"},"data":{"a":"b","b":"a","c":"1","c":"2"}}';
  const { status, json, headers } = await api.call(maps, { body });
  assert.deepEqual([status, json.data], [201, { a: 'b', b: 'a', c: '2' }]);
  assert.equal(headers['warning'], '299 - "duplicate field \\"data.c\\""');
});

test('any JSON that fits in a text is stored as it is', async (t) => {
  const api = await apiServerFor(t);
  await holds(
    asyncProperty(jsonText(), async (text) => {
      const body = { metadata: { generateName: 'j-' }, data: { text } };
      const answer = await api.call(`${maps}?fieldValidation=Strict`, { body });
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.json.data.text, text);
    }),
    { numRuns: 50 },
  );
});
