/**
 * A Kubernetes API in memory for controllers under test: the client's own interface with
 * resourceVersion guards, generations, a status that only its own write changes, and watches. It
 * can be told to fail, which a real server cannot.
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  type KubeList,
  type KubeObject,
  keyText,
  type ObjectKey,
  type ResourceDefinition,
} from '#kube/index.ts';
import {
  type KubeClient,
  KubeClientError,
  type WatchEvent,
  type WatchOptions,
  type WritingClient,
} from '#kubeclient/index.ts';

type Verb = 'create' | 'update' | 'updateStatus' | 'find';
type Stored = KubeObject & { spec?: unknown; status?: unknown };
type Fault = (verb: Verb, kind: string, object: KubeObject | ObjectKey) => void | Promise<void>;

export class MemoryKube implements WritingClient, Pick<KubeClient, 'list' | 'remove' | 'watch'> {
  readonly #objects = new Map<string, Stored>();
  readonly #watchers = new Set<(id: string, event: WatchEvent<Stored>) => void>();
  readonly #history: { readonly id: string; readonly event: WatchEvent<Stored> }[] = [];
  #revision = 0;
  /** Called before each request; may throw, or let another write go first. */
  fault: Fault = () => undefined;
  /** Writes that changed something, as `verb kind namespace/name`. */
  readonly writes: string[] = [];

  async find<T extends KubeObject>(
    of: ResourceDefinition<T>,
    key: ObjectKey,
  ): Promise<T | undefined> {
    await this.fault('find', of.kind, key);
    return structuredClone(this.#objects.get(idOf(of, key))) as T | undefined;
  }

  async create<T extends KubeObject>(of: ResourceDefinition<T>, object: T): Promise<T> {
    await this.fault('create', of.kind, object);
    const key = keyIn(object);
    if (this.#objects.has(idOf(of, key))) {
      const message = `${of.plural}${of.group === '' ? '' : `.${of.group}`} "${key.name}" already exists`;
      throw new KubeClientError('KUBE_ALREADY_EXISTS', message, { status: 409 });
    }
    const { status: _status, ...rest } = structuredClone(object) as Stored;
    const metadata = {
      ...rest.metadata,
      uid: rest.metadata.uid ?? randomUUID(),
      generation: 1,
      creationTimestamp: rest.metadata.creationTimestamp ?? '2026-01-01T00:00:00Z',
    };
    return this.#store(of, 'create', { ...rest, metadata }, 'ADDED') as T;
  }

  async update<T extends KubeObject>(of: ResourceDefinition<T>, object: T): Promise<T> {
    await this.fault('update', of.kind, object);
    const before = this.#guarded(of, object);
    const next: Stored = structuredClone(object);
    if (before.status === undefined) delete next.status;
    else next.status = before.status;
    const isNewSpec = !isDeepStrictEqual(next.spec, before.spec);
    next.metadata.generation = (before.metadata.generation ?? 0) + Number(isNewSpec);
    return this.#replace(of, 'update', before, next) as T;
  }

  async updateStatus<T extends KubeObject>(of: ResourceDefinition<T>, object: T): Promise<T> {
    await this.fault('updateStatus', of.kind, object);
    const before = this.#guarded(of, object);
    const next: Stored = { ...before, status: structuredClone((object as Stored).status) };
    return this.#replace(of, 'updateStatus', before, next) as T;
  }

  /** Removes an object and what only it owns. */
  async remove(of: ResourceDefinition, key: ObjectKey): Promise<boolean> {
    const object = this.#objects.get(idOf(of, key));
    if (object === undefined) return false;
    this.#delete(idOf(of, key), object);
    for (const [id, other] of this.#objects) {
      const owners = other.metadata.ownerReferences ?? [];
      const isOrphan =
        owners.length > 0 && owners.every((owner) => owner.uid === object.metadata.uid);
      if (isOrphan) this.#delete(id, other);
    }
    return true;
  }

  #delete(id: string, object: Stored): void {
    this.#objects.delete(id);
    const metadata = { ...object.metadata, resourceVersion: String(++this.#revision) };
    this.#announce(id, { type: 'DELETED', object: { ...object, metadata } });
  }

  async list<T extends KubeObject>(of: ResourceDefinition<T>): Promise<KubeList<T>> {
    const prefix = idOf(of, { namespace: '', name: '' });
    const items = [...this.#objects]
      .filter(([id]) => id.startsWith(prefix))
      .map(([, object]) => structuredClone(object) as T);
    return {
      apiVersion: 'v1',
      kind: of.listKind,
      metadata: { resourceVersion: String(this.#revision) },
      items,
    };
  }

  async watch<T extends KubeObject>(
    of: ResourceDefinition<T>,
    options: WatchOptions,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    const prefix = idOf(of, { namespace: '', name: '' });
    const send = (id: string, event: WatchEvent<Stored>): void => {
      if (!id.startsWith(prefix)) return;
      // As over a network: later, and each its own copy.
      const copy = structuredClone(event) as unknown as WatchEvent<T>;
      setImmediate(() => onEvent(copy));
    };
    const since = Number(options.resourceVersion);
    for (const { id, event } of this.#history) {
      if (Number(event.object.metadata.resourceVersion) > since) send(id, event);
    }
    this.#watchers.add(send);
    const { promise, resolve } = Promise.withResolvers<void>();
    options.signal.addEventListener('abort', () => resolve(), { once: true });
    if (options.signal.aborted) resolve();
    await promise;
    this.#watchers.delete(send);
  }

  #guarded(of: ResourceDefinition, object: KubeObject): Stored {
    const before = this.#objects.get(idOf(of, keyIn(object)));
    if (before === undefined)
      throw new KubeClientError('KUBE_NOT_FOUND', 'not found', { status: 404 });
    const { uid, resourceVersion } = object.metadata;
    if (resourceVersion !== before.metadata.resourceVersion || uid !== before.metadata.uid) {
      throw new KubeClientError('KUBE_CONFLICT', 'the object has been modified', { status: 409 });
    }
    return before;
  }

  #replace(of: ResourceDefinition, verb: Verb, before: Stored, next: Stored): Stored {
    return isDeepStrictEqual(before, next)
      ? structuredClone(before)
      : this.#store(of, verb, next, 'MODIFIED');
  }

  #store(of: ResourceDefinition, verb: Verb, object: Stored, type: 'ADDED' | 'MODIFIED'): Stored {
    const stored = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(++this.#revision) },
    };
    this.#objects.set(idOf(of, keyIn(stored)), stored);
    this.writes.push(`${verb} ${of.kind} ${keyText(keyIn(stored))}`);
    this.#announce(idOf(of, keyIn(stored)), { type, object: stored });
    return structuredClone(stored);
  }

  #announce(id: string, event: WatchEvent<Stored>): void {
    this.#history.push({ id, event });
    for (const send of this.#watchers) send(id, event);
  }
}

function idOf(of: ResourceDefinition, key: ObjectKey): string {
  return `${of.group}/${of.plural} ${key.name === '' ? '' : keyText(key)}`;
}

function keyIn(object: KubeObject): ObjectKey {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name };
}
