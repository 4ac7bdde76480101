/**
 * Removes what lost its owners, and finishes foreground and orphan deletes of owners.
 *
 *   every owner gone                 -> delete
 *   some gone, some there            -> forget the gone ones
 *   owner waits (foregroundDeletion) -> delete, then let the owner go
 *   owner orphans (orphan)           -> forget the owner, then let it go
 */
import type { Logger } from '#base/log.ts';
import {
  type DynamicObject,
  type KubeObject,
  type OwnerReference,
  qualifiedResource,
  type Registry,
  StatusError,
} from '#kube/index.ts';
import type { Change, Store } from '#store/index.ts';
import {
  backgroundDelete,
  type ObjectRemover,
  type Propagation,
  propagationFinalizer,
} from '../objects/object-remover.ts';
import type { ObjectWriter } from '../objects/object-writer.ts';
import type { ResourceTarget } from '../request/request-path.ts';
import { OwnerIndex, ownersOf, type Place, parsePlace, placeText } from './owner-index.ts';
import { WorkSet } from './work-set.ts';

export interface GarbageCollectorDeps {
  readonly store: Store<KubeObject>;
  readonly registry: Registry;
  readonly writer: ObjectWriter;
  readonly remover: ObjectRemover;
  readonly logger: Logger;
}

export class GarbageCollector {
  readonly #deps: GarbageCollectorDeps;
  readonly #index = new OwnerIndex();
  readonly #work: WorkSet;
  #unsubscribe: (() => void) | undefined;

  constructor(deps: GarbageCollectorDeps) {
    this.#deps = deps;
    this.#work = new WorkSet(deps.logger, (item) => this.#examine(parsePlace(item)));
  }

  /** Reads what is there and follows from then on. */
  start(): void {
    const { store } = this.#deps;
    for (const collection of store.collections()) {
      for (const { namespace, name, value } of store.list(collection).objects) {
        this.#index.update({ collection, namespace, name }, undefined, value);
      }
    }
    for (const collection of store.collections()) {
      for (const { namespace, name, value } of store.list(collection).objects) {
        this.#consider({ collection, namespace, name }, value);
      }
    }
    this.#unsubscribe = store.onAnyChange((change) => this.#onChange(change));
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    await this.#work.stop();
  }

  #onChange(change: Change<KubeObject>): void {
    const { type, previous, value } = change;
    const place = { collection: change.collection, namespace: change.namespace, name: change.name };
    const gone = type === 'deleted';
    this.#index.update(place, previous, gone ? undefined : value);
    if (!gone) this.#consider(place, value);
    else if (value.metadata.uid !== undefined) {
      for (const dependent of this.#index.dependentsOf(value.metadata.uid))
        this.#work.add(dependent);
    }
    // An owner may have waited for this one.
    for (const { uid } of ownersOf(previous)) {
      const owner = this.#index.placeOf(uid);
      if (owner) this.#work.add(placeText(owner));
    }
  }

  #consider(place: Place, object: KubeObject): void {
    if (ownersOf(object).length > 0 || waitingFinalizer(object)) this.#work.add(placeText(place));
  }

  async #examine(place: Place): Promise<void> {
    const object = this.#deps.store.get(place.collection, place)?.value;
    const target = object && this.#targetOf(place, object);
    if (!target) return;
    try {
      await this.#finishWaiting(target, object);
      await this.#checkOwners(target, object);
    } catch (thrown) {
      // Somebody else removed it first.
      if (thrown instanceof StatusError && thrown.reason === 'NotFound') return;
      throw thrown;
    }
  }

  async #finishWaiting(target: ResourceTarget, object: KubeObject): Promise<void> {
    const finalizer = waitingFinalizer(object);
    const { uid } = object.metadata;
    if (!finalizer || uid === undefined) return;
    const dependents = this.#index.dependentsOf(uid);
    if (finalizer === propagationFinalizer.Orphan) {
      for (const dependent of dependents) await this.#forgetOwners(dependent, new Set([uid]));
    } else {
      const blocking = dependents.filter((dependent) => this.#blocks(dependent, uid));
      for (const dependent of dependents) this.#work.add(dependent);
      if (blocking.length > 0) return;
    }
    await this.#change(target, (metadata) => ({
      ...metadata,
      finalizers: (metadata.finalizers ?? []).filter((name) => name !== finalizer),
    }));
  }

  #blocks(dependent: string, ownerUid: string): boolean {
    const place = parsePlace(dependent);
    const object = this.#deps.store.get(place.collection, place)?.value;
    return ownersOf(object).some(
      ({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion,
    );
  }

  async #checkOwners(target: ResourceTarget, object: KubeObject): Promise<void> {
    const owners = ownersOf(object);
    if (owners.length === 0) return;
    const states = owners.map((owner) => this.#stateOf(owner, object));
    if (states.every((state) => state === 'there')) return;
    if (states.includes('there')) {
      const gone = owners.filter((_, index) => states[index] !== 'there').map(({ uid }) => uid);
      await this.#forgetOwners(placeText(placeOf(target)), new Set(gone));
      return;
    }
    if (object.metadata.deletionTimestamp !== undefined) return;
    const { uid = '' } = object.metadata;
    const waited = states.includes('waiting') && this.#index.dependentsOf(uid).length > 0;
    const propagation: Propagation = waited ? 'Foreground' : 'Background';
    await this.#deps.remover.remove(target, { ...backgroundDelete, propagation, uid });
  }

  #stateOf(owner: OwnerReference, dependent: KubeObject): 'there' | 'waiting' | 'gone' {
    // Owners of kinds we do not serve cannot be looked up; they are left alone.
    const definition = this.#deps.registry.byKind(owner.apiVersion, owner.kind);
    if (!definition) return 'there';
    const place = this.#index.placeOf(owner.uid);
    if (place?.name !== owner.name || place.collection !== qualifiedResource(definition))
      return 'gone';
    const { namespace = '' } = dependent.metadata;
    if (place.namespace !== '' && place.namespace !== namespace) return 'gone';
    const object = this.#deps.store.get(place.collection, place)?.value;
    if (!object) return 'gone';
    return waitingFinalizer(object) === propagationFinalizer.Foreground ? 'waiting' : 'there';
  }

  async #forgetOwners(dependent: string, uids: ReadonlySet<string>): Promise<void> {
    const place = parsePlace(dependent);
    const object = this.#deps.store.get(place.collection, place)?.value;
    const target = object && this.#targetOf(place, object);
    if (!target) return;
    await this.#change(target, (metadata) => ({
      ...metadata,
      ownerReferences: (metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid)),
    }));
  }

  async #change(
    target: ResourceTarget,
    change: (metadata: KubeObject['metadata']) => KubeObject['metadata'],
  ): Promise<void> {
    const apply = (current: DynamicObject): DynamicObject => {
      const { finalizers = [], ownerReferences = [], ...rest } = change(current.metadata);
      const metadata = {
        ...rest,
        ...(finalizers.length === 0 ? {} : { finalizers }),
        ...(ownerReferences.length === 0 ? {} : { ownerReferences }),
      };
      return { ...current, metadata };
    };
    await this.#deps.writer.modify(target, apply, { dryRun: false, guarded: false });
  }

  #targetOf(place: Place, object: KubeObject): ResourceTarget | undefined {
    return targetOfObject(this.#deps.registry, object, place);
  }
}

/** The target of a stored object; undefined when its kind is not served any more. */
export function targetOfObject(
  registry: Registry,
  object: KubeObject,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): ResourceTarget | undefined {
  const definition = registry.ofObject(object);
  if (!definition) return undefined;
  const { group, version, plural } = definition;
  return { definition, group, version, resource: plural, namespace, name, subresource: '' };
}

function placeOf({ definition, namespace, name }: ResourceTarget): Place {
  return { collection: qualifiedResource(definition), namespace, name };
}

/** The finalizer by which a deleted object waits for its dependents. */
function waitingFinalizer(object: KubeObject): string | undefined {
  if (object.metadata.deletionTimestamp === undefined) return undefined;
  return object.metadata.finalizers?.find(
    (name) => name === propagationFinalizer.Foreground || name === propagationFinalizer.Orphan,
  );
}
