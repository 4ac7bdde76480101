/**
 * Frees the buffers of socket reads soon. Every read allocates a buffer outside the JavaScript heap
 * that is garbage a moment later, but V8 sees only its small handle: it collects late, and then by
 * marking the whole heap in threads of its own. Measured on bulk over TLS, that was half of all
 * processor time. A collection of the young generation alone, every few megabytes, frees them in a
 * tenth of a millisecond and lets the allocator hand out memory that is still in the cache.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Buffer bytes between two collections of the young generation. */
export const youngHeapBytesMax = 4 * 1024 * 1024;
/** What a read costs beside its bytes. */
const readOverheadBytes = 256;

type CollectYoung = () => void;

export class YoungHeap {
  readonly #collect: CollectYoung | undefined;
  #bytes = 0;

  /** @param collect absent: V8 is left to itself */
  constructor(collect: CollectYoung | undefined) {
    this.#collect = collect;
  }

  /** A buffer of `bytes` was allocated for a read. */
  readonly onRead = (bytes: number): void => {
    this.#bytes += bytes + readOverheadBytes;
    if (this.#bytes < youngHeapBytesMax) return;
    this.#bytes = 0;
    this.#collect?.();
  };
}

/**
 * V8's own collection, without a flag at the start of the process: a context made after the flag
 * was set has the function, ours does not.
 */
export function collectYoung(): CollectYoung | undefined {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') return undefined;
  const options = { type: 'minor' };
  return () => {
    collect(options);
  };
}
