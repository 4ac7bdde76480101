/** JSON merge patch: null removes, objects merge, everything else replaces. @spec RFC7386 */
import { checkJson, cloneJson } from '../json.ts';
import { isRecord } from '../object.ts';

/**
 * The target with the patch applied; neither argument changes.
 * @throws StatusError KUBE_STATUS_BAD_REQUEST when the patch nests too deep
 */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  checkJson(patch);
  return merge(target, patch);
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return cloneJson(patch);
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else {
      const before = Object.hasOwn(result, name) ? result[name] : undefined;
      result[name] = merge(before, value);
    }
  }
  return result;
}
