/** Large answers travel packed to those who take them so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { httpsRequest } from '#http/index.ts';
import { apiServerFor } from '../support/api-server.ts';

const maps = '/api/v1/namespaces/default/configmaps';

test('a large list is packed when the client takes gzip, a small one never', async (t) => {
  const api = await apiServerFor(t);
  const { files, server } = api;
  const get = (path: string, encoding: string) =>
    httpsRequest({
      url: `${server.origin}${path}`,
      ca: files.ca,
      cert: files.adminCert,
      key: files.adminKey,
      headers: { 'accept-encoding': encoding },
      bodyBytesMax: 4 * 1024 * 1024,
    });
  await api.call(maps, { body: { metadata: { name: 'big' }, data: { a: 'x'.repeat(200_000) } } });
  const plain = await get(maps, 'identity');
  assert.equal(plain.headers['content-encoding'], undefined);
  const packed = await get(maps, 'deflate, gzip;q=0.5');
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.ok(packed.body.byteLength < plain.body.byteLength / 10);
  assert.equal(gunzipSync(packed.body).toString(), plain.body.toString());
  const refused = await get(maps, 'gzip;q=0');
  assert.equal(refused.headers['content-encoding'], undefined);
  const small = await get('/api/v1/namespaces/default', 'gzip');
  assert.equal(small.headers['content-encoding'], undefined);
});
