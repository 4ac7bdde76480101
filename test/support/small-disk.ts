/** A program on a file system so small that it fills: a tmpfs in a mount namespace of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProcess } from './process-runner.ts';

/** What the shell says when nothing can be mounted. */
const noMount = 77;

/**
 * Runs a program of this folder with the path of the file system.
 * @returns the JSON it printed; undefined when the test was skipped, as nothing can be mounted here
 */
export async function onSmallDisk(
  t: TestContext,
  program: string,
  sizeMiB: number,
): Promise<unknown> {
  const mount = mkdtempSync(join(tmpdir(), 'drawbridge-full-'));
  t.after(() => rmSync(mount, { recursive: true, force: true }));
  const inside = `mount -t tmpfs -o size=${sizeMiB}m tmpfs "$0" || exit ${noMount}; exec "$@"`;
  const path = fileURLToPath(new URL(program, import.meta.url));
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', path, mount];
  const { code, stdout, stderr } = await runProcess('sh', [
    '-c',
    `command -v unshare >/dev/null || exit ${noMount}; exec unshare -Urm sh -c "$0" "$@"`,
    inside,
    mount,
    ...node,
  ]);
  if (code === noMount || stderr.includes('unshare failed')) {
    t.skip('no file system can be mounted here: mount namespaces are not allowed');
    return undefined;
  }
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}
