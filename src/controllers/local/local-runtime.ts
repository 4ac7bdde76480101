/**
 * Routers as child processes of this one. Services get loopback addresses of their own where the
 * system allows, so equal ports of different services do not clash; what other sites reach
 * listens on the listen address.
 */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { KubeObject } from '#kube/index.ts';
import type { InformerSet } from '#kubeclient/index.ts';
import {
  acceptsTcp,
  heartbeatFd,
  type ProcessSpec,
  sameCommand,
  type SupervisedProcess,
  Supervisor,
} from '#supervisor/index.ts';
import { ControllerError } from '../errors.ts';
import { type SecuredAccess, type Service, service, type Site } from '../kinds.ts';
import { nameInGroup, routerGroups, siteObjects } from '../names.ts';
import { formatConfig } from '../router-config/config-file.ts';
import {
  type HostPort,
  managementListener,
  managementProfile,
  type RouterEntity,
} from '../router-config/entities.ts';
import type { CredentialFile } from '../router-config/tls-profiles.ts';
import type {
  Exposure,
  Placement,
  PlacementRequest,
  RouterHealth,
  RouterPlace,
  RouterRequest,
  SiteRuntime,
} from '../runtime.ts';
import { servicePortEndpoints } from '../secured-access/decide.ts';
import { AddressPool, becomesFree, isFree } from './address-pool.ts';
import { RouterFiles } from './router-files.ts';

export interface LocalRuntimeDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** For the addresses that Services have. */
  readonly informers: InformerSet;
}

export interface LocalRuntimeOptions {
  /** `DIR/sites`; one directory per namespace is made below it. */
  readonly sitesDirectory: string;
  /** Where routers listen for other sites. */
  readonly listenHost: string;
  /** Host that others use to reach them. */
  readonly advertiseHost: string;
  /** Starts a router; `--config FILE --exit-with-stdin --heartbeat-fd 3` is appended. */
  readonly routerCommand: readonly [string, ...string[]];
  /** Environment of routers beside what the runtime sets. */
  readonly routerEnvironment: Readonly<Record<string, string>>;
}

/** How long a port of a router that is ending may stay taken; milliseconds. */
const portHandoverMs = 3_000;
/** The address of all Services where the system has but one loopback address. */
const onlyLoopback = '127.0.0.1';
/** Where several processes may listen on the same port: what a second router of a Site needs. */
const sharesPorts: ReadonlySet<string> = new Set(['aix', 'freebsd', 'linux', 'sunos']);
/** Types whose change needs a restart. */
const startTypes: ReadonlySet<string> = new Set(['router', 'address', 'log']);

export class LocalRuntime implements SiteRuntime {
  readonly platform = 'linux';
  readonly accessTypes = ['local', 'loadbalancer', 'nodeport'] as const;
  readonly roles = ['inter-router', 'edge', 'normal'] as const;
  readonly edge = true;
  readonly ha = sharesPorts.has(process.platform);
  readonly sharesAddresses = true;
  readonly bindsAddresses = true;
  readonly routersHoldCredentials = false;
  readonly ownEntities = [];
  readonly #options: LocalRuntimeOptions;
  readonly #deps: LocalRuntimeDeps;
  readonly #pool: AddressPool;
  readonly #supervisor: Supervisor;
  readonly #handlers = new Set<(namespace: string) => void>();

  constructor(deps: LocalRuntimeDeps, options: LocalRuntimeOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#pool = new AddressPool(deps.random);
    this.#supervisor = new Supervisor({
      clock: deps.clock,
      random: deps.random,
      log: deps.log,
      onState: (name) => {
        for (const handler of this.#handlers) handler(namespaceOf(name));
      },
    });
  }

  async place(request: PlacementRequest): Promise<Placement> {
    if (request.purpose === 'access') return this.#placeAccess(request);
    const ports = request.ports.map(({ name, port }) => ({ name, port, targetPort: port }));
    const known = request.existing?.spec?.clusterIP;
    if (await this.#pool.hasManyLoopbacks()) {
      if (known !== undefined && known !== '') return { clusterIP: known, ports };
      const numbers = ports.map(({ port }) => port);
      return { clusterIP: await this.#pool.freeLoopback(this.#taken(), numbers), ports };
    }
    if (request.purpose === 'listener') return { clusterIP: onlyLoopback, ports };
    return { clusterIP: onlyLoopback, ports: await this.#choosePorts(request, onlyLoopback) };
  }

  async expose(access: SecuredAccess, front: Service): Promise<Exposure> {
    return { endpoints: servicePortEndpoints(access, front, this.#options.advertiseHost) };
  }

  onExposure(): () => void {
    // Whatever decides about it is in the Service, which its controller looks at anyway.
    return () => undefined;
  }

  decorated<T extends KubeObject>(object: T): T {
    return object;
  }

  bindOf(front: Service, portName: string): HostPort | undefined {
    const { clusterIP = '', ports = [] } = front.spec ?? {};
    const found = ports.find(({ name }) => name === portName);
    const port = found?.targetPort ?? found?.port;
    if (clusterIP === '' || typeof port !== 'number') return undefined;
    // A Service for other sites shows the listen address, or None where that means all addresses.
    return { host: clusterIP === 'None' ? this.#options.listenHost : clusterIP, port };
  }

  credentialPath(place: RouterPlace, profile: string, file: CredentialFile): string {
    return this.#files(place).credentialPath(profile, file);
  }

  proxyPasswordPath(place: RouterPlace, proxy: string): string {
    return this.#files(place).proxyPasswordPath(proxy);
  }

  async ensureRouter(request: RouterRequest): Promise<boolean> {
    const place = { namespace: request.site.metadata.namespace ?? '', group: request.group };
    const config = formatConfig(startEntities(request.entities));
    await this.#files(place).write(config, request.credentials, request.proxyPasswords);
    const management = bindOfListener(request.entities, managementListener);
    if (management === undefined) return true;
    const spec = this.#processSpec(request, management);
    const known = this.#supervisor.get(spec.name);
    const isReplaced = known?.state === 'ready' && !sameCommand(known.spec, spec);
    if (isReplaced && (!request.mayRestart || this.#isOtherStarting(place))) return false;
    if (known === undefined) {
      await becomesFree(management.host, management.port, portHandoverMs);
    }
    await this.#supervisor.ensure(spec);
    return true;
  }

  healthOf(namespace: string, siteId: string): RouterHealth {
    const own = this.#processesOf(namespace).filter(
      ({ spec }) => spec.env['SKUPPER_SITE_ID'] === siteId,
    );
    if (own.length === 0) return { state: 'absent' };
    const count = own.filter(({ state }) => state === 'ready').length;
    if (count > 0) return { state: 'ready', count };
    return { state: 'starting', message: 'Router process is not ready' };
  }

  /** Process id of a router of a namespace, for people who want to look at it. */
  pidOf(namespace: string, group: string = siteObjects.routerGroup): number | undefined {
    return this.#supervisor.get(processName({ namespace, group }))?.pid;
  }

  managementOf(front: Service, group: string): HostPort | undefined {
    const place = { namespace: front.metadata.namespace ?? '', group };
    if (this.#supervisor.get(processName(place))?.state !== 'ready') return undefined;
    return this.bindOf(front, nameInGroup(managementListener, group));
  }

  async removeGroup(site: Site, group: string): Promise<void> {
    const place = { namespace: site.metadata.namespace ?? '', group };
    await this.#supervisor.remove(processName(place));
    await this.#files(place).remove();
  }

  async removeRouter(namespace: string): Promise<void> {
    const places = routerGroups(true).map((group) => ({ namespace, group }));
    await Promise.all(places.map((place) => this.#supervisor.remove(processName(place))));
    // Those of the first are around those of the others.
    await this.#files({ namespace, group: siteObjects.routerGroup }).remove();
  }

  async namespacesOnDisk(): Promise<readonly string[]> {
    return readdir(this.#options.sitesDirectory).catch(() => []);
  }

  onHealth(handler: (namespace: string) => void): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  async stop(options: { readonly graceMs: number }): Promise<void> {
    await this.#supervisor.stop(options);
  }

  async #placeAccess(request: PlacementRequest): Promise<Placement> {
    const { listenHost } = this.#options;
    const supported: readonly string[] = this.roles;
    const asked = request.ports.filter(({ name }) => supported.includes(name));
    const ports = await this.#choosePorts({ ...request, ports: asked }, listenHost);
    const all = listenHost === '0.0.0.0' || listenHost === '::' || isIP(listenHost) === 0;
    return { clusterIP: all ? 'None' : listenHost, ports };
  }

  /** Keeps what the Service has; a port that must be exactly this one has to be free. */
  async #choosePorts(request: PlacementRequest, host: string): Promise<Placement['ports']> {
    const chosen: { name: string; port: number; targetPort: number }[] = [];
    const running = this.#processesOf(request.namespace).length > 0;
    for (const { name, port, fixed } of request.ports) {
      const known = request.existing?.spec?.ports?.find((each) => each.name === name)?.port;
      const number = await this.#choosePort(host, { port, fixed, known, running });
      chosen.push({ name, port: number, targetPort: number });
    }
    return chosen;
  }

  async #choosePort(
    host: string,
    wish: { port: number; fixed: boolean; known: number | undefined; running: boolean },
  ): Promise<number> {
    const { port, fixed, known, running } = wish;
    if (fixed) {
      if (known !== port && !(await isFree(host, port))) {
        const message = `port ${port} on ${host} is used by another program`;
        throw new ControllerError('CONTROLLER_PORT_TAKEN', message, { retry: 'backoff' });
      }
      return port;
    }
    if (known !== undefined && (running || (await becomesFree(host, known, portHandoverMs)))) {
      return known;
    }
    return this.#pool.freePort(host);
  }

  #taken(): ReadonlySet<string> {
    const services = this.#deps.informers.of(service).list();
    return new Set(services.map(({ spec }) => spec?.clusterIP ?? ''));
  }

  #files(place: RouterPlace): RouterFiles {
    return new RouterFiles(this.#options.sitesDirectory, place);
  }

  #processesOf(namespace: string): readonly SupervisedProcess[] {
    return routerGroups(true).flatMap(
      (group) => this.#supervisor.get(processName({ namespace, group })) ?? [],
    );
  }

  #isOtherStarting(place: RouterPlace): boolean {
    const own = processName(place);
    return this.#processesOf(place.namespace).some(
      ({ spec, state }) => spec.name !== own && state === 'starting',
    );
  }

  #processSpec(request: RouterRequest, management: HostPort): ProcessSpec {
    const { name, namespace = '', uid = '' } = request.site.metadata;
    const [command, ...args] = this.#options.routerCommand;
    const place = { namespace, group: request.group };
    return {
      name: processName(place),
      command,
      args: [
        ...args,
        '--config',
        this.#files(place).configPath,
        '--exit-with-stdin',
        '--heartbeat-fd',
        `${heartbeatFd}`,
      ],
      hasHeartbeat: true,
      env: {
        ...this.#options.routerEnvironment,
        SKUPPER_SITE_ID: uid,
        SKUPPER_SITE_NAME: name,
        SKUPPER_NAMESPACE: namespace,
        // Not read by routers: another digest makes another command, hence a restart.
        DRAWBRIDGE_CONFIG_DIGEST: startDigest(request, management),
      },
      probe: () => acceptsTcp(management.host, management.port),
    };
  }
}

/** Of the first router the namespace alone, which has no slash in its name. */
function processName({ namespace, group }: RouterPlace): string {
  return group === siteObjects.routerGroup ? namespace : `${namespace}/${group}`;
}

function namespaceOf(process: string): string {
  return process.split('/', 1).join('');
}

/**
 * What a router starts with: just enough to be managed. Links and services follow over management
 * as soon as it is connected. So the controllers hear the router's first beacon, which it sends
 * when the first listener appears; were a neighbour faster, ours would have to wait for the next.
 */
function startEntities(entities: readonly RouterEntity[]): readonly RouterEntity[] {
  return entities.filter(
    ({ type, name }) =>
      startTypes.has(type) ||
      (type === 'listener' && name === managementListener) ||
      (type === 'sslProfile' && name === managementProfile),
  );
}

/**
 * Changes when something changes that a running router cannot take over. A new local CA is such a
 * thing: who holds credentials of it can no longer manage the router that trusts the one before.
 */
function startDigest({ entities, credentials }: RouterRequest, management: HostPort): string {
  const fixed = entities.filter(({ type }) => startTypes.has(type));
  const own = credentials.find(({ profile }) => profile === managementProfile);
  const authority = own?.files.get('ca.crt')?.toString('base64') ?? '';
  return createHash('sha256')
    .update(JSON.stringify([fixed, management, authority]))
    .digest('hex');
}

function bindOfListener(entities: readonly RouterEntity[], listener: string): HostPort | undefined {
  const found = entities.find(({ type, name }) => type === 'listener' && name === listener);
  const { host, port } = found?.attributes ?? {};
  if (typeof host !== 'string' || port === undefined) return undefined;
  return { host, port: Number(port) };
}
