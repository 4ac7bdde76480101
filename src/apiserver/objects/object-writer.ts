/**
 * Writing objects: every change reads the current object, computes the next, checks it and commits
 * it against the revision it read. A write that changes nothing commits nothing.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import {
  type Admission,
  alreadyExists,
  badRequest,
  cloneJson,
  conflict,
  type DynamicObject,
  equalJson,
  type FieldOwnership,
  type FieldWriter,
  formatTime,
  generateName,
  invalidObject,
  isRecord,
  type KubeObject,
  type ManagedFieldsEntry,
  notFoundObject,
  qualifiedResource,
  type ResourceDefinition,
  StatusError,
  tooLarge,
  withOwners,
} from '#kube/index.ts';
import type { User } from '#rbac/index.ts';
import { type Store, type StoredObject, StoreError } from '#store/index.ts';
import { stampRevision } from '../api-store.ts';
import type { ApiServerLimits } from '../limits.ts';
import type { DecodedBody } from '../request/object-body.ts';
import type { WriteOptions } from '../request/query-options.ts';
import type { ResourceTarget } from '../request/request-path.ts';
import { admitBody } from './incoming.ts';
import type { ObjectGate } from './object-gate.ts';
import {
  checkNamespaceOpen,
  isNamespaceKind,
  namespaceFinalizers,
  namespacesCollection,
} from './namespace-rules.ts';
import {
  checkPlace,
  checkUid,
  checkVersion,
  desiredStateChanged,
  keptMetadata,
  newMetadata,
  withoutRevision,
} from './server-metadata.ts';
import { storeFault } from './store-fault.ts';
import { inStorage, inVersion } from './stored-version.ts';

export interface ObjectWriterDeps {
  readonly store: Store<KubeObject>;
  readonly clock: Clock;
  readonly random: Random;
  admissionOf(definition: ResourceDefinition): Admission;
  readonly gates: readonly ObjectGate[];
  fieldsOf(definition: ResourceDefinition): FieldOwnership;
}

/** How a write is to be done, and where its warnings go. */
export interface WriteCall extends WriteOptions {
  readonly warnings: string[];
  /** Who writes; absent when the server does so itself. */
  readonly user?: User;
}

/**
 * Computes the next object from the current one. The same object means "nothing to do", undefined
 * "remove it".
 */
export type Change = (current: DynamicObject) => DynamicObject | undefined;

/** Who writes, and who owns the fields of the object that is made. */
interface Author {
  readonly user: User | undefined;
  readonly ownersOf: (next: DynamicObject) => readonly ManagedFieldsEntry[];
}

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
      const fields = this.#deps.fieldsOf(target.definition);
      const writer = this.#writerOf(target, call);
      const created = this.#newObject(target, given, name, {
        user: call.user,
        ownersOf: (next) => fields.afterUpdate(undefined, next, undefined, writer),
      });
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
    const admission = this.#deps.admissionOf(definition);
    const given = admitBody(admission, body, call.fieldValidation, call.warnings);
    checkPlace(given.metadata, target);
    const guarded = (given.metadata.resourceVersion ?? '') !== '';
    const change: Change = (current) => {
      checkUid(given.metadata, current, target);
      checkVersion(given.metadata, current, target, !definition.unconditionalUpdate);
      const author = this.#authorOf(target, current, given, call);
      return this.#nextObject(target, current, cloneJson(given), author);
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
      return this.#nextObject(target, current, given, this.#authorOf(target, current, given, call));
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
    const admission = this.#deps.admissionOf(definition);
    const given = admitBody(admission, body, call.fieldValidation, call.warnings, true);
    if ((given.metadata.managedFields ?? []).length > 0) {
      throw badRequest('metadata.managedFields must be nil');
    }
    checkPlace(given.metadata, target);
    const applied = configurationOf(target, given);
    const fields = this.#deps.fieldsOf(definition);
    const writer = this.#writerOf(target, call);
    const merge = (current: DynamicObject | undefined): DynamicObject => {
      const merged = cloneJson(
        fields.apply(current, cloneJson(applied), writer, call.force === true),
      );
      admission.fillDefaults(merged);
      return merged;
    };
    const change: Change = (current) => {
      checkUid(given.metadata, current, target);
      checkVersion(given.metadata, current, target, false);
      const merged = merge(current);
      return this.#nextObject(target, current, merged, {
        user: call.user,
        ownersOf: () => merged.metadata.managedFields ?? [],
      });
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
      const merged = merge(undefined);
      const owners = merged.metadata.managedFields ?? [];
      const created = this.#newObject(target, merged, target.name, {
        user: call.user,
        ownersOf: () => owners,
      });
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

  #newObject(
    target: ResourceTarget,
    given: DynamicObject,
    name: string,
    author: Author,
  ): DynamicObject {
    const { definition, namespace } = target;
    const { apiVersion, kind, metadata: meta, ...rest } = cloneJson(given);
    if (definition.statusSubresource) delete rest['status'];
    const metadata = newMetadata(meta, {
      name,
      namespace,
      uid: randomUUID(),
      creationTimestamp: formatTime(this.#deps.clock.nowMs()),
      generation: definition.hasGeneration ? 1 : undefined,
    });
    const object = { apiVersion, kind, metadata, ...rest } as DynamicObject;
    const admission = this.#deps.admissionOf(definition);
    admission.prepare(object);
    const faults = admission.check(object);
    if (faults.length > 0) throw invalidObject(definition, name, faults);
    const passed = this.#passGates(target, object, undefined, author.user);
    return withOwners(passed, author.ownersOf(passed));
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

  /** The checked object that replaces `current` when `given` is written through `target`. */
  #nextObject(
    target: ResourceTarget,
    current: DynamicObject,
    given: DynamicObject,
    author: Author,
  ): DynamicObject {
    const { definition, subresource } = target;
    const admission = this.#deps.admissionOf(definition);
    if (subresource === 'status') return this.#nextStatus(target, current, given, author);
    const { metadata: meta, ...rest } = given;
    const metadata = keptMetadata(meta, current.metadata);
    let next = { ...rest, metadata } as DynamicObject;
    if (definition.statusSubresource) next = withStatus(next, current['status']);
    next = ordered(next);
    // Preparation gives a namespace its finalizers back, which is not what /finalize is for.
    if (subresource !== 'finalize') admission.prepare(next, current);
    if (definition.hasGeneration && desiredStateChanged(next, current)) {
      next.metadata.generation = (current.metadata.generation ?? 0) + 1;
    }
    next = withOwners(next, author.ownersOf(next));
    // Old faults do not stop a write that changes nothing.
    if (equalJson(withoutRevision(next), withoutRevision(current))) return current;
    const faults = admission.check(next, current);
    if (faults.length > 0) throw invalidObject(definition, target.name, faults);
    return this.#passGates(target, next, current, author.user);
  }

  #nextStatus(
    target: ResourceTarget,
    current: DynamicObject,
    given: DynamicObject,
    author: Author,
  ): DynamicObject {
    const changed = ordered(withStatus(current, given['status']));
    const next = withOwners(changed, author.ownersOf(changed));
    const faults = this.#deps.admissionOf(target.definition).checkStatus(next, current);
    if (faults.length > 0) throw invalidObject(target.definition, target.name, faults);
    return this.#passGates(target, next, current, author.user);
  }

  /** What those let pass who look at who writes. @throws StatusError KUBE_FORBIDDEN */
  #passGates(
    target: ResourceTarget,
    proposed: DynamicObject,
    old: DynamicObject | undefined,
    user: User | undefined,
  ): DynamicObject {
    if (!user) return proposed;
    const operation = old ? 'update' : 'create';
    return this.#deps.gates.reduce(
      (object, gate) => gate({ user, operation, target, object, old }),
      proposed,
    );
  }

  /** Owners after an ordinary write; what the writer says of owners counts when it can be read. */
  #authorOf(
    target: ResourceTarget,
    current: DynamicObject,
    given: DynamicObject,
    call: WriteCall,
  ): Author {
    const fields = this.#deps.fieldsOf(target.definition);
    const writer = this.#writerOf(target, call);
    const sent = given.metadata.managedFields;
    return {
      user: call.user,
      ownersOf: (next) => fields.afterUpdate(current, next, sent, writer),
    };
  }

  #writerOf({ subresource }: ResourceTarget, { fieldManager }: WriteCall): FieldWriter {
    return {
      manager: fieldManager,
      subresource,
      time: formatTime(this.#deps.clock.nowMs()),
    };
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

/** What of an applied object this place takes: all but status, or status alone. */
function configurationOf(target: ResourceTarget, given: DynamicObject): DynamicObject {
  const { apiVersion, kind, metadata: meta, status, ...rest } = given;
  const { name, namespace, labels, annotations, finalizers, ownerReferences } = meta;
  const place = { name, ...(namespace === undefined ? {} : { namespace }) };
  if (target.subresource === 'status') {
    return { apiVersion, kind, metadata: place, ...(status === undefined ? {} : { status }) };
  }
  const metadata = {
    ...place,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(finalizers === undefined ? {} : { finalizers }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
  };
  const taken = target.definition.statusSubresource || status === undefined ? {} : { status };
  return { apiVersion, kind, metadata, ...rest, ...taken };
}

/** The order everybody is used to: apiVersion, kind, metadata, then the rest. */
function ordered(object: DynamicObject): DynamicObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  return { apiVersion, kind, metadata, ...rest };
}

function withStatus(object: DynamicObject, status: unknown): DynamicObject {
  const { status: _, ...rest } = object;
  return status === undefined ? rest : { ...rest, status };
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
