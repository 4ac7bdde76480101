/**
 * A list as it was: the current objects, with everything that changed since put back.
 *
 *   current  a5  c9  d2           first changes after 4:  a (was a3), b (was b4), c (did not exist)
 *   at 4     a3  b4  d2
 */
import {
  compareKeys,
  type ListPage,
  type ListRange,
  type ObjectKey,
  type StoredObject,
} from './change.ts';
import type { Entry } from './current-objects.ts';
import type { LogRow } from './statements.ts';

/** Reads the contents of an entry now, or of a log row before its change. */
export interface PastReader<V extends object> {
  current(entry: Entry<V>): StoredObject<V>;
  past(row: LogRow): V;
}

/**
 * One page of the past.
 * @param entries current objects of the range, in key order
 * @param firstChanges for each object changed since, the first change
 */
export function pageAt<V extends object>(
  range: ListRange,
  entries: readonly Entry<V>[],
  firstChanges: readonly LogRow[],
  reader: PastReader<V>,
): ListPage<V> {
  const changed = new Map(firstChanges.map((row) => [`${row.ns}/${row.name}`, row]));
  const kept: { readonly key: ObjectKey; readonly read: () => StoredObject<V> }[] = [];
  for (const entry of entries) {
    if (changed.has(`${entry.namespace}/${entry.name}`)) continue;
    kept.push({ key: entry, read: () => reader.current(entry) });
  }
  for (const row of firstChanges) {
    const key = { namespace: row.ns, name: row.name };
    if (row.prev === null || !inRange(key, range)) continue;
    const revision = row.prev_rv ?? 0;
    kept.push({ key, read: () => ({ ...key, revision, value: reader.past(row) }) });
  }
  kept.sort((a, b) => compareKeys(a.key, b.key));
  const taken = range.limit === undefined ? kept : kept.slice(0, range.limit);
  return {
    objects: taken.map(({ read }) => read()),
    remaining: kept.length - taken.length,
  };
}

function inRange(key: ObjectKey, range: ListRange): boolean {
  if (range.namespace !== undefined && key.namespace !== range.namespace) return false;
  return range.after === undefined || compareKeys(key, range.after) > 0;
}
