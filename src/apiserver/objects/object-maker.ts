/**
 * What the next object is: what a writer gives, what the server adds, whose fields they are, and
 * whether all of it may be stored. Nothing is read from or written to the store here.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import {
  type Admission,
  cloneJson,
  type DynamicObject,
  equalJson,
  type FieldOwnership,
  type FieldWriter,
  formatTime,
  invalidObject,
  type ManagedFieldsEntry,
  type ResourceDefinition,
  withOwners,
} from '#kube/index.ts';
import type { User } from '#rbac/index.ts';
import type { WriteOptions } from '../request/query-options.ts';
import type { ResourceTarget } from '../request/request-path.ts';
import type { ObjectGate } from './object-gate.ts';
import {
  desiredStateChanged,
  keptMetadata,
  newMetadata,
  withoutRevision,
} from './server-metadata.ts';

export interface ObjectMakerDeps {
  readonly clock: Clock;
  admissionOf(definition: ResourceDefinition): Admission;
  readonly gates: readonly ObjectGate[];
  fieldsOf(definition: ResourceDefinition): FieldOwnership;
}

/** How a write is to be done, and where its warnings go. */
export interface WriteCall extends WriteOptions {
  readonly warnings: string[];
  /** Who writes; absent when the server does so itself. */
  readonly user?: User;
  /** Called before something is made that was to be changed. @throws StatusError when he may not */
  readonly mayCreate?: () => void;
}

/** Who writes, and who owns the fields of the object that is made. */
export interface Author {
  readonly user: User | undefined;
  readonly ownersOf: (next: DynamicObject) => readonly ManagedFieldsEntry[];
}

export class ObjectMaker {
  readonly #deps: ObjectMakerDeps;

  constructor(deps: ObjectMakerDeps) {
    this.#deps = deps;
  }

  /** Author of an ordinary create. */
  creatorOf(target: ResourceTarget, call: WriteCall): Author {
    const fields = this.#deps.fieldsOf(target.definition);
    const writer = this.#writerOf(target, call);
    return {
      user: call.user,
      ownersOf: (next) => fields.afterUpdate(undefined, next, undefined, writer),
    };
  }

  /**
   * What applying a configuration makes of an object, or of none.
   * @param applied as `configurationOf` gives it
   * @returns the merged object, with defaults, and its author
   * @throws StatusError 409 naming every field that another manager owns
   */
  applied(
    target: ResourceTarget,
    current: DynamicObject | undefined,
    applied: DynamicObject,
    call: WriteCall,
  ): { readonly merged: DynamicObject; readonly author: Author } {
    const { definition } = target;
    const fields = this.#deps.fieldsOf(definition);
    const writer = this.#writerOf(target, call);
    const merged = cloneJson(
      fields.apply(current, cloneJson(applied), writer, call.force === true),
    );
    this.#deps.admissionOf(definition).fillDefaults(merged);
    const owners = merged.metadata.managedFields ?? [];
    return { merged, author: { user: call.user, ownersOf: () => owners } };
  }

  /** The checked object that a create stores. @throws StatusError KUBE_INVALID, KUBE_FORBIDDEN */
  created(
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

  /**
   * The checked object that replaces `current` when `given` is written through `target`.
   * @throws StatusError KUBE_INVALID, KUBE_FORBIDDEN
   */
  changed(
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
  authorOf(
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
}

/** What of an applied object this place takes: all but status, or status alone. */
export function configurationOf(target: ResourceTarget, given: DynamicObject): DynamicObject {
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
