/** A disk that is really full: a small file system in a mount namespace of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProcess } from '../support/process-runner.ts';

const program = fileURLToPath(new URL('../support/store-full-disk.process.ts', import.meta.url));

test('on a full disk reading goes on, writing is refused by name, and room heals it', async (t) => {
  const mount = mkdtempSync(join(tmpdir(), 'drawbridge-full-'));
  t.after(() => rmSync(mount, { recursive: true, force: true }));
  const inside = 'mount -t tmpfs -o size=3m tmpfs "$0" || exit 77; exec "$@"';
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', program, mount];
  const { code, stdout, stderr } = await runProcess('sh', [
    '-c',
    'command -v unshare >/dev/null || exit 77; exec unshare -Urm sh -c "$0" "$@"',
    inside,
    mount,
    ...node,
  ]);
  if (code === 77 || stderr.includes('unshare failed')) {
    t.skip('no file system can be mounted here: mount namespaces are not allowed');
    return;
  }
  assert.equal(code, 0, stderr);
  const seen = JSON.parse(stdout) as {
    full: { written: number; code: string };
    [fact: string]: unknown;
  };
  const { written } = seen.full;
  assert.ok(written > 10);
  assert.deepEqual(seen, {
    full: { written, code: 'STORE_DISK_FULL' },
    refusedAgain: { written, code: 'STORE_DISK_FULL' },
    readable: written,
    listed: written,
    recovered: written + 1,
    reopened: written + 1,
    revision: written + 1,
  });
});
