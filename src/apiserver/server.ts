/** Puts the API server together and runs it: store, controllers of its own, HTTPS. */
import type { Clock } from '#base/clock.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { type RunningHttpServer, startHttpServer, type TlsIdentity } from '#http/index.ts';
import {
  Admission,
  FieldOwnership,
  type KubeObject,
  type Registry,
  type ResourceDefinition,
  TableRenderer,
} from '#kube/index.ts';
import type { Store } from '#store/index.ts';
import { Access } from './access/access.ts';
import type { AuditLevel } from './access/audit/audit-event.ts';
import { AuditFile, type AuditFileOptions } from './access/audit/audit-file.ts';
import { customKindGate } from './custom/kind-rules.ts';
import { Discovery } from './discovery/discovery.ts';
import { OpenApi } from './discovery/openapi.ts';
import { type KubeconfigFileOptions, KubeconfigFile, withHost } from './kubeconfig-file.ts';
import { Keepers } from './lifecycle/keepers.ts';
import { type ApiServerLimits, defaultApiServerLimits } from './limits.ts';
import { ObjectLister } from './objects/object-lister.ts';
import { ObjectRemover } from './objects/object-remover.ts';
import { ObjectMaker } from './objects/object-maker.ts';
import { ObjectWriter } from './objects/object-writer.ts';
import { RequestHandler, type RequestHandlerDeps } from './request-handler.ts';
import { ResourceHandler } from './resource-handler.ts';
import { WatchService } from './watch/watch-service.ts';

export interface ApiServerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** From `openApiStore`. Its owner stops it after the server. */
  readonly store: Store<KubeObject>;
  readonly registry: Registry;
}

export interface ApiServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** `clientCa` is the CA of client certificates. */
  readonly tls: Omit<TlsIdentity, 'clientCertificateRequired'>;
  /** Of Drawbridge, such as `0.1.0`; part of what `/version` says. */
  readonly version: string;
  readonly limits?: Partial<ApiServerLimits>;
  /** Where the keys of ServiceAccount tokens are kept; absent: they end with the process. */
  readonly tokenKeysDirectory?: string;
  /** Host by which others know this server, in the issuer of tokens; default the bound address. */
  readonly issuerHost?: string;
  /** Writes down who did what. */
  readonly audit?: AuditFileOptions & { readonly level?: AuditLevel };
  /** Keeps a kubeconfig with a context for each namespace. */
  readonly kubeconfig?: KubeconfigFileOptions;
}

export interface RunningApiServer extends Running {
  readonly port: number;
  /** `https://host:port` */
  readonly origin: string;
  readonly openWatches: number;
  /** New connections get this certificate. @throws HttpError HTTP_TLS_INVALID */
  setTls(identity: ApiServerOptions['tls']): void;
}

/** The Kubernetes version whose features clients may count on. */
const kubernetesVersion = { major: '1', minor: '34', text: 'v1.34.0' } as const;

/**
 * Starts the API server; the permanent namespaces exist when it resolves.
 * @throws HttpError HTTP_LISTEN_FAILED, HTTP_TLS_INVALID
 * @throws ApiServerError APISERVER_FILES_UNUSABLE
 */
export async function startApiServer(
  deps: ApiServerDeps,
  options: ApiServerOptions,
): Promise<RunningApiServer> {
  const limits = { ...defaultApiServerLimits, ...options.limits };
  const { store, clock, random, registry } = deps;
  const logger = deps.logger.child({ component: 'apiserver' });
  const admissionOf = keyed((definition) => new Admission(definition));
  const tableOf = keyed((definition) => new TableRenderer(definition));
  let http: RunningHttpServer | undefined;
  const issuer = (): string => (http ? withHost(http.origin, options.issuerHost) : '');
  const keys = options.tokenKeysDirectory;
  const access = new Access(
    { clock, logger, store, registry, issuer },
    keys === undefined ? {} : { keys: { directory: keys } },
  );
  const gates = [...access.gates, customKindGate(registry)];
  const auditFile = options.audit && new AuditFile(logger, options.audit);
  const fieldsOf = keyed((definition) => new FieldOwnership(definition));
  const maker = new ObjectMaker({ clock, admissionOf, gates, fieldsOf });
  const writer = new ObjectWriter({ store, random, admissionOf, maker }, limits);
  const remover = new ObjectRemover({ writer, clock, registry });
  const lister = new ObjectLister(store, limits);
  const watches = new WatchService({ store, random, logger }, limits);
  const keepers = new Keepers({ clock, store, registry, writer, remover, logger });
  const resources = new ResourceHandler(
    { store, clock, lister, writer, remover, watches, tableOf },
    limits,
  );
  const handler = new RequestHandler(
    {
      logger,
      registry,
      access,
      audit: auditFile && auditTo(auditFile, clock, options.audit?.level),
      discovery: new Discovery(registry),
      openApi: new OpenApi(registry, options.version),
      resources,
      version: versionDocument(options.version),
      unhealthy: () => store.failure?.message,
    },
    limits,
  );
  await keepers.start();
  try {
    await access.start(writer);
    await keepers.showOwnKinds();
    http = await startHttpServer(
      { logger, handle: (...exchange) => handler.handle(...exchange) },
      {
        host: options.host,
        port: options.port,
        tls: options.tls,
        limits: { connectionsPerAddressMax: limits.connectionsPerAddressMax },
      },
    );
    const file = options.kubeconfig && new KubeconfigFile({ store, logger }, options.kubeconfig);
    file?.start(http.origin);
    const optional = [file, auditFile].filter((part) => part !== undefined);
    return new ApiServer(http, watches, [access, keepers, ...optional]);
  } catch (thrown) {
    await http?.stop({ graceMs: 0 });
    await access.stop();
    await keepers.stop();
    await auditFile?.stop();
    throw thrown;
  }
}

class ApiServer implements RunningApiServer {
  readonly #http: RunningHttpServer;
  readonly #watches: WatchService;
  readonly #parts: readonly { stop(): Promise<void> }[];

  constructor(
    http: RunningHttpServer,
    watches: WatchService,
    parts: readonly { stop(): Promise<void> }[],
  ) {
    this.#http = http;
    this.#watches = watches;
    this.#parts = parts;
  }

  get port(): number {
    return this.#http.port;
  }

  get origin(): string {
    return this.#http.origin;
  }

  get openWatches(): number {
    return this.#watches.openCount;
  }

  setTls(identity: ApiServerOptions['tls']): void {
    this.#http.setTls(identity);
  }

  async stop(options: { readonly graceMs: number }): Promise<void> {
    await this.#http.stop(options);
    for (const part of this.#parts) await part.stop();
  }
}

function auditTo(
  file: AuditFile,
  clock: Clock,
  level: AuditLevel = 'Metadata',
): RequestHandlerDeps['audit'] {
  return { clock, level, write: (event) => file.write(event) };
}

/** Makes the value of a definition once. */
function keyed<T>(
  make: (definition: ResourceDefinition) => T,
): (definition: ResourceDefinition) => T {
  const known = new WeakMap<ResourceDefinition, T>();
  return (definition) => {
    const found = known.get(definition);
    if (found !== undefined) return found;
    const made = make(definition);
    known.set(definition, made);
    return made;
  };
}

function versionDocument(version: string): unknown {
  const { major, minor, text } = kubernetesVersion;
  return {
    major,
    minor,
    gitVersion: `${text}+drawbridge-${version}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${process.platform}/${architecture()}`,
  };
}

/** The architecture by its Go name. */
function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
