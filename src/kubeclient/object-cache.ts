/** Objects of one kind by namespace and name, with indexes. Objects are frozen: they are shared. */
import { type KubeObject, keyOf, keyText, type ObjectKey } from '#kube/index.ts';

/** What became of one object. `previous` is there for updated and deleted ones. */
export interface Change<T extends KubeObject> {
  readonly type: 'added' | 'updated' | 'deleted';
  readonly object: T;
  readonly previous?: T;
}

/** Reading side of a cache. The objects must not be changed: they are frozen. */
export interface Lister<T extends KubeObject> {
  get(key: ObjectKey): T | undefined;
  /** Sorted by nothing; all namespaces when none is given. */
  list(namespace?: string): readonly T[];
  /** Objects whose index gave `value`. */
  byIndex(index: string, value: string): readonly T[];
}

export interface Index<T extends KubeObject> {
  readonly name: string;
  /** The values an object is found under; none leaves it out. */
  valuesOf(object: T): readonly string[];
}

export class ObjectCache<T extends KubeObject> implements Lister<T> {
  readonly #byKey = new Map<string, T>();
  readonly #byNamespace = new Map<string, Map<string, T>>();
  readonly #indexes: readonly Index<T>[];
  readonly #indexed = new Map<string, Map<string, Set<T>>>();

  constructor(indexes: readonly Index<T>[]) {
    this.#indexes = indexes;
    for (const index of indexes) this.#indexed.set(index.name, new Map());
  }

  get(key: ObjectKey): T | undefined {
    return this.#byKey.get(keyText(key));
  }

  list(namespace?: string): readonly T[] {
    if (namespace === undefined) return [...this.#byKey.values()];
    return [...(this.#byNamespace.get(namespace)?.values() ?? [])];
  }

  byIndex(index: string, value: string): readonly T[] {
    return [...(this.#indexed.get(index)?.get(value) ?? [])];
  }

  /** @returns what changed; undefined when that revision is known already */
  put(object: T): Change<T> | undefined {
    const key = keyOf(object);
    const previous = this.#byKey.get(keyText(key));
    if (previous !== undefined && sameRevision(previous, object)) return undefined;
    deepFreeze(object);
    if (previous !== undefined) this.#unindex(previous);
    this.#byKey.set(keyText(key), object);
    let inNamespace = this.#byNamespace.get(key.namespace);
    if (inNamespace === undefined) {
      inNamespace = new Map();
      this.#byNamespace.set(key.namespace, inNamespace);
    }
    inNamespace.set(key.name, object);
    this.#index(object);
    if (previous === undefined) return { type: 'added', object };
    return { type: 'updated', object, previous };
  }

  /** @returns what changed; undefined when it was not there */
  delete(object: KubeObject): Change<T> | undefined {
    const key = keyOf(object);
    const previous = this.#byKey.get(keyText(key));
    if (previous === undefined) return undefined;
    this.#unindex(previous);
    this.#byKey.delete(keyText(key));
    const inNamespace = this.#byNamespace.get(key.namespace);
    inNamespace?.delete(key.name);
    if (inNamespace?.size === 0) this.#byNamespace.delete(key.namespace);
    return { type: 'deleted', object: previous, previous };
  }

  /** Makes the cache hold exactly `objects`. @returns the changes, deletions first */
  replace(objects: readonly T[]): Change<T>[] {
    const changes: Change<T>[] = [];
    const kept = new Set(objects.map((object) => keyText(keyOf(object))));
    for (const [key, object] of this.#byKey) {
      if (kept.has(key)) continue;
      const change = this.delete(object);
      if (change !== undefined) changes.push(change);
    }
    for (const object of objects) {
      const change = this.put(object);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  #index(object: T): void {
    for (const index of this.#indexes) {
      const values = this.#indexed.get(index.name);
      for (const value of index.valuesOf(object)) {
        const found = values?.get(value);
        if (found === undefined) values?.set(value, new Set([object]));
        else found.add(object);
      }
    }
  }

  #unindex(object: T): void {
    for (const index of this.#indexes) {
      const values = this.#indexed.get(index.name);
      for (const value of index.valuesOf(object)) {
        const found = values?.get(value);
        found?.delete(object);
        if (found?.size === 0) values?.delete(value);
      }
    }
  }
}

function sameRevision(a: KubeObject, b: KubeObject): boolean {
  const { uid, resourceVersion } = a.metadata;
  return (
    resourceVersion !== undefined &&
    resourceVersion === b.metadata.resourceVersion &&
    uid === b.metadata.uid
  );
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}
