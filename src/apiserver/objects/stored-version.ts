/** Kinds with several versions are stored in one; only `apiVersion` tells them apart. */
import { apiVersionOf, type KubeObject, type ResourceDefinition } from '#kube/index.ts';

/** The object in the version that is asked for. */
export function inVersion<T extends KubeObject>(definition: ResourceDefinition, object: T): T {
  if (definition.storageVersion === undefined) return object;
  return withApiVersion(object, apiVersionOf(definition));
}

/** The object in the version that is stored. */
export function inStorage<T extends KubeObject>(definition: ResourceDefinition, object: T): T {
  const { group, storageVersion } = definition;
  if (storageVersion === undefined) return object;
  return withApiVersion(object, apiVersionOf({ group, version: storageVersion }));
}

function withApiVersion<T extends KubeObject>(object: T, apiVersion: string): T {
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}
