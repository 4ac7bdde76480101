/** Makes what brings others in beside Services, keeps it, and takes away what is not wanted. */
import type { Logger } from '#base/log.ts';
import {
  isOwnedBy,
  isTerminating,
  type KubeObject,
  type ObjectKey,
  type ResourceDefinition,
} from '#kube/index.ts';
import { createOrUpdate, type InformerSet, type KubeClient } from '#kubeclient/index.ts';
import { ControllerError } from '../../errors.ts';
import type { SecuredAccess, Service } from '../../kinds.ts';
import { annotations, labels } from '../../names.ts';
import type { Exposure } from '../../runtime.ts';
import { type Gateway, gateway, route } from '../foreign-kinds.ts';
import { overlay } from '../overlay.ts';
import { accessMethods, type AccessSettings, defaultAccessType } from './access-methods.ts';
import type { AccessMethod } from './method.ts';
import { gatewayName, gatewayObject } from './tls-route.ts';

export interface ExposuresDeps {
  readonly client: KubeClient;
  readonly informers: InformerSet;
  readonly log: Logger;
  readonly decorated: <T extends KubeObject>(object: T) => T;
}

export interface ExposuresOptions {
  readonly settings: AccessSettings;
  readonly controllerNamespace: string;
  /** Kinds of others that the API server has, as `plural.group`. */
  readonly available: ReadonlySet<string>;
}

export class Exposures {
  readonly #deps: ExposuresDeps;
  readonly #options: ExposuresOptions;
  readonly #methods: ReadonlyMap<string, AccessMethod>;
  readonly #defaultType: string;
  /** Kinds that are watched: those of enabled methods, as far as the cluster has them. */
  readonly #kinds: readonly ResourceDefinition[];

  constructor(deps: ExposuresDeps, options: ExposuresOptions) {
    this.#deps = deps;
    this.#options = options;
    const { settings, controllerNamespace } = options;
    const key = { namespace: controllerNamespace, name: gatewayName };
    this.#methods = accessMethods(settings, controllerNamespace, () => {
      const kept: Gateway | undefined = this.#has(gateway)
        ? deps.informers.of(gateway).get(key)
        : undefined;
      return kept;
    });
    this.#defaultType = defaultAccessType(settings, this.#has(route));
    const kinds = new Set([...this.#methods.values()].flatMap(({ kind }) => kind ?? []));
    this.#kinds = [...kinds].filter((kind) => this.#has(kind));
  }

  /** Access types that may be asked for. */
  get types(): readonly string[] {
    return [...this.#methods.keys()];
  }

  /** The kind of Service of an access type. */
  serviceType(accessType: string): AccessMethod['serviceType'] {
    return this.#methodOf(accessType)?.serviceType ?? 'ClusterIP';
  }

  /** @returns takes the handler away */
  onChange(handler: (key: ObjectKey) => void): () => void {
    const { informers } = this.#deps;
    const leave = this.#kinds.map((kind) =>
      informers.of(kind).onChange(({ object }) => {
        const name = object.metadata.labels?.[labels.securedAccessName];
        if (name !== undefined) handler({ namespace: object.metadata.namespace ?? '', name });
      }),
    );
    return () => {
      for (const end of leave) end();
    };
  }

  /** @throws ControllerError CONTROLLER_ACCESS_KIND_MISSING; KubeClientError */
  async settle(access: SecuredAccess, front: Service): Promise<Exposure> {
    const { informers } = this.#deps;
    const { namespace = '' } = access.metadata;
    const method = this.#methodOf(access.spec?.accessType ?? '');
    if (method === undefined) return { endpoints: [] };
    const { kind } = method;
    if (kind !== undefined && !this.#has(kind)) {
      const message = `the cluster has no ${kind.plural}.${kind.group}`;
      throw new ControllerError('CONTROLLER_ACCESS_KIND_MISSING', message, { retry: 'backoff' });
    }
    const found = (name: string): KubeObject | undefined =>
      kind === undefined ? undefined : informers.of(kind).get({ namespace, name });
    const wanted = method.wanted(access, found);
    if (kind !== undefined) for (const object of wanted) await this.#ensure(kind, object, access);
    await this.#removeOthers(access, kind, new Set(wanted.map(({ metadata }) => metadata.name)));
    return method.exposure(access, front, found);
  }

  /** Makes the one Gateway, where that way in is enabled. */
  async ensureGateway(): Promise<void> {
    const { settings, controllerNamespace: namespace } = this.#options;
    if (!settings.enabled.includes('gateway') || !this.#has(gateway)) return;
    const { gatewayClass: className, gatewayDomain: domain, gatewayPort: port } = settings;
    const wanted = gatewayObject({ className, domain, port, namespace });
    const key = { namespace, name: gatewayName };
    await createOrUpdate(this.#deps.client, gateway, key, (existing) => overlay(existing, wanted));
  }

  #methodOf(accessType: string): AccessMethod | undefined {
    return this.#methods.get(accessType === '' ? this.#defaultType : accessType);
  }

  #has(kind: ResourceDefinition): boolean {
    return this.#options.available.has(`${kind.plural}.${kind.group}`);
  }

  async #ensure(
    kind: ResourceDefinition,
    wanted: KubeObject,
    access: SecuredAccess,
  ): Promise<void> {
    const { client, informers, decorated } = this.#deps;
    const { name, namespace = '' } = wanted.metadata;
    const shape = (existing: KubeObject | undefined): KubeObject => {
      if (existing !== undefined && !isOwnedBy(existing, access)) {
        const message = `${kind.kind} ${name} already exists in namespace`;
        throw new ControllerError('CONTROLLER_NOT_OURS', message, { retry: 'backoff' });
      }
      return overlay(existing, decorated(wanted));
    };
    const known = informers.of(kind).get({ namespace, name });
    await createOrUpdate(client, kind, { namespace, name }, shape, known);
  }

  /** What an earlier access type or port left. */
  async #removeOthers(
    access: SecuredAccess,
    current: ResourceDefinition | undefined,
    wanted: ReadonlySet<string>,
  ): Promise<void> {
    const { client, informers } = this.#deps;
    const { namespace = '' } = access.metadata;
    for (const kind of this.#kinds) {
      for (const object of informers.of(kind).list(namespace)) {
        const { name, uid = '' } = object.metadata;
        const isWanted = kind === current && wanted.has(name);
        const isOurs =
          isOwnedBy(object, access) &&
          object.metadata.annotations?.[annotations.controlled] !== undefined;
        if (isWanted || !isOurs || isTerminating(object)) continue;
        await client.remove(kind, { namespace, name }, { uid });
      }
    }
  }
}
