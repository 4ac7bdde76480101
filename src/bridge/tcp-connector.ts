/**
 * A tcpConnector: streams that arrive at its address become TCP connections to one host and port.
 * The server's answer travels in a second stream to the reply address of the first.
 */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { Logger } from '#base/log.ts';
import { messageOf } from '#base/errors.ts';
import {
  type MessageRoute,
  type Registration,
  type StreamConsumer,
  type StreamFeedback,
  type StreamRouter,
  type StreamSink,
  type TlsProfileSource,
  streamRoute,
} from '#router/index.ts';
import { TcpExchange, type TcpCounters } from './exchange.ts';
import { encodeStreamHead, HeadSink, type StreamHead } from './stream-head.ts';
import type { TurnFlusher } from './turn-flusher.ts';

/** How long a server may take to accept a connection. */
export const connectTimeoutMs = 10_000;

export interface TcpConnectorOptions {
  readonly name: string;
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly sslProfile: string | undefined;
  readonly verifyHostname: boolean;
  /** Most connections open at one time. */
  readonly connectionsMax: number;
}

export interface TcpConnectorDeps {
  readonly router: StreamRouter;
  readonly tls: TlsProfileSource;
  readonly flusher: TurnFlusher;
  readonly onRead?: ((bytes: number) => void) | undefined;
  readonly log: Logger;
}

export class TcpConnector implements StreamConsumer {
  readonly options: TcpConnectorOptions;
  readonly counters: TcpCounters = {
    connectionsOpened: 0,
    connectionsClosed: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
  readonly exchanges = new Set<TcpExchange>();
  /** Why the last connection failed; empty after one that succeeded. */
  lastFailure = '';
  readonly #deps: TcpConnectorDeps;
  #registration: Registration | undefined;
  #profileWatch: Registration | undefined;
  /** The last reason that was logged; each is logged once until a connection ends well. */
  #logged = '';

  constructor(deps: TcpConnectorDeps, options: TcpConnectorOptions) {
    this.#deps = deps;
    this.options = options;
  }

  start(): void {
    const profile = this.options.sslProfile;
    if (profile !== undefined) {
      // What failed with the old credentials says nothing about the new ones.
      this.#profileWatch = this.#deps.tls.onChange(profile, () => {
        this.lastFailure = '';
      });
    }
    this.#registration = this.#deps.router.addConsumer(this.options.address, this);
  }

  /** Offers the address no more and cuts the connections that are open. */
  stop(): void {
    this.#registration?.remove();
    this.#registration = undefined;
    this.#profileWatch?.remove();
    this.#profileWatch = undefined;
    for (const exchange of this.exchanges) exchange.cut();
  }

  onStream(_route: MessageRoute, feedback: StreamFeedback): StreamSink {
    return new HeadSink(feedback, 'released', (head) => this.#onHead(head, feedback));
  }

  #onHead(head: StreamHead, feedback: StreamFeedback): StreamSink | undefined {
    if (head.replyTo === null) {
      feedback.onOutcome('rejected', false);
      return undefined;
    }
    if (this.exchanges.size >= this.options.connectionsMax) {
      feedback.onOutcome('released', false);
      return undefined;
    }
    let socket: Socket;
    try {
      socket = this.#connect();
    } catch (thrown) {
      this.#onConnectFailed(messageOf(thrown));
      feedback.onOutcome('modified', false);
      return undefined;
    }
    return this.#exchange(socket, head.replyTo, feedback);
  }

  #exchange(socket: Socket, replyTo: string, feedback: StreamFeedback): StreamSink {
    const exchange = new TcpExchange({
      socket,
      flusher: this.#deps.flusher,
      onRead: this.#deps.onRead,
      counters: this.counters,
      onDone: () => {
        this.exchanges.delete(exchange);
        this.counters.connectionsClosed++;
      },
    });
    this.exchanges.add(exchange);
    this.counters.connectionsOpened++;
    const timer = setTimeout(() => {
      this.#onConnectFailed('connect timed out');
      socket.destroy();
    }, connectTimeoutMs);
    let connected = false;
    const connectEvent = this.options.sslProfile === undefined ? 'connect' : 'secureConnect';
    socket.once(connectEvent, () => {
      connected = true;
      this.lastFailure = '';
      clearTimeout(timer);
      this.#openReply(exchange, replyTo);
    });
    socket.once('error', (error) => {
      // With TLS 1.3 a server refuses our certificate only after the handshake.
      if (!connected || isTlsError(error)) this.#onConnectFailed(error.message);
    });
    socket.once('close', (failed) => {
      clearTimeout(timer);
      if (connected && !failed) this.#logged = '';
    });
    exchange.start();
    return exchange.openDown(feedback);
  }

  #openReply(exchange: TcpExchange, replyTo: string): void {
    const sink = this.#deps.router.openStream(streamRoute(replyTo), exchange.feedback);
    if (sink === undefined) {
      exchange.fail();
      return;
    }
    sink.write(encodeStreamHead({ to: replyTo, replyTo: null, correlationId: null }));
    exchange.openUp(sink, Number.POSITIVE_INFINITY);
  }

  #connect(): Socket {
    const { host, port, sslProfile, verifyHostname } = this.options;
    if (sslProfile === undefined) {
      return connect({ host, port, allowHalfOpen: true, noDelay: true });
    }
    const { ca, cert, key } = this.#deps.tls.material(sslProfile);
    const options: ConnectionOptions & { readonly allowHalfOpen: boolean } = {
      host,
      port,
      allowHalfOpen: true,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      ...(verifyHostname ? {} : { checkServerIdentity: () => undefined }),
    };
    return connectTls(options).setNoDelay(true);
  }

  #onConnectFailed(reason: string): void {
    if (this.#logged !== reason) {
      const { name: resource, address, host, port } = this.options;
      this.#deps.log.warn('server of a tcpConnector cannot be reached', {
        resource,
        address,
        host,
        port,
        reason,
      });
    }
    this.#logged = reason;
    this.lastFailure = reason;
  }
}

function isTlsError(error: NodeJS.ErrnoException): boolean {
  return error.code?.startsWith('ERR_SSL_') === true;
}
