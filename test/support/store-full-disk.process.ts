/**
 * On a file system of its own that is too small: fills it by writing to a store, then tells what
 * still works and whether writing goes on once there is room. Prints one JSON line.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '#base/log.ts';
import { openStore, StoreError } from '#store/index.ts';
import { systemClock } from './system.ts';

const [mount = '.'] = process.argv.slice(2);
const ballast = join(mount, 'ballast');
writeFileSync(ballast, Buffer.alloc(1024 * 1024));
const open = () =>
  openStore<{ text: string }>(
    { clock: systemClock, logger: silentLogger, stamp: (value) => value },
    { directory: join(mount, 'data'), sealed: ['secrets'] },
  );
const store = await open();
const collection = 'secrets';
const text = 'x'.repeat(8000);
const key = (n: number): { namespace: string; name: string } => ({ namespace: '', name: `n${n}` });
const put = (n: number) => store.write({ collection, ...key(n), expected: 0, value: { text } });

async function fill(from: number): Promise<{ readonly written: number; readonly code: string }> {
  for (let n = from; ; n++) {
    try {
      await put(n);
    } catch (thrown) {
      return { written: n, code: thrown instanceof StoreError ? thrown.code : String(thrown) };
    }
  }
}

const full = await fill(0);
const refusedAgain = await fill(full.written);
const readable = Array.from({ length: full.written }, (_, n) => store.get(collection, key(n)));
const listed = store.list(collection).objects.length;
const failure = store.failure?.code;
rmSync(ballast);
const after = await put(full.written);
await store.stop({ graceMs: 0 });
const again = await open();
process.stdout.write(
  `${JSON.stringify({
    full,
    refusedAgain,
    failure,
    readable: readable.filter((each) => each?.value.text === text).length,
    listed,
    recovered: after.revision,
    reopened: again.list(collection).objects.length,
    revision: again.revision,
  })}\n`,
);
await again.stop({ graceMs: 0 });
