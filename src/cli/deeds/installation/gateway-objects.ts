/** The objects of a gateway in a cluster, in the order in which they are applied. Pure. */
import { certificate } from '#apis/index.ts';
import { clusterKind, deployment } from '#controllers/index.ts';
import {
  clusterRole,
  clusterRoleBinding,
  type KubeObject,
  namespace as namespaceKind,
  role,
  roleBinding,
  service,
  serviceAccount,
} from '#kube/index.ts';
import {
  admissionName,
  admissionPort,
  admissionService,
  webhookObject,
} from './gateway-admission.ts';
import { linksGroup } from '#gateway/index.ts';
import type { ImpersonationWish } from './impersonation-rules.ts';
import { gatewayOwnRules, gatewayRules } from './gateway-rules.ts';
import {
  bound,
  askedOften,
  containerSecurity,
  type ImageWish,
  type InstalledObject,
  managedBy,
  objectOf,
  podSecurity,
  ruled,
} from './installed-object.ts';

export interface GatewayWish extends ImageWish {
  /** `https://HOST[:PORT]` by which clients come. */
  readonly publicUrl: string;
  /** Secret of type kubernetes.io/tls; absent: the controller makes a CA and a certificate. */
  readonly tlsSecret?: string;
  /** Another for the Service of the admission webhook; absent: the controller makes it too. */
  readonly admissionSecret?: string;
  /** Clients check the certificate with `ca.crt` of the Secret, not with the roots of their system. */
  readonly ownCa: boolean;
  /** Whom it acts as; absent: as its own account. */
  readonly impersonates?: ImpersonationWish;
  readonly serviceType: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  /** ClusterRole with what links may do at most; absent: nothing until somebody binds their group. */
  readonly linksRole?: string;
  /** Secret with `client-secret` and `rules.yaml`; absent: nobody logs in. */
  readonly loginSecret?: string;
  /** PersistentVolumeClaim of recordings, for all replicas; absent: terminals are not recorded. */
  readonly recordingsClaim?: string;
  /** Further flags of `gateway serve`, as `--name=value`. */
  readonly flags: readonly string[];
}

/** Name of everything that has no other one. */
export const gatewayName = 'drawbridge-gateway';
/** Binds the group of all links. */
const linksName = 'drawbridge-gateway-links';
const caName = 'drawbridge-gateway-ca';
const tlsName = 'drawbridge-gateway-tls';
const tlsPath = '/etc/drawbridge/tls';
const loginPath = '/etc/drawbridge/login';
const recordingsPath = '/var/lib/drawbridge/recordings';
const disruptionBudget = clusterKind('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets');

/** Everything but the kinds. */
export function gatewayObjects(wish: GatewayWish): readonly InstalledObject[] {
  const { namespace, impersonates, linksRole } = wish;
  const admission = { namespace, account: gatewayName, selector: selected };
  return [
    { of: namespaceKind, object: objectOf('v1', 'Namespace', namespace, undefined, {}) },
    { of: serviceAccount, object: objectOf('v1', 'ServiceAccount', gatewayName, namespace, {}) },
    { of: clusterRole, object: ruled(gatewayName, undefined, gatewayRules(impersonates)) },
    { of: clusterRoleBinding, object: bound('ClusterRoleBinding', gatewayName, namespace) },
    { of: role, object: ruled(gatewayName, namespace, gatewayOwnRules(admissionSecretOf(wish))) },
    { of: roleBinding, object: bound('RoleBinding', gatewayName, namespace) },
    ...(linksRole === undefined ? [] : [linksBinding(linksRole)]),
    ...certificates(wish),
    { of: service, object: serviceObject(wish) },
    admissionService(admission),
    { of: disruptionBudget, object: budgetObject(namespace) },
    { of: deployment, object: deploymentObject(wish) },
    webhookObject(admission),
  ];
}

function admissionSecretOf({ admissionSecret = admissionName }: GatewayWish): string {
  return admissionSecret;
}

function linksBinding(name: string): InstalledObject {
  const apiGroup = 'rbac.authorization.k8s.io';
  const object = objectOf(`${apiGroup}/v1`, 'ClusterRoleBinding', linksName, undefined, {
    roleRef: { apiGroup, kind: 'ClusterRole', name },
    subjects: [{ apiGroup, kind: 'Group', name: linksGroup }],
  });
  return { of: clusterRoleBinding, object };
}

/** For the controller of the same installation, which fills and renews the Secrets. */
function certificates(wish: GatewayWish): readonly InstalledObject[] {
  const { namespace, publicUrl, tlsSecret, admissionSecret } = wish;
  const host = new URL(publicUrl).hostname.replace(/^\[(.*)\]$/, '$1');
  const names = (front: string): readonly string[] => [
    front,
    `${front}.${namespace}`,
    `${front}.${namespace}.svc`,
  ];
  const certificateOf = (name: string, spec: object): InstalledObject => ({
    of: certificate,
    object: objectOf('skupper.io/v2alpha1', 'Certificate', name, namespace, { spec }),
  });
  const leafOf = (name: string, subject: string, hosts: readonly string[]): InstalledObject =>
    certificateOf(name, { ca: caName, subject, hosts, server: true });
  const leaves = [
    ...(tlsSecret === undefined
      ? [leafOf(tlsName, host, [host, ...names(gatewayName), 'localhost'])]
      : []),
    ...(admissionSecret === undefined
      ? [leafOf(admissionName, `${admissionName}.${namespace}.svc`, names(admissionName))]
      : []),
  ];
  if (leaves.length === 0) return [];
  const ca = { ca: '', subject: 'Drawbridge gateway CA', signing: true };
  return [certificateOf(caName, ca), ...leaves];
}

const selected = { 'app.kubernetes.io/name': gatewayName } as const;

function serviceObject({ namespace, serviceType: type }: GatewayWish): KubeObject {
  const ports = [{ name: 'https', port: 443, targetPort: 'https', protocol: 'TCP' }];
  const spec = { type, selector: { ...selected }, ports };
  return objectOf('v1', 'Service', gatewayName, namespace, { spec });
}

function budgetObject(namespace: string): KubeObject {
  return objectOf('policy/v1', 'PodDisruptionBudget', gatewayName, namespace, {
    spec: { maxUnavailable: 1, selector: { matchLabels: { ...selected } } },
  });
}

function deploymentObject(wish: GatewayWish): KubeObject {
  const labels = {
    ...selected,
    ...managedBy,
    'app.kubernetes.io/part-of': 'drawbridge',
  };
  return objectOf('apps/v1', 'Deployment', gatewayName, wish.namespace, {
    spec: {
      replicas: wish.replicas,
      selector: { matchLabels: { ...selected } },
      template: { metadata: { labels }, spec: podSpec(wish) },
    },
  });
}

/** The command line of the pod, the verb first. */
export function gatewayArguments(wish: GatewayWish): readonly string[] {
  const { namespace, publicUrl, impersonates, ownCa, loginSecret, tlsSecret, flags } = wish;
  const { recordingsClaim } = wish;
  const named = (flag: string, names: ReadonlySet<string> = new Set()): readonly string[] =>
    [...names].map((name) => `--${flag}=${name}`);
  return [
    'gateway',
    'serve',
    '--listen=0.0.0.0',
    '--port=8443',
    '--metrics-port=9000',
    `--public-url=${publicUrl}`,
    `--host=${gatewayName}`,
    `--host=${gatewayName}.${namespace}`,
    `--host=${gatewayName}.${namespace}.svc`,
    `--tls-cert=${tlsPath}/tls.crt`,
    `--tls-key=${tlsPath}/tls.key`,
    ...(ownCa || tlsSecret === undefined ? [`--public-ca-file=${tlsPath}/ca.crt`] : []),
    `--gateway-namespace=${namespace}`,
    `--identity=${impersonates === undefined ? 'account' : 'impersonate'}`,
    ...named('impersonate-user', impersonates?.users),
    ...named('impersonate-group', impersonates?.groups),
    `--admission-port=${admissionPort}`,
    `--admission-secret=${admissionSecretOf(wish)}`,
    // Of two replicas each has a log of its own; what gathers the output keeps it.
    '--audit-file=-',
    ...(loginSecret === undefined
      ? []
      : [
          `--oidc-client-secret-file=${loginPath}/client-secret`,
          `--login-rules=${loginPath}/rules.yaml`,
        ]),
    // A folder of its own in the volume, whose root belongs to root.
    ...(recordingsClaim === undefined ? [] : [`--recording-dir=${recordingsPath}/gateway`]),
    ...flags,
  ];
}

/** Lets the user of the container write to a volume that is made for it. */
const volumeOwner = {
  fsGroup: podSecurity.runAsUser,
  fsGroupChangePolicy: 'OnRootMismatch',
} as const;

function podSpec(wish: GatewayWish): object {
  const { image, pullPolicy, tlsSecret = tlsName, loginSecret, recordingsClaim } = wish;
  const probe = (path: string): object => ({
    httpGet: {
      path: `/gateway/${path}`,
      port: 'https',
      scheme: 'HTTPS',
      // The address of a pod is no name by which clients come.
      httpHeaders: [{ name: 'Host', value: 'localhost' }],
    },
  });
  const volume = (name: string, secretName: string): object => ({ name, secret: { secretName } });
  const mount = (name: string, mountPath: string): object => ({ name, mountPath, readOnly: true });
  return {
    serviceAccountName: gatewayName,
    enableServiceLinks: false,
    // Streams that are open end with their pod: clients get time to come to another one.
    terminationGracePeriodSeconds: 30,
    securityContext: {
      ...podSecurity,
      ...(recordingsClaim === undefined ? {} : volumeOwner),
    },
    volumes: [
      volume('tls', tlsSecret),
      ...(loginSecret === undefined ? [] : [volume('login', loginSecret)]),
      ...(recordingsClaim === undefined
        ? []
        : [{ name: 'recordings', persistentVolumeClaim: { claimName: recordingsClaim } }]),
    ],
    containers: [
      {
        name: 'gateway',
        image,
        imagePullPolicy: pullPolicy,
        args: gatewayArguments(wish),
        ports: [
          { name: 'https', containerPort: 8443 },
          { name: 'admission', containerPort: admissionPort },
          { name: 'metrics', containerPort: 9000 },
        ],
        readinessProbe: { ...probe('readyz'), ...askedOften },
        livenessProbe: { ...probe('healthz'), initialDelaySeconds: 60, failureThreshold: 6 },
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
        securityContext: containerSecurity,
        volumeMounts: [
          mount('tls', tlsPath),
          ...(loginSecret === undefined ? [] : [mount('login', loginPath)]),
          ...(recordingsClaim === undefined
            ? []
            : [{ name: 'recordings', mountPath: recordingsPath }]),
        ],
      },
    ],
  };
}
