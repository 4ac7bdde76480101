/**
 * A bounded first-in first-out queue without shifting:
 *
 *   slots  [ . . a b c . . . ]      head = 2, size = 3; grows by doubling up to `capacityMax`
 */
import { assert } from './assert.ts';

export class Ring<T> {
  #slots: (T | undefined)[];
  #head = 0;
  #size = 0;
  readonly #capacityMax: number;

  /** @param capacityMax the most items it will ever hold */
  constructor(capacityMax: number) {
    assert(capacityMax > 0, 'ring capacity must be positive');
    this.#capacityMax = capacityMax;
    this.#slots = Array.from<T | undefined>({ length: Math.min(16, capacityMax) });
  }

  get size(): number {
    return this.#size;
  }

  /** False when full; the item is not taken then. */
  push(item: T): boolean {
    if (this.#size === this.#capacityMax) return false;
    if (this.#size === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#size) % this.#slots.length] = item;
    this.#size++;
    return true;
  }

  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#slots[this.#head];
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#size--;
    return item;
  }

  clear(): void {
    this.#slots = Array.from<T | undefined>({ length: Math.min(16, this.#capacityMax) });
    this.#head = 0;
    this.#size = 0;
  }

  #grow(): void {
    const larger = Array.from<T | undefined>({
      length: Math.min(this.#capacityMax, this.#slots.length * 2),
    });
    for (let index = 0; index < this.#size; index++) {
      larger[index] = this.#slots[(this.#head + index) % this.#slots.length];
    }
    this.#slots = larger;
    this.#head = 0;
  }
}
