/** Uniqueness in lists of type set and map. @spec Kubernetes x-kubernetes-list-type */
import type { FieldError } from '../field-error.ts';
import { duplicate, invalid } from '../field-error.ts';
import { isRecord } from '../object.ts';
import type { SchemaNode } from './node.ts';

/** Duplicates in sets and maps anywhere in the value, each reported once, at its second place. */
export function checkListTypes(schema: SchemaNode, value: unknown, path = ''): FieldError[] {
  if (Array.isArray(value)) {
    const found = checkList(schema, value, path);
    const { items } = schema;
    if (items === undefined) return found;
    return [
      ...found,
      ...value.flatMap((item, index) => checkListTypes(items, item, `${path}[${index}]`)),
    ];
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const { properties, additionalProperties } = schema;
    if (properties !== undefined && Object.hasOwn(properties, name)) {
      const node = properties[name];
      const child = path === '' ? name : `${path}.${name}`;
      return node === undefined ? [] : checkListTypes(node, item, child);
    }
    if (typeof additionalProperties !== 'object') return [];
    return checkListTypes(additionalProperties, item, `${path}[${name}]`);
  });
}

function checkList(schema: SchemaNode, items: unknown[], path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return duplicates(items, path);
  if (type !== 'map') return [];
  const stray = items.findIndex((item) => item !== null && !isRecord(item));
  if (stray >= 0) {
    const detail = 'must be an object for an array of list-type map';
    return [invalid(`${path}[${stray}]`, items[stray], detail)];
  }
  const names = schema['x-kubernetes-list-map-keys'] ?? [];
  return duplicates(
    items.map((item) => keyOfItem(item, names)),
    path,
  );
}

function keyOfItem(item: unknown, names: readonly string[]): Record<string, unknown> {
  const key: Record<string, unknown> = {};
  if (!isRecord(item)) return key;
  for (const name of names) {
    if (Object.hasOwn(item, name)) key[name] = item[name];
  }
  return key;
}

function duplicates(items: readonly unknown[], path: string): FieldError[] {
  const times = new Map<string, number>();
  const found: FieldError[] = [];
  for (const [index, item] of items.entries()) {
    const text = JSON.stringify(item);
    const before = times.get(text) ?? 0;
    times.set(text, before + 1);
    if (before === 1) found.push(duplicate(`${path}[${index}]`, item));
  }
  return found;
}
