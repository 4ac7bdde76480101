/**
 * Runs a test file again in a network namespace of its own, where loopback has all ports free, as a
 * pod has. The outer run tells how the inner one went.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProcess } from './process-runner.ts';

const mark = 'DRAWBRIDGE_TEST_OWN_NETWORK';

/** True in the inner run. */
export const hasOwnNetwork = process.env[mark] === '1';

export interface OwnNetworkOptions {
  /** Mounts and processes of its own too: nothing outlives the test, and `/run` may be covered. */
  readonly ownMounts?: boolean;
  readonly deadlineMs?: number;
  /** Reason to skip; absent or false: run. */
  readonly skip?: string | false;
}

/** Defines the outer test. @param title names what the file tests @param file `import.meta.url` */
export function testInOwnNetwork(
  title: string,
  file: string,
  options: OwnNetworkOptions = {},
): void {
  const { ownMounts = false, deadlineMs = 120_000, skip = false } = options;
  const flags = ownMounts ? ['-rnmpf', '--mount-proc', '--kill-child'] : ['-rn'];
  test(title, { skip }, async (t) => {
    const probe = await runProcess('unshare', [...flags, 'ip', 'link', 'set', 'lo', 'up']).catch(
      () => undefined,
    );
    if (probe?.code !== 0) return t.skip('no network namespace can be made here');
    const path = fileURLToPath(file);
    const script = `ip link set lo up && exec "${process.execPath}" --test-reporter=tap "${path}"`;
    const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
    const inner = await runProcess('unshare', [...flags, 'sh', '-c', script], {
      env: { ...env, [mark]: '1' },
      deadlineMs,
    });
    assert.equal(inner.code, 0, `${inner.stdout}\n${inner.stderr}`);
  });
}
