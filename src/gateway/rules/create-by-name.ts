/**
 * Requests for an object by name that make it when it is not there: applying always does, replacing
 * does for some kinds. Their verb alone does not say so.
 * @spec Kubernetes Server-Side Apply; RESTUpdateStrategy AllowCreateOnUpdate
 */
import type { RequestInfo } from '../request/request-info.ts';

/** Built-in kinds that a PUT makes, by group; those of RBAC are never changed through a grant. */
const madeByPut: Readonly<Record<string, readonly string[]>> = {
  '': ['endpoints', 'events', 'limitranges', 'services'],
  'coordination.k8s.io': ['leases'],
  'events.k8s.io': ['events'],
  'node.k8s.io': ['runtimeclasses'],
};

/** @param contentType of the body, as it came */
export function mayCreate(method: string, contentType: string, info: RequestInfo): boolean {
  if (!info.isResource || info.subresource !== '') return false;
  if (method === 'PATCH') return /^\s*application\/apply-patch/i.test(contentType);
  const { group, resource } = info;
  const kinds = Object.hasOwn(madeByPut, group) ? madeByPut[group] : undefined;
  return method === 'PUT' && kinds?.includes(resource) === true;
}
