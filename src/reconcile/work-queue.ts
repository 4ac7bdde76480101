/**
 * A keyed queue of work without timers or promises: which key may be worked on now, and when to
 * look again. Every key is in at most one of these places:
 *
 *            add            take                     done
 *   (absent) ----> ready ----------> active ---------------> (absent)
 *      |             ^                 | add while active: `again`, ready at done
 *      | addAfter    | due             |
 *      +-------> delayed <-------------+ done with a delay
 *
 * so one key is never worked on twice at the same time, and any number of adds while it waits
 * cost one run.
 */

interface Entry<Key> {
  readonly key: Key;
  place: 'ready' | 'active' | 'delayed';
  /** For `delayed`: when it becomes ready, on the monotonic clock. */
  dueMs: number;
  /** For `active`: it was added again, so it is ready as soon as it is done. */
  again: boolean;
  /** For `active`: a delayed add that arrived meanwhile, or Infinity. */
  againDueMs: number;
  /** Failed runs in a row. */
  failures: number;
}

export class WorkQueue<Key> {
  readonly #idOf: (key: Key) => string;
  readonly #entries = new Map<string, Entry<Key>>();
  /** Ids in the order they became ready; a Set keeps insertion order and deletes in O(1). */
  readonly #ready = new Set<string>();
  readonly #delayed = new Set<string>();

  constructor(idOf: (key: Key) => string) {
    this.#idOf = idOf;
  }

  /** Keys waiting to be taken. */
  get readyCount(): number {
    return this.#ready.size;
  }

  /** All keys known: ready, active and delayed. */
  get size(): number {
    return this.#entries.size;
  }

  /** Asks for a run as soon as possible; overtakes a delay. */
  add(key: Key): void {
    const entry = this.#entryOf(key);
    if (entry.place === 'active') {
      entry.again = true;
      return;
    }
    this.#makeReady(entry);
  }

  /** Asks for a run at `dueMs` (monotonic); the earliest wish wins. */
  addAt(key: Key, dueMs: number): void {
    const id = this.#idOf(key);
    const known = this.#entries.get(id);
    if (known === undefined) {
      this.#entries.set(id, { ...freshEntry(key), place: 'delayed', dueMs });
      this.#delayed.add(id);
    } else if (known.place === 'active') {
      known.againDueMs = Math.min(known.againDueMs, dueMs);
    } else if (known.place === 'delayed') {
      known.dueMs = Math.min(known.dueMs, dueMs);
    }
  }

  /** Moves what is due to ready. */
  tick(nowMs: number): void {
    for (const id of this.#delayed) {
      const entry = this.#entries.get(id);
      if (entry !== undefined && entry.dueMs <= nowMs) this.#makeReady(entry);
    }
  }

  /** The monotonic time of the next `tick` that changes something, if any. */
  nextDueMs(): number | undefined {
    let next: number | undefined;
    for (const id of this.#delayed) {
      const dueMs = this.#entries.get(id)?.dueMs ?? Infinity;
      if (next === undefined || dueMs < next) next = dueMs;
    }
    return next;
  }

  /** The key that waited longest, now active until `succeeded` or `failed`. */
  take(): Key | undefined {
    for (const id of this.#ready) {
      this.#ready.delete(id);
      const entry = this.#entries.get(id);
      if (entry === undefined) continue;
      entry.place = 'active';
      return entry.key;
    }
    return undefined;
  }

  /** Failed runs of this key in a row so far. */
  failuresOf(key: Key): number {
    return this.#entries.get(this.#idOf(key))?.failures ?? 0;
  }

  /** Ends the active run well. @param dueMs when to come back by itself, if at all */
  succeeded(key: Key, dueMs?: number): void {
    this.#finish(key, 0, dueMs);
  }

  /** Ends the active run badly. @param dueMs when to try again; absent: not until added */
  failed(key: Key, dueMs?: number): void {
    this.#finish(key, this.failuresOf(key) + 1, dueMs);
  }

  #finish(key: Key, failures: number, dueMs: number | undefined): void {
    const id = this.#idOf(key);
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.place !== 'active') return;
    const next = Math.min(dueMs ?? Infinity, entry.againDueMs);
    const again = entry.again;
    entry.again = false;
    entry.againDueMs = Infinity;
    entry.failures = failures;
    if (again) {
      this.#makeReady(entry);
    } else if (next < Infinity) {
      entry.place = 'delayed';
      entry.dueMs = next;
      this.#delayed.add(id);
    } else {
      this.#entries.delete(id);
    }
  }

  #entryOf(key: Key): Entry<Key> {
    const id = this.#idOf(key);
    const known = this.#entries.get(id);
    if (known !== undefined) return known;
    const entry = freshEntry(key);
    this.#entries.set(id, entry);
    return entry;
  }

  #makeReady(entry: Entry<Key>): void {
    const id = this.#idOf(entry.key);
    entry.place = 'ready';
    this.#delayed.delete(id);
    this.#ready.add(id);
  }
}

function freshEntry<Key>(key: Key): Entry<Key> {
  return { key, place: 'ready', dueMs: 0, again: false, againDueMs: Infinity, failures: 0 };
}
