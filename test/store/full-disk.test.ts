/** A disk that is really full: a small file system in a mount namespace of its own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onSmallDisk } from '../support/small-disk.ts';

test('on a full disk reading goes on, writing is refused by name, and room heals it', async (t) => {
  const printed = await onSmallDisk(t, './store-full-disk.process.ts', 3);
  if (printed === undefined) return;
  const seen = printed as {
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
