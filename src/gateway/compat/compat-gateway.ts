/** The gateway with the face of kube-gateway, put together. */
import { BlockList } from 'node:net';
import type { Clock } from '#base/clock.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import { httpsRequest, startHttpServer, type TlsIdentity } from '#http/index.ts';
import type { KubeConnection } from '#kubeclient/index.ts';
import { AuditLog, type AuditLogOptions } from '../audit/audit-log.ts';
import { ConsolePages } from '../console/console-pages.ts';
import { StaticPages } from '../console/static-pages.ts';
import { GatewayError } from '../errors.ts';
import type { PageSource } from '../http/page-source.ts';
import { Recorder } from '../http/recorder.ts';
import { defaultForwardLimits } from '../proxy/forward-limits.ts';
import { defaultGrantLimits } from '../grant/grant-facts.ts';
import { Upstream } from '../proxy/upstream.ts';
import { StreamRegistry } from '../stream/stream-registry.ts';
import { CompatHandler, type CompatHandlerOptions } from './compat-handler.ts';
import { type LinkKeyPlaces, linkKeySource } from './link-key-source.ts';
import { LinkKeys } from './link-keys.ts';
import { defaultMintLimits } from './mint-request.ts';
import { OAuthLogin, type OAuthOptions } from './oauth-login.ts';
import { OpenPaths } from './open-paths.ts';

export interface CompatGatewayDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  /** Told of the bytes of long answers and streams as they pass, to free their buffers in time. */
  readonly onRead?: (bytes: number) => void;
}

export interface CompatGatewayOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: TlsIdentity;
  /** Names by which clients come here, without ports; empty: any. */
  readonly hosts: readonly string[];
  /** The API server, with the account of the gateway. */
  readonly connection: KubeConnection;
  readonly keys: LinkKeyPlaces;
  readonly mints: boolean;
  /** Prefix of the API with both slashes. */
  readonly apiPath: string;
  /** Prefix of the pages with both slashes. */
  readonly basePath: string;
  readonly clientPath: string;
  readonly publicDir?: string;
  readonly audit: AuditLogOptions;
  /** Set: people log in at an OAuth server and act as themselves. */
  readonly oauth?: OAuthOptions;
}

export interface RunningCompatGateway extends Running {
  readonly port: number;
  readonly origin: string;
  /** New handshakes use this from now on. @throws HttpError HTTP_TLS_INVALID, the old one stays */
  setTls(identity: TlsIdentity): void;
}

const serverLimits = {
  connectionsMax: 8192,
  headersBytesMax: 80 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
};

/** @throws GatewayError GATEWAY_CONFIG; HttpError HTTP_LISTEN_FAILED, HTTP_TLS_INVALID */
export async function startCompatGateway(
  deps: CompatGatewayDeps,
  options: CompatGatewayOptions,
): Promise<RunningCompatGateway> {
  const log = deps.log.child({ component: 'gateway' });
  const { clock, metrics } = deps;
  const { connection, keys: places } = options;
  checkPaths(options);
  const pages = await pagesOf(options, log);
  const streams = new StreamRegistry(clock);
  const oauth =
    options.oauth && (await OAuthLogin.start({ clock, log, streams, connection }, options.oauth));
  const audit = new AuditLog({ clock, log }, options.audit);
  await audit.start();
  const overlapMs = defaultMintLimits.lifeMsMax;
  const keys = new LinkKeys({ clock, log }, linkKeySource(connection, places), overlapMs);
  await keys.start();
  const upstream = new Upstream('local', connection);
  const handler = new CompatHandler(
    {
      clock,
      log,
      keys,
      upstream,
      openPaths: new OpenPaths(clock, (path) => askOpenly(connection, path)),
      oauth,
      recorder: new Recorder({
        audit,
        clock,
        metrics,
        identity: { mode: 'account' },
        limits: defaultGrantLimits,
      }),
      forward: {
        streams,
        identity: { mode: 'account' },
        countStream: async () => undefined,
        ...(deps.onRead === undefined ? {} : { onRead: deps.onRead }),
      },
      pages,
    },
    handlerOptions(options),
  );
  const server = await startHttpServer(
    {
      logger: log,
      handle: (request, response) => handler.handle(request, response),
      upgrade: (request, socket, head) => handler.upgrade(request, socket, head),
    },
    {
      host: options.host,
      port: options.port,
      limits: serverLimits,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    },
  );
  return {
    port: server.port,
    origin: server.origin,
    setTls: (identity) => server.setTls(identity),
    stop: async (stopOptions) => {
      await streams.stop();
      await server.stop(stopOptions);
      await keys.stop();
      await audit.stop();
      upstream.close();
      oauth?.stop();
    },
  };
}

function handlerOptions(options: CompatGatewayOptions): CompatHandlerOptions {
  const { keys } = options;
  return {
    apiPath: options.apiPath,
    clientPath: options.clientPath,
    mints: options.mints,
    mint: defaultMintLimits,
    hosts: hostsOf(options.hosts),
    secure: options.tls !== undefined,
    trustedProxies: new BlockList(),
    never: {
      protectedNamespaces: new Set([keys.verification.namespace, keys.signing.namespace]),
      nodesProxy: false,
    },
    forward: defaultForwardLimits,
  };
}

/** Pages of the user's own first, then what the console brings for screens. */
async function pagesOf(options: CompatGatewayOptions, log: Logger): Promise<readonly PageSource[]> {
  const { publicDir, basePath, clientPath } = options;
  const console = new ConsolePages(log, { [clientPath.split('?', 1)[0] ?? '']: 'vnc.html' });
  if (publicDir === undefined) return [console];
  const own = await StaticPages.load(publicDir);
  const below: PageSource = {
    serve: (path, request, response) =>
      path.startsWith(basePath) && own.serve(path.slice(basePath.length - 1), request, response),
  };
  return [below, console];
}

async function askOpenly(connection: KubeConnection, path: string) {
  const { tls } = await connection.credentials();
  return httpsRequest({
    url: `${connection.server}${path}`,
    headers: { accept: 'application/json' },
    minVersion: 'TLSv1.2',
    rejectUnauthorized: tls.rejectUnauthorized ?? true,
    bodyBytesMax: 256 * 1024,
    ...(typeof tls.ca === 'string' ? { ca: tls.ca } : {}),
  });
}

/** Undefined when no names are given: the original never looks at the Host. */
function hostsOf(hosts: readonly string[]): ReadonlySet<string> | undefined {
  return hosts.length === 0 ? undefined : new Set(hosts.map((host) => host.toLowerCase()));
}

/** @throws GatewayError GATEWAY_CONFIG */
function checkPaths({ apiPath, basePath, clientPath }: CompatGatewayOptions): void {
  const plain = /^\/(?:[A-Za-z0-9._-]+\/)*$/;
  if (!plain.test(apiPath) || apiPath === '/') throw config('-api-path', apiPath);
  if (!plain.test(basePath)) throw config('-base-path', basePath);
  if (!/^\/[A-Za-z0-9._~/-]*$/.test(clientPath)) {
    throw config('-client-path', clientPath, 'such as /noVNC/vnc_lite.html');
  }
}

function config(flag: string, value: string, wanted = 'that begins and ends with a slash') {
  const message = `${flag} ${JSON.stringify(value)} must be a path ${wanted}`;
  return new GatewayError('GATEWAY_CONFIG', message);
}
