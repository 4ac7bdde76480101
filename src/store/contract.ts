/** What a store does for those who use it. */
import type { Running } from '#base/lifecycle.ts';
import type {
  Change,
  ListPage,
  ListRange,
  ObjectKey,
  StoredObject,
  WriteRequest,
} from './change.ts';
import type { StoreError } from './errors.ts';

export type ChangeListener<V extends object> = (change: Change<V>) => void;

export interface Store<V extends object> extends Running {
  /** The newest committed revision; 0 in a new store. */
  readonly revision: number;
  /** Why no further write is taken, when a commit failed; undefined when healthy. */
  readonly failure: StoreError | undefined;
  get(collection: string, key: ObjectKey): StoredObject<V> | undefined;
  /** The current objects in key order. */
  list(collection: string, range?: ListRange): ListPage<V>;
  /** The objects as they were at `revision`. @throws StoreError STORE_COMPACTED, STORE_REVISION_FUTURE */
  listAt(collection: string, revision: number, range?: ListRange): ListPage<V>;
  count(collection: string): number;
  /** Names of the collections that hold objects. */
  collections(): readonly string[];
  /**
   * Resolves after COMMIT with the object as stored (for a delete: its last contents, stamped
   * with the revision of the delete).
   * @throws StoreError STORE_CONFLICT, STORE_DISK_FULL, STORE_IO, STORE_OVERLOADED,
   *   STORE_TOO_MANY_OBJECTS, STORE_CLOSED
   */
  write(request: WriteRequest<V>): Promise<StoredObject<V>>;
  /** Changes after `revision`, oldest first. @throws StoreError STORE_COMPACTED */
  changesAfter(collection: string, revision: number, limit: number): readonly Change<V>[];
  /**
   * Calls the listener for every later change, in order, in the turn of its commit.
   * @returns the end of it
   */
  onChange(collection: string, listener: ChangeListener<V>): () => void;
  /** As `onChange` for every collection. */
  onAnyChange(listener: ChangeListener<V>): () => void;
  /** One round of compaction and expiry now. */
  sweep(): Promise<void>;
}
