/**
 * Writing objects: every change reads the current object, computes the next, checks it and commits
 * it against the revision it read. A write that changes nothing commits nothing.
 */
import type { Random } from '#base/random.ts';
import {
  type Admission,
  alreadyExists,
  badRequest,
  cloneJson,
  conflict,
  type DynamicObject,
  equalJson,
  generateName,
  isRecord,
  type KubeObject,
  notFoundObject,
  qualifiedResource,
  type ResourceDefinition,
  StatusError,
  tooLarge,
} from '#kube/index.ts';
import { type Store, type StoredObject, StoreError } from '#store/index.ts';
import { stampRevision } from '../api-store.ts';
import type { ApiServerLimits } from '../limits.ts';
import type { DecodedBody } from '../request/object-body.ts';
import type { ResourceTarget } from '../request/request-path.ts';
import { admitBody } from './incoming.ts';
import { configurationOf, type ObjectMaker, type WriteCall } from './object-maker.ts';
import {
  checkNamespaceOpen,
  isNamespaceKind,
  namespaceFinalizers,
  namespacesCollection,
} from './namespace-rules.ts';
import { checkPlace, checkUid, checkVersion, withoutRevision } from './server-metadata.ts';
import { storeFault } from './store-fault.ts';
import { inStorage, inVersion } from './stored-version.ts';

export interface ObjectWriterDeps {
  readonly store: Store<KubeObject>;
  readonly random: Random;
  admissionOf(definition: ResourceDefinition): Admission;
  readonly maker: ObjectMaker;
}

/**
 * Computes the next object from the current one. The same object means "nothing to do", undefined
 * "remove it".
 */
export type Change = (current: DynamicObject) => DynamicObject | undefined;

/** Names tried for one generateName. */
const generatedNamesMax = 8;

export class ObjectWriter {
  readonly #deps: ObjectWriterDeps;
  readonly #limits: ApiServerLimits;

  constructor(deps: ObjectWriterDeps, limits: ApiServerLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /**
   * Stores a new object.
   * @throws StatusError as Kubernetes answers
   */
  async create(target: ResourceTarget, body: DecodedBody, call: WriteCall): Promise<KubeObject> {
    const { maker } = this.#deps;
    const admission = this.#deps.admissionOf(target.definition);
    const given = admitBody(admission, body, call.fieldValidation, call.warnings);
    const { metadata: meta } = given;
    if ((meta.resourceVersion ?? '') !== '') {
      throw badRequest('resourceVersion should not be set on objects to be created');
    }
    checkPlace(meta, { ...target, name: '' });
    const prefix = meta.name === '' ? (meta.generateName ?? '') : '';
    for (let attempt = 1; ; attempt++) {
      const name = prefix === '' ? meta.name : generateName(prefix, this.#deps.random);
      const author = maker.creatorOf(target, call);
      const created = maker.created(target, given, name, author);
      try {
        return await this.#insert(target, created, call);
      } catch (thrown) {
        const clash = thrown instanceof StatusError && thrown.reason === 'AlreadyExists';
        if (!clash || prefix === '' || attempt === generatedNamesMax) throw thrown;
      }
    }
  }

  /** Replaces an object, or only its status. @throws StatusError as Kubernetes answers */
  async update(target: ResourceTarget, body: DecodedBody, call: WriteCall): Promise<KubeObject> {
    const { definition } = target;
    const { maker } = this.#deps;
    const admission = this.#deps.admissionOf(definition);
    const given = admitBody(admission, body, call.fieldValidation, call.warnings);
    checkPlace(given.metadata, target);
    const guarded = (given.metadata.resourceVersion ?? '') !== '';
    const change: Change = (current) => {
      checkUid(given.metadata, current, target);
      checkVersion(given.metadata, current, target, !definition.unconditionalUpdate);
      const author = maker.authorOf(target, current, given, call);
      return maker.changed(target, current, cloneJson(given), author);
    };
    return this.modify(target, change, { dryRun: call.dryRun, guarded });
  }

  /**
   * Changes an object by a function that makes the patched one.
   * @throws StatusError as Kubernetes answers
   */
  async patch(
    target: ResourceTarget,
    apply: (current: DynamicObject) => unknown,
    duplicates: readonly string[],
    call: WriteCall,
  ): Promise<KubeObject> {
    const { maker } = this.#deps;
    const admission = this.#deps.admissionOf(target.definition);
    const change: Change = (current) => {
      const patched = cloneJson(apply(current));
      if (!isRecord(patched)) throw badRequest('the patched object is not an object');
      // Each attempt finds the same again.
      call.warnings.length = 0;
      const given = admitBody(
        admission,
        { value: patched, duplicates },
        call.fieldValidation,
        call.warnings,
      );
      checkPlace(given.metadata, target);
      checkVersion(given.metadata, current, target, false);
      return maker.changed(target, current, given, maker.authorOf(target, current, given, call));
    };
    return this.modify(target, change, { dryRun: call.dryRun, guarded: false });
  }

  /**
   * Server-side apply: merges a configuration into the object, or creates it.
   * @throws StatusError as Kubernetes answers
   */
  async apply(
    target: ResourceTarget,
    body: DecodedBody,
    call: WriteCall,
  ): Promise<{ readonly object: KubeObject; readonly created: boolean }> {
    const { definition } = target;
    const { maker } = this.#deps;
    const admission = this.#deps.admissionOf(definition);
    const given = admitBody(admission, body, call.fieldValidation, call.warnings, true);
    if ((given.metadata.managedFields ?? []).length > 0) {
      throw badRequest('metadata.managedFields must be nil');
    }
    checkPlace(given.metadata, target);
    const applied = configurationOf(target, given);
    const change: Change = (current) => {
      checkUid(given.metadata, current, target);
      checkVersion(given.metadata, current, target, false);
      const { merged, author } = maker.applied(target, current, applied, call);
      return maker.changed(target, current, merged, author);
    };
    const options = { dryRun: call.dryRun, guarded: false };
    for (let attempt = 1; ; attempt++) {
      try {
        return { object: await this.modify(target, change, options), created: false };
      } catch (thrown) {
        const absent = thrown instanceof StatusError && thrown.reason === 'NotFound';
        if (!absent || target.subresource !== '') throw thrown;
      }
      // Who names a revision or uid means an object that is there.
      const { uid = '', resourceVersion = '' } = given.metadata;
      if (uid !== '' || resourceVersion !== '') throw notFoundObject(definition, target.name);
      call.mayCreate?.();
      const { merged, author } = maker.applied(target, undefined, applied, call);
      const created = maker.created(target, merged, target.name, author);
      try {
        return { object: await this.#insert(target, created, call), created: true };
      } catch (thrown) {
        const clash = thrown instanceof StatusError && thrown.reason === 'AlreadyExists';
        if (!clash || attempt === this.#limits.writeAttemptsMax) throw thrown;
      }
    }
  }

  /**
   * Reads, changes and commits, again when another writer was first.
   * @param options.guarded the change names the revision it wants: another writer is a conflict
   * @returns the object after the change; when the change removed it, its last state
   */
  async modify(
    target: ResourceTarget,
    change: Change,
    options: { readonly dryRun: boolean; readonly guarded: boolean },
  ): Promise<KubeObject> {
    const { definition, namespace, name } = target;
    const collection = qualifiedResource(definition);
    for (let attempt = 1; ; attempt++) {
      const stored = this.#deps.store.get(collection, { namespace, name });
      if (!stored) throw notFoundObject(definition, name);
      const current = inVersion(definition, stored.value as DynamicObject);
      const next = change(current);
      if (next === current) return current;
      const value = inStorage(definition, withoutRevision(next ?? current));
      const remove = next === undefined || isFinished(definition, value);
      if (!remove && equalJson(value, withoutRevision(stored.value))) return current;
      if (options.dryRun) return inVersion(definition, stampRevision(value, stored.revision));
      const text = this.#textOf(value);
      try {
        const { revision: expected } = stored;
        const request = { collection, namespace, name, expected, value, text, delete: remove };
        return inVersion(definition, (await this.#deps.store.write(request)).value);
      } catch (thrown) {
        if (!isConflict(thrown)) throw storeFault(thrown);
        if (options.guarded || attempt === this.#limits.writeAttemptsMax) {
          throw conflict(definition, name);
        }
      }
    }
  }

  async #insert(
    target: ResourceTarget,
    object: DynamicObject,
    call: WriteCall,
  ): Promise<KubeObject> {
    const { definition, namespace } = target;
    const value = inStorage(definition, object);
    const { name } = value.metadata;
    const collection = qualifiedResource(definition);
    const { store } = this.#deps;
    if (namespace !== '') {
      const holder = store.get(namespacesCollection, { namespace: '', name: namespace });
      checkNamespaceOpen(holder?.value, target, name);
    }
    if (store.get(collection, { namespace, name })) throw alreadyExists(definition, name);
    if (call.dryRun) return object;
    const text = this.#textOf(value);
    try {
      const written = await store.write({ collection, namespace, name, expected: 0, value, text });
      return inVersion(definition, written.value);
    } catch (thrown) {
      if (isConflict(thrown)) throw alreadyExists(definition, name);
      throw storeFault(thrown);
    }
  }

  /** The object as JSON. @throws StatusError KUBE_TOO_LARGE */
  #textOf(value: KubeObject): string {
    const { objectBytesMax } = this.#limits;
    const text = JSON.stringify(value);
    // One UTF-16 unit is at most three bytes: most objects need no exact count.
    const small = text.length * 3 <= objectBytesMax;
    if (!small && Buffer.byteLength(text) > objectBytesMax) throw tooLarge(objectBytesMax);
    return text;
  }
}

/** Whether an object whose deletion was asked for has nothing left to wait for. */
function isFinished(definition: ResourceDefinition, value: KubeObject): boolean {
  if (value.metadata.deletionTimestamp === undefined) return false;
  if ((value.metadata.finalizers ?? []).length > 0) return false;
  return !isNamespaceKind(definition) || namespaceFinalizers(value).length === 0;
}

function isConflict(thrown: unknown): boolean {
  return thrown instanceof StoreError && thrown.code === 'STORE_CONFLICT';
}

/** What the store holds for a target. @throws StatusError KUBE_NOT_FOUND */
export function readStored(
  store: Store<KubeObject>,
  target: ResourceTarget,
): StoredObject<KubeObject> {
  const { definition, namespace, name } = target;
  const stored = store.get(qualifiedResource(definition), { namespace, name });
  if (!stored) throw notFoundObject(definition, name);
  return stored;
}
