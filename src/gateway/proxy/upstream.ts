/**
 * One API server behind the gateway: kept connections, credentials read anew while it runs. Its
 * address and CA come from configuration, never from a request.
 */
import { type ClientRequest, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import {
  type AnswerSink,
  ConnectionPool,
  type Exchange,
  type PoolLimits,
  headerText,
  requestHead,
} from '#http/index.ts';
import type { GatewayToken } from '#apis/index.ts';
import type { KubeConnection, KubeCredentials } from '#kubeclient/index.ts';
import { type Identity, identityHeaders } from './identity.ts';
import { senderHeaders } from './outbound-headers.ts';

export const defaultUpstreamLimits: PoolLimits = {
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
}

export interface OrdinaryRequest extends UpstreamRequest {
  /** From `senderText`. */
  readonly sender: string;
  /** How its body is framed, as the headers say. */
  readonly body: BodyFraming;
}

export type BodyFraming = 'none' | 'length' | 'chunked';

interface Sender {
  readonly credentials: KubeCredentials;
  readonly identity: Identity;
  readonly text: string;
}

export class Upstream {
  readonly name: string;
  /** `host:port` as in the Host header. */
  readonly host: string;
  readonly origin: string;
  readonly limits: PoolLimits;
  readonly #connection: KubeConnection;
  readonly #secure: boolean;
  readonly #address: { readonly hostname: string; readonly port: number };
  readonly #base: string;
  /** Grants are replaced when they change, so the object is the key. */
  readonly #senders = new WeakMap<GatewayToken, Sender>();
  #kept: { readonly tls: KubeCredentials['tls']; readonly pool: ConnectionPool } | undefined;

  constructor(
    name: string,
    connection: KubeConnection,
    limits: PoolLimits = defaultUpstreamLimits,
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

  /** Headers and TLS material as they are now, at once where they are known. @throws KubeClientError */
  credentials(): KubeCredentials | Promise<KubeCredentials> {
    return this.#connection.credentials();
  }

  /**
   * The header lines that say who asks, as text; made once for a grant and credentials.
   * @throws HttpError HTTP_REQUEST_INVALID
   */
  senderText(credentials: KubeCredentials, grant: GatewayToken, identity: Identity): string {
    const known = this.#senders.get(grant);
    if (known !== undefined && known.credentials === credentials && known.identity === identity) {
      return known.text;
    }
    const text = headerText(
      senderHeaders({
        host: this.host,
        credentials: credentials.headers,
        identity: identityHeaders({ grant }, identity),
      }),
    );
    this.#senders.set(grant, { credentials, identity, text });
    return text;
  }

  /** An ordinary request, on a kept connection. @throws HttpError HTTP_REQUEST_INVALID */
  send(credentials: KubeCredentials, asked: OrdinaryRequest, sink: AnswerSink): Exchange {
    const { method, path, headers, sender, body } = asked;
    const head = requestHead(method, this.#base + path, headers, sender);
    return this.#poolFor(credentials).send({ method, head, body }, sink);
  }

  /** A request to switch protocols, on a connection of its own, which becomes the stream. */
  open(credentials: KubeCredentials, asked: UpstreamRequest): ClientRequest {
    const options = {
      ...this.#address,
      method: asked.method,
      path: this.#base + asked.path,
      // Node sends a flat list as it is and adds nothing to it.
      headers: asked.headers as string[],
      agent: false,
      timeout: this.limits.connectMsMax,
      ...credentials.tls,
      minVersion: 'TLSv1.2' as const,
      ALPNProtocols: ['http/1.1'],
    };
    const out = this.#secure ? tlsRequest(options) : plainRequest(options);
    out.once('socket', (socket) => {
      socket.setNoDelay(true);
      socket.once(this.#secure ? 'secureConnect' : 'connect', () => socket.setTimeout(0));
    });
    out.once('timeout', () => out.destroy());
    return out;
  }

  close(): void {
    this.#kept?.pool.destroy();
  }

  #poolFor({ tls }: KubeCredentials): ConnectionPool {
    if (this.#kept !== undefined && isSame(this.#kept.tls, tls)) return this.#kept.pool;
    const { hostname: host, port } = this.#address;
    const secured = this.#secure ? { tls } : {};
    const pool = new ConnectionPool({ host, port, ...secured, limits: this.limits });
    // Requests under way finish as who they began; only idle connections of the old client go.
    this.#kept?.pool.retire();
    this.#kept = { tls, pool };
    return pool;
  }
}

function isSame(one: KubeCredentials['tls'], other: KubeCredentials['tls']): boolean {
  return one === other || isDeepStrictEqual(one, other);
}
