/** Who owns which fields: `metadata.managedFields` read and written. */
import type { ManagedFieldsEntry } from '../object.ts';
import { decodeFieldSet, encodeFieldSet, FieldSet } from './field-set.ts';

export type FieldOperation = 'Apply' | 'Update';

/** A manager of fields: the same name under another operation or subresource is another one. */
export interface ManagerIdentity {
  readonly manager: string;
  readonly operation: FieldOperation;
  readonly apiVersion: string;
  /** Empty for the object itself. */
  readonly subresource: string;
}

/** A manager and what it owns. */
export interface ManagedSet extends ManagerIdentity {
  readonly set: FieldSet;
  readonly time: string | undefined;
}

/** Managers by identity. */
export type Managers = ReadonlyMap<string, ManagedSet>;

/** Update managers that are kept apart; the oldest beyond become one. */
const updateManagersMax = 10;
const ancientName = 'ancient-changes';

export function identityText(of: ManagerIdentity): string {
  return JSON.stringify([of.manager, of.operation, of.apiVersion, of.subresource]);
}

/** @returns undefined when an entry is not what it should be */
export function decodeManagers(entries: readonly ManagedFieldsEntry[]): Managers | undefined {
  const managers = new Map<string, ManagedSet>();
  for (const entry of entries) {
    const { manager = '', operation, apiVersion = '', subresource = '', time } = entry;
    if (operation !== 'Apply' && operation !== 'Update') return undefined;
    const set = decodeFieldSet(entry.fieldsV1 ?? {});
    if (set === undefined) return undefined;
    const managed = { manager, operation, apiVersion, subresource, time, set } as const;
    managers.set(identityText(managed), managed);
  }
  return managers;
}

/** Entries in their order: appliers first, then by time and name. Those that own nothing are left out. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] {
  const sorted = [...managers.values()]
    .filter(({ set }) => !set.isEmpty)
    .toSorted((a, b) => compareTexts(orderOf(a), orderOf(b)));
  return capped(sorted).map(({ manager, operation, apiVersion, time, subresource, set }) => ({
    manager,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: encodeFieldSet(set),
    ...(subresource === '' ? {} : { subresource }),
  }));
}

function orderOf(managed: ManagedSet): readonly string[] {
  const { operation, time = '', manager, apiVersion, subresource } = managed;
  return [operation, time, manager, apiVersion, subresource];
}

function compareTexts(a: readonly string[], b: readonly string[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? '';
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** Joins the oldest Update managers, so that objects with many writers stay small. */
function capped(sorted: readonly ManagedSet[]): readonly ManagedSet[] {
  const updates = sorted.filter(({ operation }) => operation === 'Update');
  const excess = updates.length - updateManagersMax;
  if (excess <= 0) return sorted;
  const old = updates.slice(0, excess + 1);
  const [first] = old;
  if (first === undefined) return sorted;
  const set = old.reduce((all, managed) => all.union(managed.set), new FieldSet());
  const ancient = { ...first, manager: ancientName, subresource: '', set };
  const rest = sorted.filter((managed) => !old.includes(managed));
  const at = rest.findIndex(({ operation }) => operation === 'Update');
  return at < 0 ? [...rest, ancient] : rest.toSpliced(at, 0, ancient);
}
