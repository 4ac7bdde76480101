/**
 * Lays what we want over what is there: fields that we say are as we say, what the API server or
 * others filled in beside them stays. So an object that is as we want it compares equal to itself.
 */
import { isRecord } from '#kube/index.ts';

/**
 * Objects merge. Lists of named things (containers, ports, volumes) are ours as a whole, but each
 * thing merges with the one of its name; other lists are replaced.
 */
export function overlay<T>(existing: unknown, wanted: T): T {
  if (Array.isArray(wanted)) {
    const before = Array.isArray(existing) ? (existing as unknown[]) : [];
    const merged = wanted.map((each: unknown) => {
      const name = nameOf(each);
      const known = name === undefined ? undefined : before.find((old) => nameOf(old) === name);
      return overlay(known, each);
    });
    return merged as T;
  }
  if (!isRecord(wanted)) return wanted;
  const merged: Record<string, unknown> = isRecord(existing) ? { ...existing } : {};
  for (const [key, value] of Object.entries(wanted)) {
    if (value !== undefined) merged[key] = overlay(merged[key], value);
  }
  return merged as T;
}

function nameOf(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const { name } = value;
  return typeof name === 'string' ? name : undefined;
}
