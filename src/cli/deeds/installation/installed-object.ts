/** How the objects of an installation are built: names, labels, rights. Pure. */
import { clusterKind } from '#controllers/index.ts';
import { apiDefinitions } from '#apis/index.ts';
import { crdOf, type KubeObject, type ResourceDefinition } from '#kube/index.ts';

/** An object and its kind. */
export interface InstalledObject {
  readonly of: ResourceDefinition;
  readonly object: KubeObject;
  /** What to apply where it is there already; absent: the object as it is. */
  readonly keeping?: (found: KubeObject, wanted: KubeObject) => KubeObject;
}

/** What every installation asks for. */
export interface ImageWish {
  readonly namespace: string;
  readonly image: string;
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly replicas: number;
}

/** A rule of RBAC. */
export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** On all that an installation made, so that it takes away nothing else. */
export const managedBy = { 'app.kubernetes.io/managed-by': 'drawbridge-install' } as const;

const rbac = 'rbac.authorization.k8s.io';
const crdKind: ResourceDefinition = {
  ...clusterKind(
    'apiextensions.k8s.io',
    'v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
  ),
  scope: 'Cluster',
};

/** The kinds of ours. */
export function crdObjects(): readonly InstalledObject[] {
  return apiDefinitions.map((definition) => {
    const { metadata, ...crd } = crdOf(definition) as unknown as KubeObject;
    const object: KubeObject = { ...crd, metadata: { ...metadata, labels: { ...managedBy } } };
    return { of: crdKind, object };
  });
}

/** An object of ours; without a namespace it is the cluster's. */
export function objectOf(
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string | undefined,
  fields: object,
): KubeObject {
  const place = namespace === undefined ? {} : { namespace };
  return { apiVersion, kind, metadata: { name, ...place, labels: { ...managedBy } }, ...fields };
}

/** A Role, or without a namespace a ClusterRole. */
export function ruled(
  name: string,
  namespace: string | undefined,
  rules: readonly Rule[],
): KubeObject {
  const kind = namespace === undefined ? 'ClusterRole' : 'Role';
  return objectOf(`${rbac}/v1`, kind, name, namespace, { rules });
}

/** Gives a role of its name to the account of its name: in one namespace, or everywhere. */
export function bound(
  kind: 'RoleBinding' | 'ClusterRoleBinding',
  name: string,
  namespace: string,
): KubeObject {
  const everywhere = kind === 'ClusterRoleBinding';
  return objectOf(`${rbac}/v1`, kind, name, everywhere ? undefined : namespace, {
    roleRef: { apiGroup: rbac, kind: everywhere ? 'ClusterRole' : 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
}

/** What pods of ours have in common: no root, nothing writable, no capabilities. */
export const podSecurity = {
  runAsNonRoot: true,
  runAsUser: 10_001,
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

/** Of a readiness probe: whoever has started serves at once, and a slow moment ends nothing. */
export const askedOften = { periodSeconds: 2, failureThreshold: 10 };

/** The same for their containers. */
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
} as const;
