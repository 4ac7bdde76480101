import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDataDirectory } from '../../src/app/data-directory.ts';

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-data-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the data directory and the folders above it are made for their owner alone', async (t) => {
  const wanted = join(newFolder(t), 'a', 'b');
  for (const run of ['first', 'second']) {
    const data = await openDataDirectory(wanted, false, {});
    assert.equal(data.path, wanted, run);
    assert.equal(statSync(wanted).mode & 0o777, 0o700);
  }
});

test('a data directory that cannot be made is refused', async (t) => {
  const file = join(newFolder(t), 'file');
  writeFileSync(file, '');
  const wrong = [file, join(file, 'below')];
  // A file system that knows the folder above and yet answers ENOENT.
  if (existsSync('/proc/self')) wrong.push('/proc/drawbridge-none', '/proc/drawbridge-none/below');
  for (const path of wrong) {
    await assert.rejects(openDataDirectory(path, false, {}), { code: 'APP_DATA_DIRECTORY' });
  }
});
