/** The objects of an installed controller, in the order in which they are applied. Pure. */
import { apiDefinitions } from '#apis/index.ts';
import { clusterKind, deployment } from '#controllers/index.ts';
import {
  clusterRole,
  clusterRoleBinding,
  configMap,
  crdOf,
  type KubeObject,
  namespace as namespaceKind,
  type ResourceDefinition,
  role,
  roleBinding,
  serviceAccount,
} from '#kube/index.ts';
import { controllerRules, ownRules, type Rule } from './rules.ts';

export interface InstallationWish {
  readonly namespace: string;
  /** Look after this namespace alone, which needs no rights elsewhere. */
  readonly onlyNamespace: boolean;
  readonly image: string;
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly replicas: number;
  /** Flags of the controller, as `--name=value`. */
  readonly flags: readonly string[];
}

/** An object and its kind. */
export interface InstalledObject {
  readonly of: ResourceDefinition;
  readonly object: KubeObject;
}

/** Name of everything that has no other one. */
export const controllerName = 'drawbridge-controller';
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

/** Everything but the kinds. */
export function controllerObjects(wish: InstallationWish): readonly InstalledObject[] {
  const { namespace, onlyNamespace } = wish;
  const rules = controllerRules();
  const own = onlyNamespace ? [...rules, ...ownRules()] : ownRules();
  return [
    { of: namespaceKind, object: objectOf('v1', 'Namespace', namespace, undefined, {}) },
    { of: serviceAccount, object: objectOf('v1', 'ServiceAccount', controllerName, namespace, {}) },
    ...(onlyNamespace ? [] : clusterPermissions(namespace, rules)),
    { of: role, object: ruled('Role', namespace, own) },
    { of: roleBinding, object: bound('RoleBinding', 'Role', namespace) },
    ...(onlyNamespace ? [{ of: configMap, object: controlObject(namespace) }] : []),
    { of: deployment, object: deploymentObject(wish) },
  ];
}

function clusterPermissions(namespace: string, rules: readonly Rule[]): readonly InstalledObject[] {
  return [
    { of: clusterRole, object: ruled('ClusterRole', undefined, rules) },
    {
      of: clusterRoleBinding,
      object: {
        ...bound('ClusterRoleBinding', 'ClusterRole', namespace),
        metadata: metadataOf(controllerName, undefined),
      },
    },
  ];
}

function metadataOf(name: string, namespace: string | undefined): KubeObject['metadata'] {
  return { name, ...(namespace === undefined ? {} : { namespace }), labels: { ...managedBy } };
}

function objectOf(
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string | undefined,
  fields: object,
): KubeObject {
  return { apiVersion, kind, metadata: metadataOf(name, namespace), ...fields };
}

function ruled(kind: string, namespace: string | undefined, rules: readonly Rule[]): KubeObject {
  return objectOf(`${rbac}/v1`, kind, controllerName, namespace, { rules });
}

function bound(kind: string, roleKind: string, namespace: string): KubeObject {
  return objectOf(`${rbac}/v1`, kind, controllerName, namespace, {
    roleRef: { apiGroup: rbac, kind: roleKind, name: controllerName },
    subjects: [{ kind: 'ServiceAccount', name: controllerName, namespace }],
  });
}

/** Keeps controllers of the whole cluster away from this namespace. */
function controlObject(namespace: string): KubeObject {
  const data = { controller: `${namespace}/${controllerName}` };
  return objectOf('v1', 'ConfigMap', 'skupper', namespace, { data });
}

function deploymentObject(wish: InstallationWish): KubeObject {
  const labels = {
    'app.kubernetes.io/name': controllerName,
    'app.kubernetes.io/part-of': 'drawbridge',
    'skupper.io/component': 'controller',
  };
  return objectOf('apps/v1', 'Deployment', controllerName, wish.namespace, {
    spec: {
      replicas: wish.replicas,
      selector: { matchLabels: { 'app.kubernetes.io/name': controllerName } },
      template: { metadata: { labels }, spec: podSpec(wish) },
    },
  });
}

function podSpec(wish: InstallationWish): object {
  const { namespace, onlyNamespace, image, pullPolicy, flags } = wish;
  const probe = { httpGet: { path: '/readyz', port: 'metrics' } };
  return {
    serviceAccountName: controllerName,
    // Services of the namespace would otherwise become variables that are taken for settings.
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10_001,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'controller',
        image,
        imagePullPolicy: pullPolicy,
        args: [
          'controller',
          `--name=${controllerName}`,
          ...(onlyNamespace ? [`--watch-namespace=${namespace}`] : []),
          '--enable-grants',
          `--router-image=${image}`,
          `--router-pull-policy=${pullPolicy}`,
          ...flags,
        ],
        ports: [
          { name: 'grants', containerPort: 9090 },
          { name: 'metrics', containerPort: 9000 },
        ],
        readinessProbe: probe,
        livenessProbe: { httpGet: { path: '/healthz', port: 'metrics' }, initialDelaySeconds: 60 },
        resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        },
      },
    ],
  };
}
