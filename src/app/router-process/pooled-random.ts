/**
 * Draws randomness from its source in bulk: a router names every connection that it carries, and a
 * system call for each name costs more than the rest of it.
 */
import type { Random } from '#base/random.ts';

/** Bytes drawn at once. */
const poolBytes = 4096;
/** Requests above this go to the source, bytes. */
export const pooledBytesMax = 64;

export class PooledRandom implements Random {
  readonly #source: Random;
  #pool: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(source: Random) {
    this.#source = source;
  }

  /** No byte is given twice, and none stays in the pool once it was given. */
  bytes(size: number): Uint8Array {
    if (size > pooledBytesMax) return this.#source.bytes(size);
    if (this.#at + size > this.#pool.length) {
      this.#pool = this.#source.bytes(poolBytes);
      this.#at = 0;
    }
    const end = this.#at + size;
    // A copy: `slice` of a Buffer would be a view of the pool.
    const given = Uint8Array.from(this.#pool.subarray(this.#at, end));
    this.#pool.fill(0, this.#at, end);
    this.#at = end;
    return given;
  }
}
