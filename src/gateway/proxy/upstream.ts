/**
 * One API server behind the gateway: kept connections, credentials read anew while it runs. Its
 * address and CA come from configuration, never from a request.
 */
import { Agent as PlainAgent, type ClientRequest, request as plainRequest } from 'node:http';
import { Agent, type AgentOptions, request as tlsRequest } from 'node:https';
import type { KubeConnection, KubeCredentials } from '#kubeclient/index.ts';

export interface UpstreamLimits {
  /** Sockets for ordinary requests; more requests wait. */
  readonly socketsMax: number;
  /** Until the connection stands; milliseconds. */
  readonly connectMsMax: number;
  /** From sending the request to the first byte of the answer; milliseconds. */
  readonly firstByteMsMax: number;
}

export const defaultUpstreamLimits: UpstreamLimits = {
  socketsMax: 512,
  connectMsMax: 5000,
  // A little over the 60 s that an API server gives itself.
  firstByteMsMax: 65_000,
};

export interface UpstreamRequest {
  readonly method: string;
  /** Sent byte for byte. */
  readonly path: string;
  readonly headers: readonly string[];
  /** On a connection of its own, which becomes the stream. */
  readonly upgrade?: boolean;
}

/** All connections of one agent lead to one server as one client, so they need no longer name. */
class OneServerAgent extends Agent {
  override getName(): string {
    return 'upstream';
  }
}

export class Upstream {
  readonly name: string;
  /** `host:port` as in the Host header. */
  readonly host: string;
  readonly origin: string;
  readonly limits: UpstreamLimits;
  readonly #connection: KubeConnection;
  readonly #secure: boolean;
  readonly #address: { readonly hostname: string; readonly port: number };
  readonly #base: string;
  #kept: { readonly tls: KubeCredentials['tls']; readonly agent: Agent | PlainAgent } | undefined;

  constructor(
    name: string,
    connection: KubeConnection,
    limits: UpstreamLimits = defaultUpstreamLimits,
  ) {
    const url = new URL(connection.server);
    this.name = name;
    this.limits = limits;
    this.#connection = connection;
    this.#secure = url.protocol === 'https:';
    this.#address = {
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port || (this.#secure ? 443 : 80)),
    };
    this.#base = url.pathname.replace(/\/$/, '');
    this.host = url.host;
    this.origin = url.origin;
  }

  /** Headers and TLS material as they are now. @throws KubeClientError */
  credentials(): Promise<KubeCredentials> {
    return this.#connection.credentials();
  }

  /** Begins a request; its body and its answer are the caller's. */
  open(credentials: KubeCredentials, asked: UpstreamRequest): ClientRequest {
    const agent = this.#agentFor(credentials);
    const options = {
      ...this.#address,
      method: asked.method,
      path: this.#base + asked.path,
      // Node sends a flat list as it is and adds nothing to it.
      headers: asked.headers as string[],
      agent: asked.upgrade === true ? false : agent,
      timeout: this.limits.connectMsMax,
      ...(asked.upgrade === true ? this.#tlsOptions(credentials) : {}),
    };
    const out = this.#secure ? tlsRequest(options) : plainRequest(options);
    out.once('socket', (socket) => {
      socket.setNoDelay(true);
      const connected = this.#secure ? 'secureConnect' : 'connect';
      // A kept socket is connected already; a new one has so long to become it.
      if (!socket.connecting) socket.setTimeout(0);
      else socket.once(connected, () => socket.setTimeout(0));
    });
    out.once('timeout', () => out.destroy());
    return out;
  }

  close(): void {
    this.#kept?.agent.destroy();
  }

  #agentFor(credentials: KubeCredentials): Agent | PlainAgent {
    const { tls } = credentials;
    if (this.#kept !== undefined && isSame(this.#kept.tls, tls)) return this.#kept.agent;
    const common = {
      keepAlive: true,
      maxSockets: this.limits.socketsMax,
      scheduling: 'lifo',
    } as const;
    const agent = this.#secure
      ? new OneServerAgent({ ...common, ...this.#tlsOptions(credentials) })
      : new PlainAgent(common);
    // Requests under way finish as who they began; only idle connections of the old client go.
    for (const socket of Object.values(this.#kept?.agent.freeSockets ?? {}).flat()) {
      socket?.destroy();
    }
    this.#kept = { tls, agent };
    return agent;
  }

  #tlsOptions({ tls }: KubeCredentials): AgentOptions {
    return { ...tls, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] };
  }
}

function isSame(one: KubeCredentials['tls'], other: KubeCredentials['tls']): boolean {
  if (one === other) return true;
  return (['ca', 'cert', 'key', 'servername'] as const).every((name) => one[name] === other[name]);
}
