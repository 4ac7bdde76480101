/** What is special about CustomResourceDefinitions: those of the server's own kinds stay as they are. */
import {
  type DynamicObject,
  equalJson,
  forbiddenResource,
  qualifiedResource,
  type Registry,
  type ResourceDefinition,
} from '#kube/index.ts';
import type { ObjectGate } from '../objects/object-gate.ts';
import type { ResourceTarget } from '../request/request-path.ts';

export const crdCollection = 'customresourcedefinitions.apiextensions.k8s.io';

/** Keeps a definition until the objects of its kind are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

export function isCrdKind(definition: ResourceDefinition): boolean {
  return qualifiedResource(definition) === crdCollection;
}

/** The definition that the server brings for a kind, by the name of its CustomResourceDefinition. */
export function ownKind(registry: Registry, name: string): ResourceDefinition | undefined {
  return registry.fixed.find((each) => each.custom && qualifiedResource(each) === name);
}

/** @throws StatusError KUBE_STATUS_FORBIDDEN for kinds of the server */
export function checkCrdDelete(registry: Registry, target: ResourceTarget): void {
  if (!ownKind(registry, target.name)) return;
  const why = 'this kind is part of the server and cannot be removed';
  throw forbiddenResource(target.definition, target.name, why);
}

/** Finalizers of a definition whose delete was asked for. */
export function withCleanup(finalizers: readonly string[]): string[] {
  return finalizers.includes(cleanupFinalizer)
    ? [...finalizers]
    : [...finalizers, cleanupFinalizer];
}

/** Lets nobody change the kinds of the server; labels and annotations are free. */
export function customKindGate(registry: Registry): ObjectGate {
  return ({ target, object, old }): DynamicObject => {
    if (!isCrdKind(target.definition) || !old) return object;
    if (!ownKind(registry, object.metadata.name) || equalJson(object['spec'], old['spec'])) {
      return object;
    }
    const why = 'this kind is part of the server: its definition cannot be changed';
    throw forbiddenResource(target.definition, object.metadata.name, why);
  };
}
