/**
 * Kinds of a cluster that the runtime reads and writes: as much of their shape as it looks at. The
 * cluster's own API server knows the rest, so these schemas let everything through.
 */
import {
  anything,
  type CustomObject,
  customDefinition,
  type KubeObject,
  type ResourceDefinition,
  type Schema,
} from '#kube/index.ts';

interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

interface PodStatus {
  phase?: string;
  podIP?: string;
  startTime?: string;
  conditions?: PodCondition[];
}

export type Pod = CustomObject<{ nodeName?: string }, PodStatus>;

export interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: Record<string, unknown>;
}

export type Deployment = CustomObject<
  { replicas: number; selector: { matchLabels: Record<string, string> }; template: PodTemplate },
  { readyReplicas?: number }
>;

interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

export type Role = KubeObject & { rules?: PolicyRule[] };

export type RoleBinding = KubeObject & {
  roleRef?: { apiGroup: string; kind: string; name: string };
  subjects?: { kind: string; name: string; namespace: string }[];
};

/** Anything at all, for the schema of a kind that another server checks. */
function open<T extends KubeObject>(): Schema<T> {
  return anything('An object of the cluster.') as Schema<unknown> as Schema<T>;
}

/** The definition of a kind of the cluster, for clients. */
export function clusterKind<T extends KubeObject>(
  group: string,
  version: string,
  kind: string,
  plural: string,
): ResourceDefinition<T> {
  const description = `${kind} of the cluster.`;
  const columns: [] = [];
  return customDefinition({
    group,
    version,
    kind,
    plural,
    description,
    columns,
    schema: open<T>(),
  });
}

export const pod = clusterKind<Pod>('', 'v1', 'Pod', 'pods');
export const deployment = clusterKind<Deployment>('apps', 'v1', 'Deployment', 'deployments');

const rbac = 'rbac.authorization.k8s.io';
export const role = clusterKind<Role>(rbac, 'v1', 'Role', 'roles');
export const roleBinding = clusterKind<RoleBinding>(rbac, 'v1', 'RoleBinding', 'rolebindings');
