/** The kinds of patch, by content type. */
import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicPatch,
  badRequest,
  type DynamicObject,
  isRecord,
  type ResourceDefinition,
  unsupportedMediaType,
} from '#kube/index.ts';
import { parseMediaType } from '../request/media-type.ts';
import { parseJsonBody } from '../request/object-body.ts';

const json = 'application/json-patch+json';
const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';
const applied = 'application/apply-patch+yaml';

/** A patch ready to be applied as often as needed. */
export interface Patch {
  readonly duplicates: readonly string[];
  readonly apply: (current: DynamicObject) => unknown;
}

/** True for the body of a server-side apply, which is read as an object. */
export function isApply(contentType: string | undefined): boolean {
  return parseMediaType(contentType ?? '').type === applied;
}

/**
 * Reads a patch body. Custom kinds have no strategic merge.
 * @throws StatusError KUBE_UNSUPPORTED_MEDIA_TYPE, KUBE_BAD_REQUEST
 */
export function parsePatch(
  definition: ResourceDefinition,
  contentType: string | undefined,
  body: Buffer,
): Patch {
  const { type } = parseMediaType(contentType ?? '');
  const accepted = [json, merge, ...(definition.custom ? [] : [strategic]), applied];
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
  const { value: patch, duplicates } = parseJsonBody(body);
  if (type === json) return { duplicates: [], apply: (current) => applyJsonPatch(current, patch) };
  if (!isRecord(patch)) throw badRequest('the patch is not an object');
  if (type === merge) return { duplicates, apply: (current) => applyMergePatch(current, patch) };
  return { duplicates, apply: (current) => applyStrategicPatch(definition.schema, current, patch) };
}
