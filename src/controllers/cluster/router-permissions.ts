/** What the pods of a router may do: read their configuration and credentials, nothing else. */
import { type KubeObject, ownerReferenceTo } from '#kube/index.ts';
import type { Site } from '../kinds.ts';
import { annotations, siteObjects } from '../names.ts';
import type { Role, RoleBinding } from './kinds.ts';

const group = 'rbac.authorization.k8s.io';

export interface RouterPermissions {
  readonly serviceAccount: KubeObject;
  readonly role: Role;
  readonly roleBinding: RoleBinding;
}

export function routerPermissions(site: Site): RouterPermissions {
  const { namespace = '' } = site.metadata;
  const name = siteObjects.serviceAccount;
  const metadata = {
    name,
    namespace,
    annotations: { [annotations.controlled]: 'true' },
    ownerReferences: [ownerReferenceTo(site, false)],
  };
  const verbs = ['get', 'list', 'watch'];
  return {
    serviceAccount: { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    role: {
      apiVersion: `${group}/v1`,
      kind: 'Role',
      metadata,
      rules: [{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs }],
    },
    roleBinding: {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: group, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  };
}
