/** The Deployment of a router: one pod that runs `drawbridge router` and follows its ConfigMap. */
import { createHash } from 'node:crypto';
import { ownerReferenceTo } from '#kube/index.ts';
import type { Site } from '../kinds.ts';
import { annotations, componentLabels, routerSelector } from '../names.ts';
import type { Deployment } from './kinds.ts';
import { certificatesDirectory, proxiesDirectory, routerHealthPort } from './router-place.ts';
import type { RouterResources } from './sizing.ts';

export interface RouterImage {
  readonly image: string;
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
}

export interface DeploymentWish {
  readonly site: Site;
  /** Name of Deployment, ConfigMap and router group. */
  readonly group: string;
  readonly image: RouterImage;
  readonly serviceAccount: string;
  readonly resources: RouterResources;
  /** Off where the platform chooses users and capabilities itself. */
  readonly securityContext: boolean;
  /** Changes when something changes that a running router cannot take over. */
  readonly digest: string;
}

/** Labels of Deployment and pods. */
export const routerLabels: Readonly<Record<string, string>> = {
  ...routerSelector,
  'app.kubernetes.io/name': 'skupper-router',
  'app.kubernetes.io/part-of': 'skupper',
  'skupper.io/type': 'site',
};

/** What a router starts with and cannot change later, as a digest. */
export function restartDigest(site: Site): string {
  const { edge = false, settings = {} } = site.spec ?? {};
  const parts = [
    edge ? 'edge' : 'interior',
    settings['router-data-connection-count'] ?? '',
    settings['router-logging'] ?? '',
  ];
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

/** The object as we want it, to be laid over what is there. */
export function routerDeployment(wish: DeploymentWish): Deployment {
  const { site, group } = wish;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: group,
      namespace: site.metadata.namespace ?? '',
      labels: { ...routerLabels },
      annotations: { [annotations.controlled]: 'true' },
      ownerReferences: [ownerReferenceTo(site, false)],
    },
    spec: {
      replicas: 1,
      // Both routers of a site with two share it, as their Services select either.
      selector: { matchLabels: { [componentLabels.component]: 'router' } },
      template: {
        metadata: {
          labels: { ...routerLabels, [componentLabels.group]: group },
          annotations: {
            'prometheus.io/port': String(routerHealthPort),
            'prometheus.io/scrape': 'true',
            [annotations.configDigest]: wish.digest,
          },
        },
        spec: podSpec(wish),
      },
    },
  };
}

function podSpec(wish: DeploymentWish): Record<string, unknown> {
  const { site, serviceAccount, securityContext } = wish;
  const single = site.spec?.ha !== true || site.spec.settings?.['disable-anti-affinity'] === 'true';
  return {
    serviceAccountName: serviceAccount,
    // Services of the namespace would otherwise become variables of the router.
    enableServiceLinks: false,
    ...(securityContext
      ? { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } }
      : {}),
    ...(single ? {} : { affinity: apart() }),
    containers: [container(wish)],
    volumes: [
      { name: 'skupper-router-certs', emptyDir: { medium: 'Memory' } },
      { name: 'skupper-router-proxies', emptyDir: { medium: 'Memory' } },
    ],
  };
}

function container(wish: DeploymentWish): Record<string, unknown> {
  const { site, group, image, resources, securityContext } = wish;
  const { name, namespace = '', uid = '' } = site.metadata;
  return {
    name: 'router',
    image: image.image,
    imagePullPolicy: image.pullPolicy,
    args: ['router', '--config-map', group],
    env: [
      { name: 'SKUPPER_SITE_ID', value: uid },
      { name: 'SKUPPER_SITE_NAME', value: name },
      { name: 'SKUPPER_NAMESPACE', value: namespace },
    ],
    ports: [
      { name: 'amqps', containerPort: 5671 },
      { name: 'http', containerPort: routerHealthPort },
      { name: 'inter-router', containerPort: 55_671 },
      { name: 'edge', containerPort: 45_671 },
    ],
    livenessProbe: { ...probe(), initialDelaySeconds: 60 },
    // Asked often, so that a router that has started is used at once.
    readinessProbe: { ...probe(), initialDelaySeconds: 1, periodSeconds: 2, failureThreshold: 10 },
    ...(resources === undefined ? {} : { resources }),
    ...(securityContext
      ? {
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
          },
        }
      : {}),
    volumeMounts: [
      { name: 'skupper-router-certs', mountPath: certificatesDirectory },
      { name: 'skupper-router-proxies', mountPath: proxiesDirectory },
    ],
  };
}

function probe(): Record<string, unknown> {
  return { httpGet: { path: '/healthz', port: routerHealthPort } };
}

/** The routers of one site rather not on the same node. */
function apart(): Record<string, unknown> {
  const matchLabels = { application: 'skupper-router', 'skupper.io/type': 'site' };
  const podAffinityTerm = {
    labelSelector: { matchLabels },
    topologyKey: 'kubernetes.io/hostname',
  };
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }],
    },
  };
}
