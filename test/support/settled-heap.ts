/** The heap as a test may compare it: what is left when nothing more can be collected. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Heap in use once collecting frees nothing more: one collection leaves what died on the way. */
export async function settledHeapBytes(): Promise<number> {
  let before = Number.POSITIVE_INFINITY;
  for (;;) {
    await setImmediate();
    collect();
    const { heapUsed } = process.memoryUsage();
    if (before - heapUsed < 4096) return heapUsed;
    before = heapUsed;
  }
}
