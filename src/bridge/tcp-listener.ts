/**
 * A tcpListener: a socket whose clients become streams to an address. As with skupper-router the
 * socket is open only while somebody in the network takes the address, so that a client gets
 * "connection refused" instead of a connection that leads nowhere.
 *
 *   closed --reachable--> opening --> open --unreachable--> closed
 *                            \--> failed --retry--> opening
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import {
  type Registration,
  type StreamRouter,
  streamRoute,
  type TlsProfileSource,
} from '#router/index.ts';
import { TcpExchange, type TcpCounters } from './exchange.ts';
import type { ListenerAddresses } from './listener-addresses.ts';
import { createListenerServer, type ListenerTls, renewListenerServer } from './listener-tls.ts';
import { encodeStreamHead, HeadSink } from './stream-head.ts';
import type { TurnFlusher } from './turn-flusher.ts';

/** Pause before a socket that could not be opened is tried again. */
export const listenRetryMs = 1000;
/** Octets of a client that go out before its server has answered; they save a round trip. */
export const earlyBytesMax = 65_536;
const backlogDefault = 1024;
/** Most different reasons of failed handshakes that are logged, until there are other credentials. */
const refusalsMax = 16;

export interface TcpListenerOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly sslProfile: string | undefined;
  /** Whether clients must show a certificate of the profile's CA. */
  readonly authenticatePeer: boolean;
  readonly backlog: number | undefined;
  /** Most connections open at one time. */
  readonly connectionsMax: number;
  /**
   * Other processes of the same user may listen on the same host and port; the system leads each
   * connection to one of them.
   */
  readonly sharePort: boolean;
}

export interface TcpListenerDeps {
  readonly router: StreamRouter;
  readonly tls: TlsProfileSource;
  readonly flusher: TurnFlusher;
  readonly onRead?: ((bytes: number) => void) | undefined;
  readonly addresses: ListenerAddresses;
  readonly log: Logger;
}

export class TcpListener {
  readonly options: TcpListenerOptions;
  readonly addresses: ListenerAddresses;
  readonly counters: TcpCounters = {
    connectionsOpened: 0,
    connectionsClosed: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
  readonly exchanges = new Set<TcpExchange>();
  readonly #deps: TcpListenerDeps;
  #server: Server | undefined;
  #tlsServer: TlsServer | undefined;
  #open = false;
  #sharePort: boolean;
  #stopped = false;
  #failure = '';
  /** Reasons why clients failed their handshake, each logged once. */
  readonly #refusals = new Set<string>();
  #retry: NodeJS.Timeout | undefined;
  #profileWatch: Registration | undefined;

  constructor(deps: TcpListenerDeps, options: TcpListenerOptions) {
    this.#deps = deps;
    this.options = options;
    this.addresses = deps.addresses;
    this.#sharePort = options.sharePort;
  }

  get operStatus(): 'up' | 'down' {
    return this.#open ? 'up' : 'down';
  }

  /** What to tell people about `operStatus`. */
  get connectionMsg(): string {
    if (this.#failure !== '') return this.#failure;
    return this.#open ? '' : 'no destination for the address is reachable';
  }

  /** The port that is open, which differs from the option when that is 0. */
  get boundPort(): number | undefined {
    const address = this.#server?.address();
    return address === null || address === undefined || typeof address === 'string'
      ? undefined
      : address.port;
  }

  start(): void {
    const profile = this.options.sslProfile;
    if (profile !== undefined) {
      this.#profileWatch = this.#deps.tls.onChange(profile, () => this.#renew());
    }
    this.addresses.start(() => this.#follow());
    this.#follow();
  }

  /** The set of addresses changed. */
  refresh(): void {
    this.#follow();
  }

  /** Opens the socket anew when that changes. Connections that are open stay. */
  setSharePort(sharePort: boolean): void {
    if (sharePort === this.#sharePort) return;
    this.#sharePort = sharePort;
    this.#close();
    this.#follow();
  }

  /** Closes the socket and cuts the connections that are open. */
  stop(): void {
    this.#stopped = true;
    this.#profileWatch?.remove();
    this.addresses.stop();
    this.#close();
    for (const exchange of this.exchanges) exchange.cut();
  }

  /** There are other credentials. */
  #renew(): void {
    this.#refusals.clear();
    const server = this.#tlsServer;
    if (server === undefined || this.#tls === undefined) {
      // Perhaps the socket waits for nothing else.
      this.#close();
      this.#follow();
      return;
    }
    try {
      renewListenerServer(server, this.#deps.tls, this.#tls);
    } catch (thrown) {
      const facts = { resource: this.options.name, reason: messageOf(thrown) };
      this.#deps.log.warn('a tcpListener keeps its credentials: the new ones are unusable', facts);
    }
  }

  get #tls(): ListenerTls | undefined {
    const { sslProfile, authenticatePeer } = this.options;
    return sslProfile === undefined ? undefined : { sslProfile, authenticatePeer };
  }

  #follow(): void {
    const wanted = !this.#stopped && this.addresses.anyReachable;
    if (wanted && this.#server === undefined && this.#retry === undefined) this.#listen();
    if (!wanted) this.#close();
  }

  #close(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#open = false;
    this.#server?.close();
    this.#server = undefined;
    this.#tlsServer = undefined;
  }

  #listen(): void {
    let server: Server;
    try {
      server = this.#createServer();
    } catch (thrown) {
      this.#onListenFailed(messageOf(thrown));
      return;
    }
    this.#server = server;
    server.maxConnections = this.options.connectionsMax;
    server.on('error', (error) => {
      if (this.#server === server) this.#onListenFailed(error.message);
    });
    const { host, port } = this.options;
    const backlog = this.options.backlog ?? backlogDefault;
    const shared = this.#sharePort ? { reusePort: true } : {};
    server.listen({ port, backlog, ...(host === '' ? {} : { host }), ...shared }, () => {
      if (this.#server !== server) return;
      this.#open = true;
      this.#failure = '';
    });
  }

  #onListenFailed(reason: string): void {
    if (this.#failure !== reason) {
      const { name: resource, host, port } = this.options;
      this.#deps.log.warn('socket of a tcpListener cannot be opened', {
        resource,
        host,
        port,
        reason,
      });
    }
    this.#close();
    this.#failure = reason;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#follow();
    }, listenRetryMs);
  }

  #createServer(): Server {
    const tls = this.#tls;
    if (tls === undefined) {
      return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    }
    const server = createListenerServer(this.#deps.tls, tls, (socket) => this.#accept(socket));
    server.on('tlsClientError', (error, socket) => {
      this.#onRefused(error.message.trim());
      socket.destroy();
    });
    this.#tlsServer = server;
    return server;
  }

  #onRefused(reason: string): void {
    if (this.#refusals.has(reason) || this.#refusals.size >= refusalsMax) return;
    this.#refusals.add(reason);
    const facts = { resource: this.options.name, reason };
    this.#deps.log.warn('a client of a tcpListener failed the TLS handshake', facts);
  }

  #accept(socket: Socket): void {
    const address = this.addresses.choose();
    if (address === undefined || this.exchanges.size >= this.options.connectionsMax) {
      socket.destroy();
      return;
    }
    const exchange = new TcpExchange({
      socket,
      flusher: this.#deps.flusher,
      onRead: this.#deps.onRead,
      counters: this.counters,
      onDone: () => {
        reply.remove();
        this.exchanges.delete(exchange);
        this.counters.connectionsClosed++;
      },
    });
    const reply = this.#deps.router.addTemporary({
      onStream: (_route, feedback) =>
        new HeadSink(feedback, 'rejected', () => {
          exchange.allowAll();
          return exchange.openDown(feedback);
        }),
    });
    this.exchanges.add(exchange);
    this.counters.connectionsOpened++;
    exchange.start();
    const sink = this.#deps.router.openStream(streamRoute(address), exchange.feedback);
    if (sink === undefined) {
      socket.destroy();
      return;
    }
    sink.write(encodeStreamHead({ to: address, replyTo: reply.address, correlationId: null }));
    exchange.openUp(sink, earlyBytesMax);
  }
}
