/**
 * Sets of fields of an object, as trees of path elements. A node that is a member stands for the
 * field itself; its children stand for fields inside.
 * @spec Kubernetes meta/v1 FieldsV1
 */
import type { JsonObject } from '../object.ts';
import { isRecord } from '../object.ts';

/** Deepest path that is read; objects are checked to be flatter. */
const depthMax = 128;

export class FieldSet {
  isMember = false;
  readonly children = new Map<string, FieldSet>();

  /** True when nothing is in it. */
  get isEmpty(): boolean {
    return !this.isMember && this.children.size === 0;
  }

  /** The child at a path element, made when absent. */
  child(element: string): FieldSet {
    const known = this.children.get(element);
    if (known !== undefined) return known;
    const made = new FieldSet();
    this.children.set(element, made);
    return made;
  }

  /** Members of either. */
  union(other: FieldSet): FieldSet {
    const result = new FieldSet();
    result.isMember = this.isMember || other.isMember;
    for (const [element, child] of this.children) {
      const twin = other.children.get(element);
      result.children.set(element, twin === undefined ? child : child.union(twin));
    }
    for (const [element, child] of other.children) {
      if (!this.children.has(element)) result.children.set(element, child);
    }
    return result;
  }

  /** Members of this that are not members of the other. */
  difference(other: FieldSet): FieldSet {
    const result = new FieldSet();
    result.isMember = this.isMember && !other.isMember;
    for (const [element, child] of this.children) {
      const twin = other.children.get(element);
      const rest = twin === undefined ? child : child.difference(twin);
      if (!rest.isEmpty) result.children.set(element, rest);
    }
    return result;
  }

  /** Members of both. */
  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet();
    result.isMember = this.isMember && other.isMember;
    for (const [element, child] of this.children) {
      const twin = other.children.get(element);
      const both = twin === undefined ? undefined : child.intersection(twin);
      if (both !== undefined && !both.isEmpty) result.children.set(element, both);
    }
    return result;
  }

  equals(other: FieldSet): boolean {
    if (this.isMember !== other.isMember || this.children.size !== other.children.size) {
      return false;
    }
    return [...this.children].every(
      ([element, child]) => other.children.get(element)?.equals(child) ?? false,
    );
  }

  /** The set and, for every named field on the way to a member, that field too. */
  withNamedParents(): FieldSet {
    const result = new FieldSet();
    result.isMember = this.isMember;
    for (const [element, child] of this.children) {
      const grown = child.withNamedParents();
      if (element.startsWith('f:')) grown.isMember = true;
      result.children.set(element, grown);
    }
    return result;
  }

  /** Every member's path, in the order of the stored form. */
  *paths(before: readonly string[] = []): Generator<readonly string[]> {
    if (this.isMember) yield before;
    for (const element of [...this.children.keys()].sort()) {
      yield* (this.children.get(element) ?? new FieldSet()).paths([...before, element]);
    }
  }
}

/** The set in its stored form: `.` is the field itself where fields inside follow. */
export function encodeFieldSet(set: FieldSet): JsonObject {
  const entries: [string, JsonObject][] = [];
  if (set.isMember && set.children.size > 0) entries.push(['.', {}]);
  for (const element of [...set.children.keys()].sort()) {
    entries.push([element, encodeFieldSet(set.child(element))]);
  }
  return Object.fromEntries(entries);
}

/** The set of a stored form; undefined when it is none. */
export function decodeFieldSet(value: unknown, depth = 0): FieldSet | undefined {
  if (!isRecord(value) || depth > depthMax) return undefined;
  const set = new FieldSet();
  const entries = Object.entries(value);
  set.isMember = entries.length === 0 && depth > 0;
  for (const [element, inner] of entries) {
    if (element === '.') {
      set.isMember = true;
      continue;
    }
    const child = isElement(element) ? decodeFieldSet(inner, depth + 1) : undefined;
    if (child === undefined) return undefined;
    set.children.set(element, child);
  }
  return set;
}

function isElement(text: string): boolean {
  return /^[fkvi]:/.test(text);
}
