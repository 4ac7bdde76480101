/**
 * The store: current objects in memory over SQLite, guarded writes by group commit, a feed of
 * committed changes, and the past as far as the change log reaches.
 *
 *   write -> CommitQueue -> COMMIT -> current objects -> listeners -> the writer's promise
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type {
  Change,
  ListPage,
  ListRange,
  ObjectKey,
  StoredObject,
  WriteRequest,
} from './change.ts';
import { CommitQueue, type Committed } from './commit-queue.ts';
import { Compaction, type CompactionLimits } from './compaction.ts';
import type { ChangeListener, Store } from './contract.ts';
import { CurrentObjects, type Entry } from './current-objects.ts';
import { databaseBytesMaxDefault, openDatabase } from './database.ts';
import { databasePath, keyPathIn } from './directory.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { StoreError } from './errors.ts';
import { pageAt } from './past.ts';
import { openSealer, type SealingOptions } from './sealing/open-sealer.ts';
import { type Body, type Place, Sealer } from './sealing/sealer.ts';
import { faultOf } from './sqlite-fault.ts';
import { type LogRow, Statements } from './statements.ts';

export interface StoreLimits extends CompactionLimits {
  /** Writes that may wait for a commit. */
  readonly pendingWritesMax: number;
  /** Writes in one transaction. */
  readonly batchWritesMax: number;
  readonly objectsMax: number;
  /** Stored text whose decoded form is kept in memory. */
  readonly cacheBytesMax: number;
  /** Size of the database file. */
  readonly databaseBytesMax: number;
  /** Pause between two rounds of compaction and expiry. */
  readonly sweepIntervalMs: number;
}

export const defaultStoreLimits: StoreLimits = {
  pendingWritesMax: 10_000,
  batchWritesMax: 500,
  objectsMax: 200_000,
  cacheBytesMax: 64 * 1024 * 1024,
  databaseBytesMax: databaseBytesMaxDefault,
  logAgeMs: 3_600_000,
  logRowsMin: 10_000,
  logRowsMax: 200_000,
  sweepIntervalMs: 60_000,
};

export interface StoreDeps<V extends object> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Puts the revision into a copy of the object; stored contents do not carry it. */
  readonly stamp: (value: V, revision: number) => V;
}

export interface StoreOptions {
  /** Holds `drawbridge.db`, `lock` and `secrets.key`. Absent: in memory, gone when it stops. */
  readonly directory?: string;
  /** Collections whose contents are sealed on the disk. */
  readonly sealed?: readonly string[];
  /** The file with the keys for that; default `secrets.key` in the directory. */
  readonly keyPath?: string;
  readonly limits?: Partial<StoreLimits>;
  /** Milliseconds after its last change at which an object of a collection is deleted. */
  readonly ttlMs?: Readonly<Record<string, number>>;
}

/**
 * Opens the store and takes its directory.
 * @throws StoreError STORE_IN_USE, STORE_FORMAT_NEWER, STORE_CORRUPT, STORE_IO, STORE_DISK_FULL,
 *   STORE_KEY_MISSING, STORE_KEY_UNUSABLE
 */
export async function openStore<V extends object>(
  deps: StoreDeps<V>,
  options: StoreOptions,
): Promise<Store<V>> {
  const limits = { ...defaultStoreLimits, ...options.limits };
  const { directory } = options;
  const lock = directory === undefined ? undefined : lockDirectory(directory);
  let database: DatabaseSync | undefined;
  try {
    const path = directory === undefined ? ':memory:' : databasePath(directory);
    database = openDatabase(path, limits.databaseBytesMax);
    const sealing = directory === undefined ? undefined : sealingOf(directory, options);
    const sealer = sealing ? openSealer(database, sealing) : new Sealer([], []);
    return new SqliteStore(
      deps,
      { limits, ttlMs: options.ttlMs ?? {} },
      { database, sealer, lock },
    );
  } catch (thrown) {
    if (database?.isOpen) database.close();
    lock?.release();
    throw faultOf(thrown, 'open the store');
  }
}

function sealingOf(directory: string, options: StoreOptions): SealingOptions {
  const { sealed = [], keyPath = keyPathIn(directory) } = options;
  return { collections: sealed, keyPath };
}

/** What a store works on; it closes all of it. */
interface Opened {
  readonly database: DatabaseSync;
  readonly sealer: Sealer;
  readonly lock: DirectoryLock | undefined;
}

class SqliteStore<V extends object> implements Store<V> {
  readonly #deps: StoreDeps<V>;
  readonly #limits: StoreLimits;
  readonly #ttlMs: Readonly<Record<string, number>>;
  readonly #database: DatabaseSync;
  readonly #sealer: Sealer;
  readonly #lock: DirectoryLock | undefined;
  readonly #statements: Statements;
  readonly #compaction: Compaction;
  readonly #queue: CommitQueue<V>;
  readonly #collections = new Map<string, CurrentObjects<V>>();
  readonly #listeners = new Map<string, Set<ChangeListener<V>>>();
  readonly #anyListeners = new Set<ChangeListener<V>>();
  /** Entries whose contents are decoded, oldest first. */
  readonly #decoded = new Set<Entry<V>>();
  #decodedBytes = 0;
  #objectCount = 0;
  #revision: number;
  #sweeper: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(
    deps: StoreDeps<V>,
    options: { readonly limits: StoreLimits; readonly ttlMs: Readonly<Record<string, number>> },
    { database, sealer, lock }: Opened,
  ) {
    this.#deps = deps;
    this.#sealer = sealer;
    this.#limits = options.limits;
    this.#ttlMs = options.ttlMs;
    this.#database = database;
    this.#lock = lock;
    this.#statements = new Statements(database);
    this.#compaction = new Compaction(database, options.limits);
    this.#revision = this.#statements.revision();
    for (const { coll, ns, name, rv, bytes } of this.#statements.keys()) {
      this.#put(coll, { namespace: ns, name, revision: rv, bytes, value: undefined });
    }
    this.#queue = new CommitQueue(
      {
        statements: this.#statements,
        clock: deps.clock,
        sealer,
        stamp: deps.stamp,
        current: {
          revision: () => this.#revision,
          get: (collection, key) => this.get(collection, key),
          objectCount: () => this.#objectCount,
        },
        onCommitted: (changes) => this.#onCommitted(changes),
      },
      options.limits,
    );
    this.#armSweeper();
  }

  get revision(): number {
    return this.#revision;
  }

  get failure(): StoreError | undefined {
    return this.#queue.refusal;
  }

  get(collection: string, key: ObjectKey): StoredObject<V> | undefined {
    const entry = this.#collections.get(collection)?.get(key);
    return entry && this.#stored(collection, entry);
  }

  list(collection: string, range: ListRange = {}): ListPage<V> {
    const entries = this.#collections.get(collection)?.range(range) ?? [];
    const taken = range.limit === undefined ? entries : entries.slice(0, range.limit);
    return {
      objects: taken.map((entry) => this.#stored(collection, entry)),
      remaining: entries.length - taken.length,
    };
  }

  listAt(collection: string, revision: number, range: ListRange = {}): ListPage<V> {
    if (revision > this.#revision) {
      throw new StoreError('STORE_REVISION_FUTURE', 'the revision was not written yet', {
        facts: { revision, current: this.#revision },
      });
    }
    this.#checkFloor(collection, revision);
    const objects = this.#collectionOf(collection);
    if (objects.lastRevision <= revision) return this.list(collection, range);
    return pageAt(
      range,
      objects.range(range),
      this.#statements.firstChanges(collection, revision),
      {
        current: (entry) => this.#stored(collection, entry),
        past: (row) => this.#decode(placeOf(row), row.prev ?? '', row.prev_rv ?? 0),
      },
    );
  }

  count(collection: string): number {
    return this.#collections.get(collection)?.size ?? 0;
  }

  collections(): readonly string[] {
    return [...this.#collections].filter(([, { size }]) => size > 0).map(([name]) => name);
  }

  write(request: WriteRequest<V>): Promise<StoredObject<V>> {
    return this.#queue.write(request);
  }

  changesAfter(collection: string, revision: number, limit: number): readonly Change<V>[] {
    this.#checkFloor(collection, revision);
    if (this.#collectionOf(collection).lastRevision <= revision) return [];
    const rows = this.#statements.changes(collection, revision, limit);
    return rows.map((row) => this.#changeOf(row));
  }

  onChange(collection: string, listener: ChangeListener<V>): () => void {
    const listeners = this.#listeners.get(collection) ?? new Set();
    this.#listeners.set(collection, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  onAnyChange(listener: ChangeListener<V>): () => void {
    this.#anyListeners.add(listener);
    return () => this.#anyListeners.delete(listener);
  }

  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    return this.#sweeping;
  }

  async stop(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#queue.close();
    await this.#sweeping;
    if (this.#database.isOpen) this.#database.close();
    this.#lock?.release();
  }

  #armSweeper(): void {
    this.#sweeper = setInterval(() => void this.sweep(), this.#limits.sweepIntervalMs).unref();
  }

  /** Never rejects: what fails is logged and tried again in the next round. */
  async #sweep(): Promise<void> {
    try {
      await this.#expire();
      while (!this.#queue.refusal && this.#compaction.runSlice(this.#deps.clock.nowMs())) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (thrown) {
      this.#deps.logger.warn('store sweep failed', { error: messageOf(thrown) });
    }
  }

  async #expire(): Promise<void> {
    for (const [collection, ttlMs] of Object.entries(this.#ttlMs)) {
      const before = this.#deps.clock.nowMs() - ttlMs;
      const rows = this.#statements.expired(collection, before, this.#limits.batchWritesMax);
      const deletes = rows.map(async ({ ns: namespace, name, rv: expected }) => {
        const stored = this.get(collection, { namespace, name });
        if (stored?.revision !== expected) return;
        const { value } = stored;
        await this.write({ collection, namespace, name, expected, value, delete: true });
      });
      await Promise.allSettled(deletes);
    }
  }

  #checkFloor(collection: string, revision: number): void {
    const floor = this.#compaction.floor(collection);
    if (revision >= floor) return;
    throw new StoreError('STORE_COMPACTED', 'the revision was compacted', {
      facts: { revision, floor },
    });
  }

  #onCommitted(changes: readonly Committed<V>[]): void {
    for (const change of changes) {
      const { collection, namespace, name, revision, value, bytes } = change;
      this.#drop(collection, change);
      if (change.type !== 'deleted') {
        const entry = { namespace, name, revision, bytes, value };
        this.#put(collection, entry);
        this.#keepDecoded(entry);
      }
      this.#collectionOf(collection).lastRevision = revision;
      this.#revision = revision;
    }
    for (const change of changes) {
      this.#tell(this.#listeners.get(change.collection) ?? [], change);
      this.#tell(this.#anyListeners, change);
    }
  }

  /** The change is committed: a listener that fails must not keep it from the others. */
  #tell(listeners: Iterable<ChangeListener<V>>, change: Change<V>): void {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (thrown) {
        const error = messageOf(thrown);
        this.#deps.logger.error('a listener of the store failed', { error });
      }
    }
  }

  #collectionOf(name: string): CurrentObjects<V> {
    const known = this.#collections.get(name);
    if (known) return known;
    const created = new CurrentObjects<V>();
    // Deletes before this start leave no object behind, so the counter is the only safe answer.
    created.lastRevision = this.#revision;
    this.#collections.set(name, created);
    return created;
  }

  #put(collection: string, entry: Entry<V>): void {
    this.#collectionOf(collection).set(entry);
    this.#objectCount++;
  }

  #drop(collection: string, key: ObjectKey): void {
    const objects = this.#collectionOf(collection);
    const entry = objects.get(key);
    if (!entry) return;
    objects.delete(key);
    this.#objectCount--;
    if (this.#decoded.delete(entry)) this.#decodedBytes -= entry.bytes;
  }

  #stored(collection: string, entry: Entry<V>): StoredObject<V> {
    const { namespace, name, revision } = entry;
    let { value } = entry;
    if (value === undefined) {
      const body = this.#statements.body(collection, namespace, name);
      value = this.#decode({ collection, namespace, name }, body ?? '', revision);
      entry.value = value;
      this.#keepDecoded(entry);
    }
    return { namespace, name, revision, value };
  }

  #keepDecoded(entry: Entry<V>): void {
    this.#decoded.add(entry);
    this.#decodedBytes += entry.bytes;
    for (const oldest of this.#decoded) {
      if (this.#decodedBytes <= this.#limits.cacheBytesMax || oldest === entry) break;
      this.#decoded.delete(oldest);
      this.#decodedBytes -= oldest.bytes;
      oldest.value = undefined;
    }
  }

  #changeOf(row: LogRow): Change<V> {
    const place = placeOf(row);
    return {
      ...place,
      revision: row.rv,
      type: row.op,
      value: this.#decode(place, row.body, row.rv),
      previous: row.prev === null ? undefined : this.#decode(place, row.prev, row.prev_rv ?? 0),
    };
  }

  #decode(place: Place, body: Body, revision: number): V {
    const text = this.#sealer.open(place, body);
    try {
      return this.#deps.stamp(JSON.parse(text) as V, revision);
    } catch (cause) {
      throw new StoreError('STORE_CORRUPT', `the object of revision ${revision} is damaged`, {
        cause,
      });
    }
  }
}

function placeOf({ coll: collection, ns: namespace, name }: LogRow): Place {
  return { collection, namespace, name };
}
