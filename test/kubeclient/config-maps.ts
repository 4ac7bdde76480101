/** The kind the client tests work on. */
import { anything, type KubeObject, type ResourceDefinition } from '#kube/index.ts';

export type ConfigMap = KubeObject & { data?: { [key: string]: string } };

export const configMaps: ResourceDefinition<ConfigMap> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  listKind: 'ConfigMapList',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: [],
  categories: [],
  scope: 'Namespaced',
  description: 'Data for tests.',
  custom: false,
  statusSubresource: false,
  hasGeneration: false,
  unconditionalUpdate: true,
  schema: anything('Data.') as unknown as ResourceDefinition<ConfigMap>['schema'],
  columns: [],
  selectableFields: [],
};

export function configMap(name: string, data: Record<string, string>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'ns' }, data };
}

export const keyIn = (name: string): { namespace: string; name: string } => ({
  namespace: 'ns',
  name,
});
