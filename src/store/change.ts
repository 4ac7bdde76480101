/** The nouns of the store: objects at a revision, changes between revisions, requests to change. */

/** Names one object within its collection. `namespace` is empty for cluster-wide objects. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** An object as it was after the change with this revision. */
export interface StoredObject<V extends object> extends ObjectKey {
  readonly revision: number;
  /** Shared with every reader: never changed in place. */
  readonly value: V;
}

export type ChangeType = 'added' | 'modified' | 'deleted';

/** One committed change. Revisions are unique over all collections and only grow. */
export interface Change<V extends object> extends StoredObject<V> {
  readonly collection: string;
  readonly type: ChangeType;
  /** The object before; undefined for `added`. For `deleted`, `value` holds the last contents. */
  readonly previous: V | undefined;
}

/** A guarded change of one object. */
export interface WriteRequest<V extends object> extends ObjectKey {
  /** Resource in its group, such as `listeners.skupper.io` or `secrets`. */
  readonly collection: string;
  /** The revision the writer saw; 0 when it saw no such object. */
  readonly expected: number;
  /** New contents; for a delete the last contents. Owned by the store from here on. */
  readonly value: V;
  /** The value as JSON, when the writer made that already. */
  readonly text?: string;
  readonly delete?: boolean;
}

/** Which part of a collection to list. */
export interface ListRange {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** Continue behind this key. */
  readonly after?: ObjectKey;
  /** Most objects returned; absent: all. */
  readonly limit?: number;
}

export interface ListPage<V extends object> {
  /** In order of namespace, then name. */
  readonly objects: readonly StoredObject<V>[];
  /** How many more objects follow in the range. */
  readonly remaining: number;
}

/** Orders by namespace, then name. */
export function compareKeys(a: ObjectKey, b: ObjectKey): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
