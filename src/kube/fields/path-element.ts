/** Steps of a path to a field: by name, by the keys of a list's item, or by a set's value. */
import { isRecord } from '../object.ts';
import type { SchemaNode } from '../schema/node.ts';

/** The step to a named field. */
export function nameElement(name: string): string {
  return `f:${name}`;
}

/** The step to a member of a set. */
export function valueElement(value: unknown): string {
  return `v:${JSON.stringify(value)}`;
}

/**
 * The step to an item of a list with keys; absent keys count with their default.
 * @returns undefined when the item has none of the keys
 */
export function keyElement(schema: SchemaNode, item: unknown): string | undefined {
  if (!isRecord(item)) return undefined;
  const entries: [string, unknown][] = [];
  for (const key of (schema['x-kubernetes-list-map-keys'] ?? []).toSorted()) {
    const value = Object.hasOwn(item, key) ? item[key] : schema.items?.properties?.[key]?.default;
    if (value !== undefined && value !== null) entries.push([key, value]);
  }
  return entries.length === 0 ? undefined : `k:${JSON.stringify(Object.fromEntries(entries))}`;
}

/** A path as messages show it: `.spec.ports[port=80,protocol="TCP"].targetPort`. */
export function pathText(path: readonly string[]): string {
  return path
    .map((element) => {
      const rest = element.slice(2);
      if (element.startsWith('f:')) return `.${rest}`;
      if (element.startsWith('v:')) return `[=${rest}]`;
      return element.startsWith('k:') ? `[${keyText(rest)}]` : `[${rest}]`;
    })
    .join('');
}

function keyText(json: string): string {
  const keys = JSON.parse(json) as Readonly<Record<string, unknown>>;
  return Object.entries(keys)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(',');
}
