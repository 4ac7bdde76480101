/** What is special about Namespaces: they begin complete, hold others, and end in two steps. */
import {
  type DynamicObject,
  forbiddenResource,
  isRecord,
  type KubeObject,
  notFoundObject,
  type ResourceDefinition,
} from '#kube/index.ts';
import type { ResourceTarget } from '../request/request-path.ts';

export const namespacesCollection = 'namespaces';

/** Made at start; they cannot be deleted. */
export const permanentNamespaces: readonly string[] = ['default', 'kube-system', 'kube-public'];

/** Stays in `spec.finalizers` until the contents are gone. */
export const contentsFinalizer = 'kubernetes';

export function isNamespaceKind(definition: ResourceDefinition): boolean {
  return definition.group === '' && definition.plural === namespacesCollection;
}

export function namespaceFinalizers(object: KubeObject): readonly string[] {
  const { finalizers } = recordOf((object as DynamicObject)['spec']);
  return Array.isArray(finalizers) ? finalizers.map(String) : [];
}

/** The namespace as it is after its delete was asked for. */
export function terminatingNamespace(object: DynamicObject): DynamicObject {
  return { ...object, status: { ...recordOf(object['status']), phase: 'Terminating' } };
}

/** @throws StatusError KUBE_FORBIDDEN for the permanent ones */
export function checkNamespaceDelete(target: ResourceTarget): void {
  if (!permanentNamespaces.includes(target.name)) return;
  throw forbiddenResource(target.definition, target.name, 'this namespace may not be deleted');
}

/**
 * New objects need a namespace that exists and stays.
 * @throws StatusError KUBE_NOT_FOUND, KUBE_FORBIDDEN
 */
export function checkNamespaceOpen(
  namespace: KubeObject | undefined,
  target: ResourceTarget,
  name: string,
): void {
  if (!namespace)
    throw notFoundObject({ plural: namespacesCollection, group: '' }, target.namespace);
  if (namespace.metadata.deletionTimestamp === undefined) return;
  const where = target.namespace;
  throw forbiddenResource(
    target.definition,
    name,
    `unable to create new content in namespace ${where} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${where} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  );
}

function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
