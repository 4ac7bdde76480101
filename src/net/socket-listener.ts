/** Listens for TCP or TLS connections, bounded in number and in time for the handshake. */
import { messageOf } from '#base/errors.ts';
import type { Running, Startable } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer } from 'node:tls';
import { NetError } from './errors.ts';
import { type PeerInfo, peerInfo, type SocketAddress } from './peer-info.ts';
import {
  contextOptions,
  secureContext,
  type TlsMaterial,
  type TlsServerOptions,
} from './tls-material.ts';

/** Connections open at the same time unless told otherwise. */
export const connectionsMaxDefault = 10_000;
/** Longest TLS handshake unless told otherwise. */
export const handshakeTimeoutDefaultMs = 5000;
/** First keep-alive probe after this silence unless told otherwise. */
export const keepAliveDefaultMs = 30_000;
/** Connections waiting to be accepted. */
const backlog = 1024;

export interface SocketListenerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly tls?: TlsServerOptions | undefined;
  /** More connections are closed at once. Default {@link connectionsMaxDefault}. */
  readonly connectionsMax?: number | undefined;
  /** Default {@link handshakeTimeoutDefaultMs}. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** Default {@link keepAliveDefaultMs}. */
  readonly keepAliveMs?: number | undefined;
  /** Hold reading until the owner starts it (plain TCP only). Default false. */
  readonly pauseOnConnect?: boolean | undefined;
  /** Keep the writing half open after the peer's FIN. Default false. */
  readonly allowHalfOpen?: boolean | undefined;
}

export interface SocketListenerDeps {
  readonly log: Logger;
  /** Owns the socket from now on; it must attach an `error` listener. */
  readonly onSocket: (socket: Socket, peer: PeerInfo) => void;
}

export interface RunningListener extends Running {
  readonly address: SocketAddress;
  readonly connectionCount: number;
  /** New connections use this from now on. @throws NetError NET_MATERIAL; the old stays then */
  reload(material: TlsMaterial): void;
  /** Stops listening; sockets already handed over stay with their owners. */
  stop(options: { readonly graceMs: number }): Promise<void>;
}

export interface SocketListener extends Startable<RunningListener> {
  /** @throws NetError NET_LISTEN, NET_MATERIAL, NET_STOPPED */
  start(signal: AbortSignal): Promise<RunningListener>;
}

export function socketListener(
  deps: SocketListenerDeps,
  options: SocketListenerOptions,
): SocketListener {
  return { start: (signal) => startListener(deps, options, signal) };
}

async function startListener(
  deps: SocketListenerDeps,
  options: SocketListenerOptions,
  signal: AbortSignal,
): Promise<RunningListener> {
  if (signal.aborted) throw new NetError('NET_STOPPED', 'listener was stopped');
  const state = new ListenerState(deps, options);
  await state.listen(signal);
  return state;
}

class ListenerState implements RunningListener {
  readonly #deps: SocketListenerDeps;
  readonly #options: SocketListenerOptions;
  readonly #server: Server;
  /** Accepted and not handed over: in the TLS handshake. */
  readonly #pending = new Set<Socket>();
  #connectionCount = 0;
  #closed: Promise<void> | undefined = undefined;

  constructor(deps: SocketListenerDeps, options: SocketListenerOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#server = this.#makeServer();
    this.#server.maxConnections = options.connectionsMax ?? connectionsMaxDefault;
    this.#server.on('drop', () => deps.log.warn('connection refused: too many are open'));
  }

  get address(): SocketAddress {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') return { host: '', port: 0 };
    return { host: address.address, port: address.port };
  }

  get connectionCount(): number {
    return this.#connectionCount;
  }

  reload(material: TlsMaterial): void {
    if (!(this.#server instanceof TlsServer)) return;
    secureContext(material);
    this.#server.setSecureContext(contextOptions(material));
  }

  listen(signal: AbortSignal): Promise<void> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#server.close();
        reject(new NetError('NET_STOPPED', 'listener was stopped'));
      };
      const onError = (cause: Error): void => {
        signal.removeEventListener('abort', onAbort);
        const message = `cannot listen on ${host}:${port}: ${messageOf(cause)}`;
        reject(
          new NetError('NET_LISTEN', message, { retry: 'backoff', facts: { host, port }, cause }),
        );
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#server.once('error', onError);
      this.#server.listen({ host, port, backlog }, () => {
        signal.removeEventListener('abort', onAbort);
        this.#server.off('error', onError);
        this.#server.on('error', (error) =>
          this.#deps.log.error('listener failed', { error: messageOf(error) }),
        );
        resolve();
      });
    });
  }

  stop(_options: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= new Promise<void>((resolve) => {
      // The callback of close waits for every connection: those have other owners by now.
      this.#server.close();
      for (const socket of this.#pending) socket.destroy();
      resolve();
    });
    return this.#closed;
  }

  #makeServer(): Server {
    const { tls, pauseOnConnect, allowHalfOpen, keepAliveMs, handshakeTimeoutMs } = this.#options;
    const shared = {
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs ?? keepAliveDefaultMs,
      allowHalfOpen: allowHalfOpen ?? false,
    };
    if (!tls) {
      return createTcpServer({ ...shared, pauseOnConnect: pauseOnConnect ?? false }, (socket) =>
        this.#onReady(socket),
      );
    }
    secureContext(tls.material);
    const server = createTlsServer({
      ...shared,
      ...contextOptions(tls.material),
      requestCert: tls.mutual,
      rejectUnauthorized: tls.mutual,
      handshakeTimeout: handshakeTimeoutMs ?? handshakeTimeoutDefaultMs,
      ...(tls.alpnProtocols ? { ALPNProtocols: Array.from(tls.alpnProtocols) } : {}),
    });
    server.on('connection', (socket) => {
      this.#pending.add(socket);
      socket.once('close', () => this.#pending.delete(socket));
    });
    server.on('secureConnection', (socket) => this.#onReady(socket));
    server.on('tlsClientError', (error, socket) => {
      this.#deps.log.debug('TLS handshake failed', {
        address: socket.remoteAddress,
        error: messageOf(error),
      });
      socket.destroy();
    });
    return server;
  }

  #onReady(socket: Socket): void {
    this.#connectionCount++;
    socket.once('close', () => {
      this.#connectionCount--;
    });
    this.#deps.onSocket(socket, peerInfo(socket));
  }
}
