import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCas } from '#app/tls-files.ts';
import { makeTlsParts } from '../support/tls-parts.ts';
import { temporaryFolder } from '../support/up-process.ts';

test('a bundle of CAs that trusts nobody is refused by its name, not at the first connection', async (t) => {
  const path = join(await temporaryFolder(t), 'ca.crt');
  const { server } = await makeTlsParts();
  const [ca, key] = [server.ca ?? '', server.key ?? ''];
  writeFileSync(path, `# ours\n${ca}${ca}`);
  assert.equal(await readCas(path, 'the CA'), `# ours\n${ca}${ca}`);
  const block = '-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n';
  for (const [text, why] of [
    ['', /^the CA \S+ holds no certificate$/],
    [key, /holds no certificate/],
    [ca.slice(0, 80), /holds no certificate/],
    [ca + block, /holds a certificate that cannot be read/],
  ] as const) {
    writeFileSync(path, text);
    await assert.rejects(readCas(path, 'the CA'), { code: 'APP_FILE_UNREADABLE', message: why });
  }
});
