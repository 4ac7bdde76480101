/** Fields that a value has, that two values differ in, and taking fields out of a value. */
import { equalJson } from '../json.ts';
import { isRecord } from '../object.ts';
import type { SchemaNode } from '../schema/node.ts';
import { FieldSet } from './field-set.ts';
import { type FieldPart, joinParts, partsOf } from './structure.ts';

/** What `applied` speaks of: what an applier owns. */
export function fieldsOf(schema: SchemaNode, applied: unknown): FieldSet {
  const set = new FieldSet();
  collect(schema, applied, set);
  return set;
}

function collect(schema: SchemaNode | undefined, value: unknown, into: FieldSet): void {
  const parts = partsOf(schema, value);
  if (parts === undefined) {
    into.isMember = true;
    return;
  }
  for (const part of parts.values()) {
    const child = into.child(part.element);
    collect(part.schema, part.value, child);
    // Fields of the schema are owned through what is in them; entries and items by themselves.
    if (!part.declared || isHollow(part.value)) child.isMember = true;
  }
}

function isHollow(value: unknown): boolean {
  return value === null || (isRecord(value) && Object.keys(value).length === 0);
}

/** What makes the second value of the first. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/**
 * Compares two objects of one kind.
 * @param ownsStructs fields of the schema that hold others are owned too by who adds them: so it is
 *   for custom kinds, while the structs of built-in kinds are always there
 */
export function compareFields(
  schema: SchemaNode,
  before: unknown,
  after: unknown,
  ownsStructs: boolean,
): Comparison {
  const found = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  const root = partsOf(schema, before) ?? new Map<string, FieldPart>();
  comparePartsOf(root, partsOf(schema, after) ?? new Map<string, FieldPart>(), found, ownsStructs);
  return found;
}

type Parts = ReadonlyMap<string, FieldPart>;

function comparePartsOf(
  before: Parts,
  after: Parts,
  found: Comparison,
  ownsStructs: boolean,
): void {
  for (const [element, old] of before) {
    const now = after.get(element);
    if (now === undefined) note(old, found.removed.child(element), true);
    else compareOne(element, old, now, found, ownsStructs);
  }
  for (const [element, now] of after) {
    if (!before.has(element)) note(now, found.added.child(element), ownsStructs);
  }
  for (const set of [found.added, found.modified, found.removed]) prune(set);
}

function compareOne(
  element: string,
  old: FieldPart,
  now: FieldPart,
  found: Comparison,
  ownsStructs: boolean,
): void {
  if (equalJson(old.value, now.value)) return;
  const [before, after] = [partsOf(old.schema, old.value), partsOf(now.schema, now.value)];
  if (before === undefined || after === undefined) {
    if (before !== undefined) note(old, found.removed.child(element), true);
    if (after === undefined) found.modified.child(element).isMember = true;
    else note(now, found.added.child(element), ownsStructs);
    return;
  }
  const inside = {
    added: found.added.child(element),
    modified: found.modified.child(element),
    removed: found.removed.child(element),
  };
  comparePartsOf(before, after, inside, ownsStructs);
}

/** A part that is there on one side only, with all that is in it. */
function note(part: FieldPart, into: FieldSet, ownsStructs: boolean): void {
  const parts = partsOf(part.schema, part.value);
  const isStruct = parts !== undefined && part.declared && part.schema?.properties !== undefined;
  if (!isStruct || ownsStructs || parts.size === 0) into.isMember = true;
  for (const inner of parts?.values() ?? []) note(inner, into.child(inner.element), ownsStructs);
}

function prune(set: FieldSet): void {
  for (const [element, child] of set.children) if (child.isEmpty) set.children.delete(element);
}

/** The value without the fields of the set; a member goes with everything in it. */
export function withoutFields(
  schema: SchemaNode | undefined,
  value: unknown,
  set: FieldSet,
): unknown {
  if (set.children.size === 0 || !(Array.isArray(value) || isRecord(value))) return value;
  const parts = partsOf(schema, value);
  if (parts === undefined) return value;
  const kept: FieldPart[] = [];
  for (const part of parts.values()) {
    const taken = set.children.get(part.element);
    if (taken === undefined) kept.push(part);
    else if (!taken.isMember) {
      kept.push({ ...part, value: withoutFields(part.schema, part.value, taken) });
    }
  }
  return joinParts(value, kept);
}

/**
 * The live value with what is applied put in: maps and keyed lists grow together, the rest is
 * replaced. Items that both have stand in the order that is applied.
 */
export function mergeApplied(
  schema: SchemaNode | undefined,
  live: unknown,
  applied: unknown,
): unknown {
  const wanted = partsOf(schema, applied);
  const there = partsOf(schema, live);
  if (
    wanted === undefined ||
    there === undefined ||
    Array.isArray(live) !== Array.isArray(applied)
  ) {
    return applied;
  }
  const merged = (part: FieldPart): FieldPart => {
    const old = there.get(part.element);
    return old === undefined
      ? part
      : { ...part, value: mergeApplied(part.schema, old.value, part.value) };
  };
  if (!Array.isArray(applied)) {
    const kept = [...there.values()].map((old) => merged(wanted.get(old.element) ?? old));
    const added = [...wanted.values()].filter(({ element }) => !there.has(element));
    return joinParts(applied, [...kept, ...added]);
  }
  return joinParts(applied, interleaved([...there.values()], wanted).map(merged));
}

/**
 * The applied items in their order. Items only the server has keep their place before the shared
 * item that followed them, and come before items that are new.
 */
function interleaved(there: readonly FieldPart[], wanted: Parts): FieldPart[] {
  const result: FieldPart[] = [];
  const given = new Set<string>();
  let at = 0;
  const giveOld = (): void => {
    for (; at < there.length; at++) {
      const old = there[at];
      if (old === undefined || (wanted.has(old.element) && !given.has(old.element))) return;
      if (!wanted.has(old.element)) result.push(old);
    }
  };
  for (const part of wanted.values()) {
    giveOld();
    result.push(part);
    given.add(part.element);
  }
  giveOld();
  return result;
}
