/** The embedded API of `drawbridge up`: store, certificates, server, kubeconfig. */
import { isIP } from 'node:net';
import { join } from 'node:path';
import { apiDefinitions } from '#apis/index.ts';
import {
  type ApiServerOptions,
  type AuditLevel,
  ensureServerFiles,
  openApiStore,
  type RunningApiServer,
  type ServerFiles,
  type ServerFilesRequest,
  startApiServer,
} from '#apiserver/index.ts';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { builtinDefinitions, type KubeObject, Registry } from '#kube/index.ts';
import type { TlsIdentity } from '#http/index.ts';
import { directConnection, KubeClient, type KubeConnection } from '#kubeclient/index.ts';
import type { Store } from '#store/index.ts';
import type { RunningStack } from './running-stack.ts';
import { systemClock, systemRandom } from './system.ts';

export interface ApiPartOptions {
  readonly dataPath: string;
  readonly listen: string;
  readonly port: number;
  readonly advertise: string;
  readonly version: string;
  /** File that tells who did what; absent: none. */
  readonly auditLog?: string;
  /** Default Metadata. */
  readonly auditLevel?: AuditLevel;
}

export interface ApiPart {
  readonly server: RunningApiServer;
  readonly store: Store<KubeObject>;
  /** URL for clients on this machine. */
  readonly url: string;
  readonly kubeconfig: string;
  /** The machine's owner, as the kubeconfig is. */
  readonly client: KubeClient;
  readonly connection: KubeConnection;
  /** PEM of the CA of everything on this machine. */
  readonly ca: string;
  /** Of a server on this machine, for the names under which it is reached. */
  readonly tls: TlsIdentity;
  /** Tells when the identity was renewed. */
  onTls(user: (identity: TlsIdentity) => void): void;
}

/** The address by which this machine reaches what listens on `listen`. */
export function localHostOf(listen: string): string {
  if (listen === '0.0.0.0') return '127.0.0.1';
  if (listen === '::') return '::1';
  return listen;
}

/** A host as it stands in URLs. */
export function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** How often the server's certificate is looked at; milliseconds. */
const renewalCheckMs = 12 * 3600 * 1000;

/** Renews the server's certificate when it is due, also in a process that runs for years. */
function keepCertificate(
  deps: { readonly clock: typeof systemClock; readonly logger: Logger },
  use: (files: ServerFiles) => void,
  request: ServerFilesRequest,
): Running {
  const timer = setInterval(() => {
    ensureServerFiles(deps, request)
      .then(use)
      .catch((thrown: unknown) =>
        deps.logger.error('certificate of the API server not renewed', {
          reason: messageOf(thrown),
        }),
      );
  }, renewalCheckMs);
  timer.unref();
  return { stop: async () => clearInterval(timer) };
}

function auditOf({ auditLog, auditLevel }: ApiPartOptions): Pick<ApiServerOptions, 'audit'> {
  if (auditLog === undefined) return {};
  return { audit: { path: auditLog, ...(auditLevel === undefined ? {} : { level: auditLevel }) } };
}

/**
 * Starts store and server; both go onto the stack.
 * @throws StoreError, ApiServerError, HttpError
 */
export async function startApiPart(
  stack: RunningStack,
  log: Logger,
  options: ApiPartOptions,
): Promise<ApiPart> {
  const deps = { clock: systemClock, logger: log };
  const store = await openApiStore(deps, { directory: options.dataPath });
  stack.add('store', store);
  const request = {
    directory: join(options.dataPath, 'pki'),
    hosts: [localHostOf(options.listen), options.advertise],
  };
  const files = await ensureServerFiles(deps, request);
  const kubeconfig = join(options.dataPath, 'kubeconfig');
  const owner = { ca: files.ca, cert: files.adminCert, key: files.adminKey };
  const server = await startApiServer(
    {
      ...deps,
      random: systemRandom,
      store,
      registry: new Registry([...builtinDefinitions, ...apiDefinitions]),
    },
    {
      host: options.listen,
      port: options.port,
      tls: { cert: files.serverCert, key: files.serverKey, clientCa: files.ca },
      version: options.version,
      issuerHost: options.advertise,
      ...auditOf(options),
      tokenKeysDirectory: join(options.dataPath, 'pki', 'tokens'),
      kubeconfig: { path: kubeconfig, host: localHostOf(options.listen), ...owner },
    },
  );
  stack.add('API server', server);
  const users = new Set<(identity: TlsIdentity) => void>();
  const use = ({ serverCert: cert, serverKey: key, ca }: ServerFiles): void => {
    server.setTls({ cert, key, clientCa: ca });
    for (const user of users) user({ cert, key });
  };
  stack.add('certificate renewal', keepCertificate(deps, use, request));
  const url = `https://${urlHost(localHostOf(options.listen))}:${server.port}`;
  const connection = directConnection({ server: url, ...owner });
  return {
    server,
    store,
    url,
    kubeconfig,
    connection,
    client: new KubeClient(connection),
    ca: files.ca,
    tls: { cert: files.serverCert, key: files.serverKey },
    onTls: (user) => void users.add(user),
  };
}
