/**
 * The current objects of one collection in key order. Keys and revisions are always in memory;
 * decoded contents are too, until the store's budget is spent and the oldest are let go.
 */
import type { ListRange, ObjectKey } from './change.ts';
import { compareKeys } from './change.ts';

/** One current object. `value` is undefined while only the database holds its contents. */
export interface Entry<V extends object> extends ObjectKey {
  revision: number;
  bytes: number;
  value: V | undefined;
}

export class CurrentObjects<V extends object> {
  readonly #byKey = new Map<string, Entry<V>>();
  readonly #sorted: Entry<V>[] = [];
  /** Revision of the newest change here. */
  lastRevision = 0;

  get size(): number {
    return this.#byKey.size;
  }

  get(key: ObjectKey): Entry<V> | undefined {
    return this.#byKey.get(mapKey(key));
  }

  set(entry: Entry<V>): void {
    const key = mapKey(entry);
    const at = this.#indexOf(entry);
    this.#sorted.splice(at, this.#byKey.has(key) ? 1 : 0, entry);
    this.#byKey.set(key, entry);
  }

  delete(key: ObjectKey): void {
    if (!this.#byKey.delete(mapKey(key))) return;
    this.#sorted.splice(this.#indexOf(key), 1);
  }

  /** The entries of the range, without its limit. */
  range(range: ListRange): readonly Entry<V>[] {
    const { namespace, after } = range;
    if (namespace === undefined && after === undefined) return this.#sorted;
    let from = namespace === undefined ? 0 : this.#indexOf({ namespace, name: '' });
    if (after) {
      const behind = this.#indexOf(after);
      const found = this.#sorted[behind];
      from = Math.max(from, found && compareKeys(found, after) === 0 ? behind + 1 : behind);
    }
    // No name sorts behind this one: names are ASCII.
    const to =
      namespace === undefined
        ? this.#sorted.length
        : this.#indexOf({ namespace, name: '\u{10FFFF}' });
    return this.#sorted.slice(from, Math.max(from, to));
  }

  /** Where the key is, or would be. */
  #indexOf(key: ObjectKey): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#sorted[middle];
      if (entry && compareKeys(entry, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function mapKey(key: ObjectKey): string {
  return `${key.namespace}/${key.name}`;
}
