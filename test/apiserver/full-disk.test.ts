/** No room for another write, as a client of the API meets it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiServerFor } from '../support/api-server.ts';

test('writes are refused with 507 and a reason, reading and health go on', async (t) => {
  const api = await apiServerFor(t, { storeLimits: { databaseBytesMax: 1_000_000 } });
  const path = '/api/v1/namespaces/default/configmaps';
  const create = (n: number) =>
    api.call(path, { body: { metadata: { name: `c${n}` }, data: { k: 'x'.repeat(20_000) } } });
  let written = 0;
  let answer = await create(written);
  for (; answer.status === 201 && written < 100; answer = await create(written)) written++;
  assert.ok(written > 2);
  assert.equal(answer.status, 507);
  assert.equal(answer.json.reason, 'InsufficientStorage');
  assert.match(
    answer.json.message,
    /disk of the server is full, nothing was changed: free some space/,
  );
  const list = await api.call(path);
  assert.equal(list.json.items.length, written);
  assert.equal((await api.call('/readyz')).text, 'ok');
  assert.equal(api.store.failure, undefined);
});
