/**
 * What happens to a decoded body before it is checked: fields that the schema does not know are cut
 * and reported, nulls that nobody declared vanish, defaults come in. All change the value in place.
 * @spec Kubernetes structural schemas: pruning, defaulting
 */
import { cloneJson } from '../json.ts';
import { isRecord } from '../object.ts';
import { normalizeMicroTime, normalizeTime } from '../time.ts';
import type { SchemaNode } from './node.ts';

const open: SchemaNode = { 'x-kubernetes-preserve-unknown-fields': true };

/** The schema of a field of an object, undefined when the schema knows nothing about it. */
function nodeOf(schema: SchemaNode, name: string): SchemaNode | undefined {
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  if (typeof additionalProperties === 'object') return additionalProperties;
  return additionalProperties === true ? open : undefined;
}

/**
 * Cuts fields the schema does not know.
 * @returns their paths, such as `spec.zzz` or `spec.roles[0].zzz`, in document order
 */
export function pruneUnknown(schema: SchemaNode, value: unknown): string[] {
  const cut: string[] = [];
  prune(schema, value, '', cut);
  return cut;
}

function prune(schema: SchemaNode, value: unknown, path: string, cut: string[]): void {
  if (Array.isArray(value)) {
    // Nothing is known about the items of a list where none belongs, so nothing of them stays.
    const items = schema.items ?? (isOpen(schema) ? open : {});
    for (const [index, item] of value.entries()) prune(items, item, `${path}[${index}]`, cut);
    return;
  }
  if (!isRecord(value)) return;
  for (const name of Object.keys(value)) {
    const node = nodeOf(schema, name);
    const child = path === '' ? name : `${path}.${name}`;
    if (node !== undefined) prune(node, value[name], child, cut);
    else if (!isOpen(schema)) {
      cut.push(child);
      delete value[name];
    }
  }
}

function isOpen(schema: SchemaNode): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true;
}

/** Cuts nulls in fields that are not nullable and have no default. */
export function dropNulls(schema: SchemaNode | undefined, value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(schema?.items, item);
    return;
  }
  if (!isRecord(value)) return;
  for (const [name, item] of Object.entries(value)) {
    const node = schema === undefined ? undefined : nodeOf(schema, name);
    if (item === null && node !== undefined && node.nullable !== true) {
      if (node.default === undefined) delete value[name];
    } else if (typeof item === 'object') dropNulls(node, item);
  }
}

/** Fills in defaults where fields are absent, or null without being nullable. */
export function applyDefaults(schema: SchemaNode, value: unknown): void {
  if (Array.isArray(value)) {
    if (schema.items === undefined) return;
    for (const item of value) applyDefaults(schema.items, item);
    return;
  }
  if (!isRecord(value)) return;
  for (const [name, node] of Object.entries(schema.properties ?? {})) {
    if (node.default === undefined) continue;
    const absent = !Object.hasOwn(value, name);
    if (absent || (value[name] === null && node.nullable !== true)) {
      value[name] = cloneJson(node.default);
    }
  }
  for (const [name, item] of Object.entries(value)) {
    const node = nodeOf(schema, name);
    if (node !== undefined) applyDefaults(node, item);
  }
}

/**
 * Writes times the way the server keeps them: `date-time` in whole seconds, `micro-time` with six
 * digits, both in UTC. Texts that are no times stay for the check to find.
 */
export function normalizeTimes(schema: SchemaNode, value: unknown): unknown {
  if (typeof value === 'string') {
    if (schema.format === 'date-time') return normalizeTime(value);
    return schema.format === 'micro-time' ? normalizeMicroTime(value) : value;
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items !== undefined) {
      for (const [index, item] of value.entries()) value[index] = normalizeTimes(items, item);
    }
    return value;
  }
  if (!isRecord(value)) return value;
  for (const [name, item] of Object.entries(value)) {
    const node = nodeOf(schema, name);
    if (node !== undefined) value[name] = normalizeTimes(node, item);
  }
  return value;
}
