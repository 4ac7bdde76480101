/** The objects of an installed controller, in the order in which they are applied. Pure. */
import { deployment } from '#controllers/index.ts';
import {
  clusterRole,
  clusterRoleBinding,
  configMap,
  type KubeObject,
  namespace as namespaceKind,
  role,
  roleBinding,
  serviceAccount,
} from '#kube/index.ts';
import {
  bound,
  askedOften,
  containerSecurity,
  type ImageWish,
  type InstalledObject,
  objectOf,
  podSecurity,
  type Rule,
  ruled,
} from './installed-object.ts';
import { controllerRules, ownRules } from './rules.ts';

export interface InstallationWish extends ImageWish {
  /** Look after this namespace alone, which needs no rights elsewhere. */
  readonly onlyNamespace: boolean;
  /** Flags of the controller, as `--name=value`. */
  readonly flags: readonly string[];
}

/** Name of everything that has no other one. */
export const controllerName = 'drawbridge-controller';
/** Everything but the kinds. */
export function controllerObjects(wish: InstallationWish): readonly InstalledObject[] {
  const { namespace, onlyNamespace } = wish;
  const rules = controllerRules();
  const own = onlyNamespace ? [...rules, ...ownRules()] : ownRules();
  return [
    { of: namespaceKind, object: objectOf('v1', 'Namespace', namespace, undefined, {}) },
    { of: serviceAccount, object: objectOf('v1', 'ServiceAccount', controllerName, namespace, {}) },
    ...(onlyNamespace ? [] : clusterPermissions(namespace, rules)),
    { of: role, object: ruled(controllerName, namespace, own) },
    { of: roleBinding, object: bound('RoleBinding', controllerName, namespace) },
    ...(onlyNamespace ? [{ of: configMap, object: controlObject(namespace) }] : []),
    { of: deployment, object: deploymentObject(wish) },
  ];
}

function clusterPermissions(namespace: string, rules: readonly Rule[]): readonly InstalledObject[] {
  return [
    { of: clusterRole, object: ruled(controllerName, undefined, rules) },
    {
      of: clusterRoleBinding,
      object: bound('ClusterRoleBinding', controllerName, namespace),
    },
  ];
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
    securityContext: podSecurity,
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
        readinessProbe: { ...probe, ...askedOften },
        livenessProbe: { httpGet: { path: '/healthz', port: 'metrics' }, initialDelaySeconds: 60 },
        resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
        securityContext: containerSecurity,
      },
    ],
  };
}
