/**
 * JSON values as such: copies, equality and the bounds that decoding keeps. Keys come from clients, so
 * lookups ask hasOwn and the key `__proto__` is refused before anything else sees the value.
 */
import { badRequest } from './status.ts';

/** How deep a decoded document may nest. Far above any kind of ours, far below the stack. */
export const jsonDepthMax = 100;

/**
 * Refuses documents that nest too deep or name the key `__proto__`. Call it right after decoding.
 * @throws StatusError KUBE_STATUS_BAD_REQUEST
 */
export function checkJson(value: unknown, depthMax = jsonDepthMax): void {
  if (typeof value !== 'object' || value === null) return;
  if (depthMax <= 0) throw badRequest(`the document nests deeper than ${jsonDepthMax} levels`);
  if (Array.isArray(value)) {
    for (const item of value) checkJson(item, depthMax - 1);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') throw badRequest('the field name "__proto__" is not allowed');
    checkJson(item, depthMax - 1);
  }
}

/** A deep copy. */
export function cloneJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => cloneJson(item)) as T;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) copy[key] = cloneJson(item);
  return copy as T;
}

/** Deep equality; the order of fields does not matter, a field that is `undefined` is absent. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => equalJson(item, b[index]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const present = (of: Record<string, unknown>): string[] =>
    Object.keys(of).filter((key) => of[key] !== undefined);
  const keys = present(left);
  if (keys.length !== present(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key], right[key]));
}

/** The value at a path of field names, undefined when any step is missing. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const name of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined;
    here = (here as Record<string, unknown>)[name];
  }
  return here;
}
