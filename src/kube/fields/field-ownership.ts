/**
 * Ownership of fields across writes: who changes a field owns it, who applies one shares it or is
 * told of the conflict, and what an applier stops to speak of goes unless others own it.
 * @spec Kubernetes server-side apply
 */
import type { ResourceDefinition } from '../definition.ts';
import { equalJson } from '../json.ts';
import type { DynamicObject, KubeObject, ManagedFieldsEntry } from '../object.ts';
import { isRecord } from '../object.ts';
import type { SchemaNode } from '../schema/node.ts';
import { StatusError } from '../status.ts';
import { FieldSet } from './field-set.ts';
import {
  decodeManagers,
  encodeManagers,
  type FieldOperation,
  identityText,
  type ManagedSet,
  type ManagerIdentity,
  type Managers,
} from './field-owners.ts';
import { pathText } from './path-element.ts';
import { compareFields, fieldsOf, mergeApplied, withoutFields } from './walk.ts';

/** Who writes, and when. */
export interface FieldWriter {
  readonly manager: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** RFC 3339, whole seconds. */
  readonly time: string;
}

/** Stands for all that was there before fields had owners. */
const beforeFirstApply = 'before-first-apply';
const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** Metadata that never has an owner. */
const unownedMetadata = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
];

export class FieldOwnership {
  readonly #definition: ResourceDefinition;
  readonly #schema: SchemaNode;
  readonly #apiVersion: string;

  constructor(definition: ResourceDefinition) {
    const { group, version, schema } = definition;
    this.#definition = definition;
    this.#schema = schema;
    this.#apiVersion = group === '' ? version : `${group}/${version}`;
  }

  /**
   * Owners after an ordinary write.
   * @param before absent on create
   * @param given managedFields that the writer sent: they replace the stored ones when they can be read
   */
  afterUpdate(
    before: KubeObject | undefined,
    after: KubeObject,
    given: readonly ManagedFieldsEntry[] | undefined,
    writer: FieldWriter,
  ): ManagedFieldsEntry[] {
    const stored = before?.metadata.managedFields ?? [];
    const managers = managersOf(stored, writer.subresource === '' ? given : undefined);
    // An object of a time without owners stays so until somebody applies it.
    if (before !== undefined && managers.size === 0) return [];
    const next = this.#update(
      before,
      after,
      managers,
      this.#identity(writer, 'Update'),
      writer.time,
    );
    return encodeManagers(next);
  }

  /**
   * Applies a configuration.
   * @param live absent when applying creates the object
   * @returns the object with its owners; nothing of the server's own metadata is touched
   * @throws StatusError 409 naming every field that another manager owns with another value
   */
  apply(
    live: DynamicObject | undefined,
    applied: DynamicObject,
    writer: FieldWriter,
    force: boolean,
  ): DynamicObject {
    try {
      return this.#apply(live, applied, writer, force);
    } catch (thrown) {
      const migrates = writer.manager === 'kubectl' && live !== undefined;
      if (!(thrown instanceof FieldConflict) || !migrates) throw thrown;
      // What kubectl once applied by itself is its own already.
      const own = this.#lastApplied(live);
      if (!thrown.paths.difference(own).isEmpty) throw thrown;
      return this.#apply(live, applied, writer, true);
    }
  }

  #apply(
    live: DynamicObject | undefined,
    applied: DynamicObject,
    writer: FieldWriter,
    force: boolean,
  ): DynamicObject {
    const identity = this.#identity(writer, 'Apply');
    const key = identityText(identity);
    const managers = new Map(this.#ownersOf(live));
    const last = managers.get(key);
    const set = this.#owned(fieldsOf(this.#schema, applied));
    managers.set(key, { ...identity, time: last?.time, set });
    const base = live ?? { apiVersion: applied.apiVersion, kind: applied.kind, metadata: {} };
    const merged = mergeApplied(this.#schema, base, applied) as DynamicObject;
    const next = this.#withoutAbandoned(merged, last?.set, managers);
    const compared = this.#compare(base, next);
    this.#settle(managers, key, compared.added.union(compared.modified), compared.removed, force);
    const changed = !equalJson(next, base) || last === undefined || !last.set.equals(set);
    const isNew = last === undefined && equalJson(next, base);
    const time = changed && !isNew ? writer.time : last?.time;
    managers.set(key, { ...identity, time, set });
    return withOwners(next, encodeManagers(managers));
  }

  /** Fields this manager spoke of before and does not any more, unless somebody owns them. */
  #withoutAbandoned(
    merged: DynamicObject,
    last: FieldSet | undefined,
    managers: Managers,
  ): DynamicObject {
    if (last === undefined || last.isEmpty) return merged;
    const owned = [...managers.values()].reduce((all, { set }) => all.union(set), new FieldSet());
    const abandoned = last.withNamedParents().difference(owned.withNamedParents());
    return withoutFields(this.#schema, merged, abandoned) as DynamicObject;
  }

  #update(
    before: KubeObject | undefined,
    after: KubeObject,
    known: Managers,
    identity: ManagerIdentity,
    time: string | undefined,
  ): Managers {
    const managers = new Map(known);
    const { added, modified, removed } = this.#compare(before ?? {}, after);
    const key = identityText(identity);
    const taken = added.union(modified);
    this.#settle(managers, key, taken, removed, true);
    const own = managers.get(key);
    const set = (own?.set ?? new FieldSet()).difference(removed).union(taken);
    const same = own !== undefined && own.set.equals(set) && taken.isEmpty;
    managers.set(key, { ...identity, time: same ? own.time : time, set });
    return managers;
  }

  /** Takes what changed from all others. @throws FieldConflict without force */
  #settle(
    managers: Map<string, ManagedSet>,
    writer: string,
    changed: FieldSet,
    removed: FieldSet,
    force: boolean,
  ): void {
    const conflicts: Conflict[] = [];
    for (const [key, managed] of managers) {
      if (key === writer) continue;
      const lost = managed.set.intersection(changed);
      if (!lost.isEmpty) conflicts.push({ managed, lost });
      const set = managed.set.difference(lost).difference(removed);
      if (!set.equals(managed.set)) managers.set(key, { ...managed, set });
    }
    if (!force && conflicts.length > 0) throw new FieldConflict(conflicts);
  }

  #ownersOf(live: DynamicObject | undefined): Managers {
    if (live === undefined) return new Map();
    const managers = managersOf(live.metadata.managedFields ?? [], undefined);
    if (managers.size > 0) return managers;
    const identity = {
      manager: beforeFirstApply,
      operation: 'Update',
      apiVersion: this.#apiVersion,
      subresource: '',
    } as const;
    return this.#update(undefined, live, managers, identity, undefined);
  }

  #compare(before: unknown, after: unknown): ReturnType<typeof compareFields> {
    const compared = compareFields(this.#schema, before, after, this.#definition.custom);
    return {
      added: this.#owned(compared.added),
      modified: this.#owned(compared.modified),
      removed: this.#owned(compared.removed),
    };
  }

  /** Without the fields that never have an owner. */
  #owned(set: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const [element, child] of set.children) {
      if (element === 'f:apiVersion' || element === 'f:kind') continue;
      const kept = element === 'f:metadata' ? ownedMetadata(child) : child;
      if (!kept.isEmpty) result.children.set(element, kept);
    }
    return result;
  }

  #identity(writer: FieldWriter, operation: FieldOperation): ManagerIdentity {
    const { manager, subresource } = writer;
    return { manager, operation, apiVersion: this.#apiVersion, subresource };
  }

  #lastApplied(live: DynamicObject): FieldSet {
    try {
      const applied: unknown = JSON.parse(live.metadata.annotations?.[lastAppliedAnnotation] ?? '');
      return isRecord(applied) ? this.#owned(fieldsOf(this.#schema, applied)) : new FieldSet();
    } catch {
      return new FieldSet();
    }
  }
}

function ownedMetadata(set: FieldSet): FieldSet {
  const result = new FieldSet();
  for (const [element, child] of set.children) {
    if (!unownedMetadata.includes(element.slice(2))) result.children.set(element, child);
  }
  return result;
}

/** The managers of an object; what the writer sent counts when it can be read, `[{}]` forgets all. */
function managersOf(
  stored: readonly ManagedFieldsEntry[],
  given: readonly ManagedFieldsEntry[] | undefined,
): Managers {
  const [first] = given ?? [];
  if (given?.length === 1 && first !== undefined && Object.keys(first).length === 0) {
    return new Map();
  }
  const sent = given === undefined || given.length === 0 ? undefined : decodeManagers(given);
  return sent ?? decodeManagers(stored) ?? new Map<string, ManagedSet>();
}

/** The object with these owners. */
export function withOwners<T extends KubeObject>(
  object: T,
  owners: readonly ManagedFieldsEntry[],
): T {
  const { managedFields: _, ...metadata } = object.metadata;
  if (owners.length === 0) return { ...object, metadata };
  return { ...object, metadata: { ...metadata, managedFields: [...owners] } };
}

interface Conflict {
  readonly managed: ManagedSet;
  readonly lost: FieldSet;
}

/** 409 of an apply, in the words of Kubernetes. */
class FieldConflict extends StatusError {
  /** All fields in conflict. */
  readonly paths: FieldSet;

  constructor(conflicts: readonly Conflict[]) {
    const fields = conflicts.flatMap(({ managed, lost }) =>
      [...lost.paths()].map((path) => ({ who: managerText(managed), field: pathText(path) })),
    );
    super('Conflict', conflictText(fields), {
      causes: fields.map(({ who, field }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${who}`,
        field,
      })),
    });
    this.paths = conflicts.reduce((all, { lost }) => all.union(lost), new FieldSet());
  }
}

function managerText({ manager, operation, subresource, apiVersion }: ManagerIdentity): string {
  const status = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  const version = operation === 'Update' ? ` using ${apiVersion}` : '';
  return `${JSON.stringify(manager)}${status}${version}`;
}

function conflictText(fields: readonly { readonly who: string; readonly field: string }[]): string {
  const [first] = fields;
  if (fields.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: conflict with ${first.who}: ${first.field}`;
  }
  const whos = [...new Set(fields.map(({ who }) => who))].sort();
  const parts = whos.map((who) => {
    const lines = fields.filter((each) => each.who === who).map(({ field }) => `- ${field}`);
    return `conflicts with ${who}:\n${lines.join('\n')}`;
  });
  return `Apply failed with ${fields.length} conflicts: ${parts.join('\n')}`;
}
