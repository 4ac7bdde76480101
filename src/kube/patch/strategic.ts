/**
 * Strategic merge patch, for built-in kinds: like a merge patch, but lists that the schema marks merge
 * by key, and directives can delete, replace and order.
 * @spec Kubernetes strategic merge patch
 */
import { checkJson, cloneJson, equalJson } from '../json.ts';
import { isRecord } from '../object.ts';
import type { SchemaNode } from '../schema/node.ts';
import { badRequest } from '../status.ts';

type Fields = Record<string, unknown>;

const directive = '$patch';
const retainKeys = '$retainKeys';
const deleteFrom = '$deleteFromPrimitiveList/';
const orderOf = '$setElementOrder/';

/**
 * The object with the patch applied; neither argument changes.
 * @throws StatusError KUBE_STATUS_BAD_REQUEST when a directive or a list item is malformed
 */
export function applyStrategicPatch(schema: SchemaNode, target: unknown, patch: unknown): unknown {
  checkJson(patch);
  if (!isRecord(patch)) throw badRequest('the patch must be an object');
  return mergeObjects(schema, isRecord(target) ? target : {}, patch);
}

function fieldSchema(schema: SchemaNode | undefined, name: string): SchemaNode | undefined {
  const properties = schema?.properties;
  if (properties !== undefined && Object.hasOwn(properties, name)) return properties[name];
  const rest = schema?.additionalProperties;
  return typeof rest === 'object' ? rest : undefined;
}

function mergeObjects(schema: SchemaNode | undefined, target: Fields, patch: Fields): Fields {
  const what = patch[directive];
  // As in Kubernetes, a deleted object stays behind empty; only list items go.
  if (what === 'delete') return {};
  if (what !== undefined && what !== 'replace' && what !== 'merge') {
    throw badRequest(`unknown patch type found: ${JSON.stringify(what)}`);
  }
  const result: Fields = what === 'replace' ? {} : { ...target };
  keepOnly(result, patch[retainKeys]);
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$')) continue;
    if (value === null) delete result[name];
    else setField(result, name, value, fieldSchema(schema, name));
  }
  for (const [name, value] of Object.entries(patch)) {
    if (!name.startsWith(deleteFrom)) continue;
    const list = name.slice(deleteFrom.length);
    result[list] = without(result[list], value, name);
  }
  for (const [name, value] of Object.entries(patch)) {
    if (!name.startsWith(orderOf)) continue;
    const list = name.slice(orderOf.length);
    if (!Array.isArray(value)) throw badRequest(`${name} must be a list`);
    result[list] = reorder(result[list], target[list], value, fieldSchema(schema, list));
  }
  for (const name of Object.keys(result)) if (result[name] === undefined) delete result[name];
  return result;
}

function setField(
  result: Fields,
  name: string,
  value: unknown,
  schema: SchemaNode | undefined,
): void {
  const before = Object.hasOwn(result, name) ? result[name] : undefined;
  if (isRecord(value)) {
    result[name] = mergeObjects(schema, isRecord(before) ? before : {}, value);
  } else if (Array.isArray(value) && merges(schema)) {
    const merged = mergeLists(schema, Array.isArray(before) ? before : [], value);
    // What the patch names comes in the order of the patch, unless a directive orders it later.
    result[name] = reorder(merged, before, value, schema);
  } else result[name] = cloneJson(value);
}

function merges(schema: SchemaNode | undefined): schema is SchemaNode {
  return schema?.['x-kubernetes-patch-strategy']?.split(',').includes('merge') ?? false;
}

function keepOnly(result: Fields, keys: unknown): void {
  if (keys === undefined) return;
  if (!Array.isArray(keys)) throw badRequest(`${retainKeys} must be a list`);
  for (const name of Object.keys(result)) if (!keys.includes(name)) delete result[name];
}

function without(list: unknown, values: unknown, name: string): unknown {
  if (!Array.isArray(values)) throw badRequest(`${name} must be a list`);
  if (!Array.isArray(list)) return list;
  return list.filter((item) => !values.some((value) => equalJson(value, item)));
}

function mergeLists(
  schema: SchemaNode,
  target: readonly unknown[],
  patch: readonly unknown[],
): unknown[] {
  const key = schema['x-kubernetes-patch-merge-key'];
  if (key === undefined) {
    const added = patch.filter((item) => !target.some((old) => equalJson(old, item)));
    return [...target, ...cloneJson(added)];
  }
  const replaces = patch.some((item) => isRecord(item) && item[directive] === 'replace');
  let result: unknown[] = replaces ? [] : [...target];
  for (const item of patch) {
    if (!isRecord(item)) throw badRequest(`a list item of a patch must be an object with ${key}`);
    if (item[directive] === 'replace') {
      const { [directive]: _replace, ...rest } = item;
      if (Object.keys(rest).length > 0) result.push(cloneJson(rest));
      continue;
    }
    if (!Object.hasOwn(item, key)) {
      throw badRequest(`a list item of a patch does not contain the merge key: ${key}`);
    }
    const same = (old: unknown): boolean => isRecord(old) && equalJson(old[key], item[key]);
    const at = result.findIndex(same);
    const old = at < 0 ? {} : result[at];
    if (item[directive] === 'delete') result = result.filter((each) => !same(each));
    else {
      const merged = mergeObjects(schema.items, isRecord(old) ? old : {}, item);
      if (at < 0) result.push(merged);
      else result[at] = merged;
    }
  }
  return result;
}

/**
 * Puts the items that the patch names in its order. Items only the server has keep their place
 * relative to their old neighbours.
 */
function reorder(
  list: unknown,
  old: unknown,
  order: readonly unknown[],
  schema: SchemaNode | undefined,
): unknown {
  if (!Array.isArray(list)) return list;
  const key = schema?.['x-kubernetes-patch-merge-key'];
  const identity = (item: unknown): string =>
    JSON.stringify(key !== undefined && isRecord(item) ? item[key] : item);
  const wanted = new Map(order.map((item, index) => [identity(item), index]));
  const before = new Map((Array.isArray(old) ? old : []).map((item, at) => [identity(item), at]));
  const rank = (item: unknown): number => wanted.get(identity(item)) ?? 0;
  const place = (item: unknown): number => before.get(identity(item)) ?? -1;
  const named = list.filter((item) => wanted.has(identity(item))).sort((a, b) => rank(a) - rank(b));
  const rest = list.filter((item) => !wanted.has(identity(item)));
  const result: unknown[] = [];
  let next = 0;
  for (const item of rest) {
    while (next < named.length && place(named[next]) < place(item)) {
      result.push(named[next]);
      next += 1;
    }
    result.push(item);
  }
  return [...result, ...named.slice(next)];
}
