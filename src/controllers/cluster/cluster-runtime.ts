/**
 * Routers as pods of a cluster. What a router is to be goes into its ConfigMap and Deployment; the
 * pods get certificates themselves. Services have addresses of the cluster, and the pods listen on
 * ports of their own behind them.
 */
import type { Logger } from '#base/log.ts';
import {
  isOwnedBy,
  type KubeObject,
  keyOf,
  type ObjectKey,
  type ResourceDefinition,
  serviceAccount,
} from '#kube/index.ts';
import { createOrUpdate, type InformerSet, type KubeClient } from '#kubeclient/index.ts';
import {
  type ConfigMap,
  configMap,
  type SecuredAccess,
  type Service,
  service,
  type Site,
} from '../kinds.ts';
import { componentLabels, managementPort, routerGroups, siteObjects } from '../names.ts';
import { type HostPort, managementListener, type RouterEntity } from '../router-config/entities.ts';
import type { CredentialFile } from '../router-config/tls-profiles.ts';
import type {
  Exposure,
  Placement,
  PlacementRequest,
  PodDirectory,
  RouterHealth,
  RouterPlace,
  RouterRequest,
  SitePod,
  SiteRuntime,
} from '../runtime.ts';
import type { AccessSettings } from './exposure/access-methods.ts';
import { Exposures } from './exposure/exposures.ts';
import { deployment, pod, role, roleBinding } from './kinds.ts';
import { decorate, isTemplate } from './label-templates.ts';
import { overlay } from './overlay.ts';
import { restartDigest, type RouterImage, routerDeployment } from './router-deployment.ts';
import { routerPermissions } from './router-permissions.ts';
import {
  healthListenerName,
  podCredentialPath,
  podProxyPasswordPath,
  routerHealthPort,
} from './router-place.ts';
import { healthOfPods, isRouterPod, sitePodOf } from './router-pods.ts';
import { sizingOf } from './sizing.ts';
import { TargetPorts } from './target-ports.ts';

export interface ClusterRuntimeDeps {
  readonly client: KubeClient;
  readonly informers: InformerSet;
  readonly log: Logger;
}

export interface ClusterRuntimeOptions {
  /** Where sizes, templates and the Gateway are. */
  readonly controllerNamespace: string;
  readonly image: RouterImage;
  readonly securityContext: boolean;
  readonly access: AccessSettings;
  /** Kinds of others that the API server has, as `plural.group`. */
  readonly available: ReadonlySet<string>;
}

export class ClusterRuntime implements SiteRuntime {
  readonly platform = 'kubernetes';
  readonly roles = ['inter-router', 'edge', 'normal'] as const;
  readonly edge = true;
  readonly ha = true;
  readonly sharesAddresses = false;
  readonly bindsAddresses = false;
  readonly routersHoldCredentials = true;
  readonly ownEntities: readonly RouterEntity[] = [healthListener()];
  readonly pods: PodDirectory;
  readonly #deps: ClusterRuntimeDeps;
  readonly #options: ClusterRuntimeOptions;
  readonly #exposures: Exposures;
  readonly #targetPorts = new TargetPorts();

  constructor(deps: ClusterRuntimeDeps, options: ClusterRuntimeOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#exposures = new Exposures(
      { ...deps, decorated: (object) => this.decorated(object) },
      { settings: options.access, ...options },
    );
    this.pods = podDirectory(deps.informers);
    // Named here, so that they are watched from the start.
    for (const kind of [deployment, role, roleBinding, serviceAccount]) deps.informers.of(kind);
  }

  /** Makes what all Sites share. @throws KubeClientError */
  async begin(): Promise<void> {
    await this.#exposures.ensureGateway();
  }

  get accessTypes(): readonly string[] {
    return this.#exposures.types;
  }

  async place(request: PlacementRequest): Promise<Placement> {
    const { purpose, namespace, name, accessType = '' } = request;
    const type = purpose === 'access' ? this.#exposures.serviceType(accessType) : 'ClusterIP';
    const chosen =
      purpose === 'listener'
        ? this.#targetPorts.choose(
            namespace,
            name,
            request.ports.map((port) => port.name),
            this.#deps.informers.of(service).list(namespace),
          )
        : new Map<string, number>();
    return {
      clusterIP: undefined,
      type,
      ports: request.ports.map((port) => ({
        name: port.name,
        port: port.port,
        targetPort: chosen.get(port.name) ?? port.targetPort ?? port.port,
      })),
    };
  }

  expose(access: SecuredAccess, front: Service): Promise<Exposure> {
    return this.#exposures.settle(access, front);
  }

  onExposure(handler: (key: ObjectKey) => void): () => void {
    return this.#exposures.onChange(handler);
  }

  decorated<T extends KubeObject>(object: T): T {
    const maps = this.#deps.informers.of(configMap);
    const { namespace = '' } = object.metadata;
    const { controllerNamespace } = this.#options;
    const templates: ConfigMap[] = [...maps.list(controllerNamespace)];
    if (namespace !== controllerNamespace) templates.push(...maps.list(namespace));
    return decorate(object, templates.filter(isTemplate));
  }

  bindOf(front: Service, portName: string): HostPort | undefined {
    const found = front.spec?.ports?.find(({ name }) => name === portName);
    const port = found?.targetPort ?? found?.port;
    return typeof port === 'number' ? { host: '', port } : undefined;
  }

  credentialPath(_place: RouterPlace, profile: string, file: CredentialFile): string {
    return podCredentialPath(profile, file);
  }

  proxyPasswordPath(_place: RouterPlace, proxy: string): string {
    return podProxyPasswordPath(proxy);
  }

  async ensureRouter({ site, group }: RouterRequest): Promise<boolean> {
    const { image, securityContext, controllerNamespace } = this.#options;
    const asked = site.spec?.serviceAccount ?? '';
    if (asked === '') {
      const permissions = routerPermissions(site);
      await this.#ensure(serviceAccount, permissions.serviceAccount);
      await this.#ensure(role, permissions.role);
      await this.#ensure(roleBinding, permissions.roleBinding);
    }
    const sizes = this.#deps.informers.of(configMap).list(controllerNamespace);
    const { resources, problems } = sizingOf(site, sizes);
    for (const problem of problems) this.#deps.log.warn('size not used as it is', { problem });
    const wanted = routerDeployment({
      site,
      group,
      image,
      serviceAccount: asked === '' ? siteObjects.serviceAccount : asked,
      resources,
      securityContext,
      digest: restartDigest(site),
    });
    await this.#ensure(deployment, wanted);
    return true;
  }

  healthOf(namespace: string, siteId: string): RouterHealth {
    const { informers } = this.#deps;
    const key = { namespace, name: siteObjects.routerGroup };
    const own = informers.of(deployment).get(key);
    const owner = own?.metadata.ownerReferences?.some(({ uid }) => uid === siteId);
    if (owner !== true) return { state: 'absent' };
    return healthOfPods(informers.of(pod).list(namespace));
  }

  async removeGroup(site: Site, group: string): Promise<void> {
    const { client, informers } = this.#deps;
    const key = { namespace: site.metadata.namespace ?? '', name: group };
    const found = informers.of(deployment).get(key);
    if (found === undefined || !isOwnedBy(found, site)) return;
    await client.remove(deployment, key, { uid: found.metadata.uid ?? '' });
  }

  managementOf(front: Service, group: string): HostPort | undefined {
    const { namespace = '' } = front.metadata;
    const ready = this.#routerPods(namespace).find(
      (each) => each.ready && each.labels[componentLabels.group] === group,
    );
    return ready && { host: ready.ip, port: this.#managementPort(front) };
  }

  async removeRouter(): Promise<void> {
    // What belongs to a Site goes with it; a Site whose spec is wrong keeps the router it has.
  }

  async namespacesOnDisk(): Promise<readonly string[]> {
    return [];
  }

  onHealth(handler: (namespace: string) => void): () => void {
    const { informers } = this.#deps;
    const groups = new Set(routerGroups(true));
    const leave = [
      informers.of(pod).onChange(({ object }) => {
        if (isRouterPod(object)) handler(object.metadata.namespace ?? '');
      }),
      informers.of(deployment).onChange(({ object }) => {
        if (groups.has(object.metadata.name)) {
          handler(object.metadata.namespace ?? '');
        }
      }),
    ];
    return () => {
      for (const end of leave) end();
    };
  }

  async stop(): Promise<void> {
    // Routers are not ours to stop: they serve while the controller is away.
  }

  #routerPods(namespace: string): readonly SitePod[] {
    const found = this.#deps.informers.of(pod).list(namespace).filter(isRouterPod);
    return found.flatMap((each) => sitePodOf(each) ?? []);
  }

  #managementPort(front: Service): number {
    return this.bindOf(front, managementListener)?.port ?? managementPort;
  }

  /** Makes or corrects an object of a Site; one of somebody else's is left alone. */
  async #ensure<T extends KubeObject>(kind: ResourceDefinition<T>, wanted: T): Promise<void> {
    const { client, informers } = this.#deps;
    const key = keyOf(wanted);
    const owner = wanted.metadata.ownerReferences?.[0]?.uid;
    const shape = (existing: T | undefined): T | undefined => {
      const isOurs = existing?.metadata.ownerReferences?.some(({ uid }) => uid === owner) ?? true;
      return isOurs ? overlay(existing, this.decorated(wanted)) : undefined;
    };
    await createOrUpdate(client, kind, key, shape, informers.of(kind).get(key));
  }
}

function healthListener(): RouterEntity {
  const attributes = {
    port: String(routerHealthPort),
    role: 'normal',
    http: true,
    healthz: true,
    metrics: true,
    httpRootDir: 'disabled',
  };
  return { type: 'listener', name: healthListenerName, attributes };
}

function podDirectory(informers: InformerSet): PodDirectory {
  const pods = informers.of(pod);
  return {
    synced: pods.synced,
    list: (namespace) =>
      pods
        .list(namespace)
        .flatMap((each) => sitePodOf(each) ?? [])
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    onChange: (handler) => pods.onChange(({ object }) => handler(object.metadata.namespace ?? '')),
  };
}
