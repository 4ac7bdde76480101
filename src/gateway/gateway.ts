/** The gateway, put together: grants, rules, proxy, audit and one HTTPS server. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BlockList } from 'node:net';
import {
  type GatewayApproval,
  type GatewayToken,
  gatewayToken,
  gatewayVerdict,
} from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import type { Random } from '#base/random.ts';
import {
  type HttpServerLimits,
  networksOf,
  startHttpServer,
  type TlsIdentity,
} from '#http/index.ts';
import {
  type EventRecorder,
  Informer,
  type KubeClient,
  type KubeConnection,
} from '#kubeclient/index.ts';
import { AuditLog, type AuditLogOptions } from './audit/audit-log.ts';
import type { Creators } from './creator/creators.ts';
import { GatewayError } from './errors.ts';
import { LoginRoutes } from './login/login-routes.ts';
import type { LoginOptions } from './login/login-options.ts';
import { Issuer } from './issue/issuer.ts';
import { GrantBook } from './grant/grant-book.ts';
import { defaultGrantLimits, type GrantLimits } from './grant/grant-facts.ts';
import { GrantFollower } from './grant/grant-follower.ts';
import { ConsolePages } from './console/console-pages.ts';
import { StaticPages } from './console/static-pages.ts';
import { Admission } from './http/admission.ts';
import { ApprovalRoutes } from './http/approval-routes.ts';
import { GatewayHandler } from './http/gateway-handler.ts';
import type { PageSource } from './http/page-source.ts';
import { NativeApi } from './http/native-api.ts';
import { VerdictFollower, type VerdictFollowerDeps } from './verdict/verdict-follower.ts';
import type { Approvers } from './verdict/approvers.ts';
import { ApprovalSeal } from './oversight/approval-seal.ts';
import { Approvals } from './oversight/approvals.ts';
import { recordCut, Recorder } from './http/recorder.ts';
import { defaultForwardLimits, type ForwardLimits } from './proxy/forward-limits.ts';
import { type CutRecording, type RecordingOptions, Recordings } from './recording/recordings.ts';
import type { Identity, IdentityMode, Impersonates } from './proxy/identity.ts';
import { Upstream } from './proxy/upstream.ts';
import { requireUsable } from './proxy/usable-connections.ts';
import { Gatekeeper, type GatekeeperDeps } from './session/gatekeeper.ts';
import {
  defaultStreamLimits,
  type StreamLimits,
  StreamRegistry,
} from './stream/stream-registry.ts';

export interface GatewayDeps {
  /** Keeps the grants. */
  readonly client: KubeClient;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  /** Says who created which grant. Absent: the API server does, as the embedded one. */
  readonly creators?: Creators;
  /** Says who made which verdict. Absent: as `creators` was told; without them none is counted. */
  readonly approvers?: Approvers;
  /** Answers everything below a path of its own, before any grant is looked at. */
  readonly beside?: Beside;
  /** Told of the bytes of long answers and streams as they pass, to free their buffers in time. */
  readonly onRead?: (bytes: number) => void;
}

/** Something else that is served on the same port. */
export interface Beside {
  /** Such as `/kubernetes`. */
  readonly prefix: string;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export interface GatewayOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly tls: TlsIdentity;
  /** Names and addresses by which clients come here, without ports. */
  readonly hosts: readonly string[];
  /** API servers by name; `local` is the one behind /k8s. */
  readonly clusters: ReadonlyMap<string, KubeConnection>;
  readonly identity: IdentityMode;
  /** Absent: everybody. */
  readonly impersonates?: Impersonates;
  /** Where grants are kept, to issue them for callers with a bearer there. Absent: it does not. */
  readonly issuing?: KubeConnection;
  /** The gateway's own: where it keeps the key of approvals. */
  readonly namespace: string;
  /** Absent: nobody logs in. */
  readonly login?: LoginOptions;
  /** Namespaces whose Secrets no grant opens. */
  readonly protectedNamespaces: readonly string[];
  /** Lets grants name nodes/proxy. Default false. */
  readonly nodesProxy?: boolean;
  /** Networks of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[];
  /** Networks of proxies whose connections must begin with the PROXY protocol. */
  readonly proxyProtocol?: readonly string[];
  /** Origins beside our own whose pages may use sessions. */
  readonly allowedOrigins?: readonly string[];
  /** Folder of a web application that is served instead of the console. */
  readonly publicDir?: string;
  readonly audit: AuditLogOptions;
  /** Absent: terminals are not recorded. */
  readonly recording?: RecordingOptions;
  /** Without word from the API for this long nothing is served; default 10 000 ms. */
  readonly graceMs?: number;
  readonly limits?: Partial<GrantLimits & ForwardLimits & StreamLimits & HttpServerLimits>;
}

export interface RunningGateway extends Running {
  readonly port: number;
  /** `https://host:port` as bound. */
  readonly origin: string;
  readonly openStreams: number;
  /** Why it cannot serve now; undefined when it can. */
  readonly problem: string | undefined;
  /** New handshakes use this from now on. @throws HttpError HTTP_TLS_INVALID, the old one stays */
  setTls(identity: TlsIdentity): void;
}

/** Connections of one client, where a connection shows whose it is. */
const connectionsPerAddressMax = 512;

/** Behind a proxy all connections have its address, so they cannot be counted by that. */
function limitsOfOneClient(options: GatewayOptions): Partial<HttpServerLimits> {
  const { trustedProxies = [], proxyProtocol = [] } = options;
  return trustedProxies.length + proxyProtocol.length > 0 ? {} : { connectionsPerAddressMax };
}

/** Of the server: slow and greedy clients end here. */
const serverLimits = {
  connectionsMax: 8192,
  headersBytesMax: 16 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  handshakeTimeoutMs: 10_000,
};
const graceMsDefault = 10_000;
/** For the first list of the grants; milliseconds. */
const startMsMax = 20_000;

/**
 * Starts it; resolves when the grants are known and requests are answered.
 * @throws GatewayError GATEWAY_CONFIG; HttpError HTTP_LISTEN_FAILED, HTTP_TLS_INVALID
 */
export async function startGateway(
  deps: GatewayDeps,
  options: GatewayOptions,
): Promise<RunningGateway> {
  const log = deps.log.child({ component: 'gateway' });
  const proxies = options.proxyProtocol && networksIn(options.proxyProtocol, 'PROXY protocol');
  requireUsable(options.clusters, log);
  const begun = await begin({ ...deps, log }, options);
  const { audit, grants } = begun;
  const parts = assemble({ ...deps, log }, options, begun);
  grants.start();
  parts.follower.start();
  const stopParts = async (): Promise<void> => {
    await parts.verdicts?.stop();
    await parts.streams.stop();
    await begun.recordings?.stop();
    await parts.follower.stop();
    await grants.stop();
    await audit.stop();
    await begun.recordings?.close();
    for (const upstream of parts.upstreams.values()) upstream.close();
  };
  if (!(await isInTime(grants.synced, startMsMax))) {
    await stopParts();
    throw new GatewayError('GATEWAY_CONFIG', 'the API that keeps the grants cannot be read');
  }
  parts.verdicts?.start();
  try {
    const server = await startHttpServer(
      {
        logger: log,
        handle: (request, response) =>
          isBeside(request.url, deps.beside)
            ? deps.beside.handle(request, response)
            : parts.handler.handle(request, response),
        upgrade: (request, socket, head) => parts.handler.upgrade(request, socket, head),
      },
      {
        host: options.host,
        port: options.port,
        tls: options.tls,
        ...(proxies === undefined ? {} : { proxies }),
        limits: { ...serverLimits, ...limitsOfOneClient(options), ...options.limits },
      },
    );
    log.info('gateway listens', { url: server.origin });
    return {
      port: server.port,
      origin: server.origin,
      get openStreams() {
        return parts.streams.size;
      },
      get problem() {
        return parts.unhealthy();
      },
      setTls: (identity) => server.setTls(identity),
      stop: async (stopOptions) => {
        await parts.streams.stop();
        await server.stop(stopOptions);
        await stopParts();
      },
    };
  } catch (thrown) {
    await stopParts();
    throw thrown;
  }
}

/** Read as it came: what is below a prefix, that one decides about alone. */
function isBeside(target = '', beside?: Beside): beside is Beside {
  if (beside === undefined) return false;
  const { prefix } = beside;
  return target === prefix || target.startsWith(`${prefix}/`) || target.startsWith(`${prefix}?`);
}

/** What has to be there before anything is put together. @throws GatewayError GATEWAY_CONFIG */
async function begin(deps: GatewayDeps, options: GatewayOptions): Promise<Begun> {
  const trustedProxies = networksIn(options.trustedProxies ?? [], 'trusted proxies');
  const pages = [
    ...(options.publicDir === undefined ? [] : [await StaticPages.load(options.publicDir)]),
    new ConsolePages(deps.log),
  ];
  const audit = new AuditLog(deps, options.audit);
  await audit.start();
  const grants = new Informer<GatewayToken>(gatewayToken, deps);
  const { recording } = options;
  const onCut = (cut: CutRecording): Promise<boolean> => recordCut(audit, cut);
  const recordings = recording && (await Recordings.open({ ...deps, onCut }, recording));
  const seal = await ApprovalSeal.open(deps, options.namespace);
  return { audit, grants, trustedProxies, pages, seal, recordings };
}

interface Begun {
  readonly audit: AuditLog;
  readonly grants: Informer<GatewayToken>;
  readonly trustedProxies: BlockList;
  readonly pages: readonly PageSource[];
  readonly seal: ApprovalSeal;
  readonly recordings: Recordings | undefined;
}

function assemble(deps: GatewayDeps, options: GatewayOptions, begun: Begun) {
  const { clock, log, metrics } = deps;
  const { audit, grants, trustedProxies, pages, seal, recordings } = begun;
  const limits = limitsOf(options, seal, deps.creators);
  const { login } = options;
  const identity: Identity = {
    ...options.impersonates,
    mode: options.identity,
    ...(login === undefined ? {} : { loginNamespace: login.namespace }),
  };
  const origins = { allowedOrigins: new Set(options.allowedOrigins) };
  const streams = new StreamRegistry(clock, limits);
  const book = new GrantBook({ ...deps, grants }, limits);
  const graceMs = options.graceMs ?? graceMsDefault;
  const follower = new GrantFollower({ ...deps, grants, book, streams }, limits, { graceMs });
  const gatekeeper = new Gatekeeper(
    {
      book,
      clock,
      isConfirmed: () => follower.isConfirmed,
      onRedeemed: tellRedeemed(deps.events),
    },
    limits,
  );
  const upstreams = new Map(
    [...options.clusters].map(([name, connection]) => [name, new Upstream(name, connection)]),
  );
  const never = {
    protectedNamespaces: new Set(options.protectedNamespaces),
    nodesProxy: options.nodesProxy ?? false,
  };
  const { issuing } = options;
  const issuer = issuing && new Issuer({ ...deps, connection: issuing });
  const approving = issuing && { ...deps, connection: issuing, grants, book, seal };
  const counting = approving && new Approvals(approving, limits);
  const approvals =
    counting && new ApprovalRoutes({ gatekeeper, identity, approvals: counting }, limits, origins);
  const recorder = new Recorder({ audit, clock, metrics, identity, limits, recordings });
  const unhealthy = (): string | undefined =>
    follower.isConfirmed ? undefined : 'the grants have not been confirmed for too long';
  const handler = new GatewayHandler(
    {
      admission: new Admission({ gatekeeper, clock, upstreams }, { origins, never }),
      native: new NativeApi(
        { gatekeeper, streams, clock, issuer, approvals, unhealthy, canLogIn: login !== undefined },
        { limits, never, clusters: new Set(upstreams.keys()) },
        origins,
      ),
      login:
        login &&
        new LoginRoutes({ ...deps, gatekeeper, streams, identity }, login, { limits, origins }),
      recorder,
      forward: {
        streams,
        identity,
        ...(recordings === undefined ? {} : { recordings }),
        countStream: async ({ access, client }) => gatekeeper.count(access, client, 'stream'),
        ...(deps.onRead === undefined ? {} : { onRead: deps.onRead }),
      },
      pages,
      clock,
      log,
    },
    { hosts: hostSet(options.hosts), trustedProxies, forward: limits },
  );
  metrics.gauge('drawbridge_gateway_streams', 'Streams open now.', () => streams.size);
  const verdicts = counting && verdictsFor({ ...deps, approvals: counting, recorder });
  return { handler, streams, follower, verdicts, upstreams, unhealthy };
}

function verdictsFor(
  deps: GatewayDeps & Pick<VerdictFollowerDeps, 'approvals' | 'recorder'>,
): VerdictFollower | undefined {
  const approvers = deps.approvers ?? deps.creators?.approvers;
  if (approvers === undefined) return undefined;
  return new VerdictFollower({ ...deps, approvers, verdicts: new Informer(gatewayVerdict, deps) });
}

function limitsOf({ limits }: GatewayOptions, seal: ApprovalSeal, creators?: Creators) {
  return {
    ...defaultGrantLimits,
    ...defaultForwardLimits,
    ...defaultStreamLimits,
    ...limits,
    holds: (grant: GatewayToken, approval: GatewayApproval) => seal.holds(grant, approval),
    ...(creators && { isProven: (grant: GatewayToken) => creators.isProven(grant) }),
  };
}

function tellRedeemed(events: GatewayDeps['events']): GatekeeperDeps['onRedeemed'] {
  return (grant, redemption) =>
    events.record(grant, {
      type: 'Normal',
      reason: 'Redeemed',
      message: `Session ${redemption.id} was opened from ${redemption.client ?? 'somewhere'}.`,
    });
}

async function isInTime(work: Promise<void>, limitMs: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), limitMs);
  const done = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return done;
}

function hostSet(hosts: readonly string[]): ReadonlySet<string> {
  const names = [...hosts, 'localhost', '127.0.0.1', '::1'].map((host) => host.toLowerCase());
  return new Set(names.map((host) => (host.includes(':') ? `[${host}]` : host)));
}

/** @throws GatewayError GATEWAY_CONFIG */
function networksIn(texts: readonly string[], what: string): BlockList {
  const list = networksOf(texts);
  if (list instanceof BlockList) return list;
  const wrong = JSON.stringify(list.wrong);
  throw new GatewayError('GATEWAY_CONFIG', `${what}: ${wrong} is neither address nor network`);
}
