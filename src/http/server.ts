/**
 * An HTTP/1.1 server over TLS (or plain) with every limit set, a certificate that can be replaced
 * while it serves, and a stop that drains. What requests mean is the handler's business.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo, BlockList, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { HttpError } from './errors.ts';
import { proxiedConnections } from './proxied-connections.ts';
import { sendText } from './reply.ts';

/** What a TLS server presents and whom it asks for a certificate. */
export interface TlsIdentity {
  /** PEM chain, leaf first. */
  readonly cert: string;
  /** PEM private key. */
  readonly key: string;
  /** PEM bundle of the CAs of client certificates. When given, clients are asked for one. */
  readonly clientCa?: string;
  /** Refuse the handshake without a valid client certificate. Default false: the handler decides. */
  readonly clientCertificateRequired?: boolean;
  /** Default TLSv1.3. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

export interface HttpServerLimits {
  /** Open connections; more are closed at once. */
  readonly connectionsMax: number;
  /** Open connections from one address; more are closed at once. Absent: no such limit. */
  readonly connectionsPerAddressMax?: number;
  readonly headersBytesMax: number;
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestTimeoutMs: number;
  /** An idle connection between requests. */
  readonly keepAliveTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  /** A client that takes nothing of a finished answer; streams are their handler's business. */
  readonly answerStallMs: number;
}

export const defaultHttpServerLimits: HttpServerLimits = {
  connectionsMax: 4096,
  headersBytesMax: 32 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
  handshakeTimeoutMs: 10_000,
  answerStallMs: 60_000,
};

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: TlsIdentity;
  /** Networks of proxies whose connections must begin with the PROXY protocol. */
  readonly proxies?: BlockList;
  readonly limits?: Partial<HttpServerLimits>;
}

/**
 * Answers one request. A rejection is logged and, when nothing was sent yet, answered with 500.
 * @param stopping aborts when the server begins to stop: long answers end cleanly then
 */
export type HttpHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  stopping: AbortSignal,
) => Promise<void>;

/**
 * Answers a request to switch protocols; the socket is the handler's from then on. A rejection is
 * logged and the socket closed.
 * @param head bytes that came after the request's head
 */
export type UpgradeHandler = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
) => Promise<void>;

export interface HttpServerDeps {
  readonly logger: Logger;
  readonly handle: HttpHandler;
  /** Absent: requests to upgrade are answered as if they did not ask. Also gets CONNECT. */
  readonly upgrade?: UpgradeHandler;
}

export interface RunningHttpServer extends Running {
  readonly host: string;
  readonly port: number;
  /** `https://host:port`, with brackets for IPv6. */
  readonly origin: string;
  /** Connections open now. */
  readonly connectionCount: number;
  /** New handshakes use this from now on. @throws HttpError HTTP_TLS_INVALID, the old one stays */
  setTls(identity: TlsIdentity): void;
}

/**
 * Binds and serves.
 * @throws HttpError HTTP_LISTEN_FAILED, HTTP_TLS_INVALID
 */
export async function startHttpServer(
  deps: HttpServerDeps,
  options: HttpServerOptions,
): Promise<RunningHttpServer> {
  const server = new HttpServer(deps, options);
  await server.listen();
  return server;
}

class HttpServer implements RunningHttpServer {
  readonly host: string;
  readonly #deps: HttpServerDeps;
  readonly #options: HttpServerOptions;
  readonly #limits: HttpServerLimits;
  readonly #server: Server | TlsServer;
  readonly #sockets = new Set<Socket>();
  /** Open connections by remote address. */
  readonly #addresses = new Map<string, number>();
  /** Requests being answered on each usable connection. */
  readonly #busy = new Map<Socket, number>();
  /** Connections on which a finished answer was still to be taken. */
  readonly #leaving = new WeakSet<Socket>();
  readonly #drained = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(deps: HttpServerDeps, options: HttpServerOptions) {
    this.host = options.host;
    this.#deps = deps;
    this.#options = options;
    this.#limits = { ...defaultHttpServerLimits, ...options.limits };
    const settings = {
      maxHeaderSize: this.#limits.headersBytesMax,
      headersTimeout: this.#limits.headersTimeoutMs,
      requestTimeout: this.#limits.requestTimeoutMs,
      keepAliveTimeout: this.#limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, this.#limits.headersTimeoutMs),
      noDelay: true,
    };
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      this.#serve(request, response);
    this.#server = options.tls
      ? createTlsServer(
          {
            ...settings,
            ...tlsSettings(options.tls),
            handshakeTimeout: this.#limits.handshakeTimeoutMs,
          },
          onRequest,
        )
      : createServer(settings, onRequest);
    this.#server.maxConnections = this.#limits.connectionsMax;
    // Before ours are added: the server's own listeners wait for the header, ours see everything.
    const toldBy =
      options.proxies && proxiedConnections(this.#server, options.proxies, deps.logger);
    this.#server.on('connection', (socket: Socket) => this.#track(socket));
    this.#server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      const client = toldBy?.(socket);
      if (client !== undefined) Object.defineProperty(socket, 'remoteAddress', { value: client });
      this.#busy.set(socket, 0);
      socket.once('close', () => this.#busy.delete(socket));
    });
    const { upgrade } = deps;
    if (upgrade !== undefined) {
      const switchTo = (request: IncomingMessage, socket: Duplex, head: Buffer): void =>
        this.#switch(upgrade, request, socket, head);
      this.#server.on('upgrade', switchTo);
      this.#server.on('connect', switchTo);
    }
    this.#server.on('tlsClientError', (error: Error) =>
      deps.logger.debug('TLS handshake failed', { error: error.message }),
    );
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? this.#options.port;
  }

  get origin(): string {
    const host = this.host.includes(':') ? `[${this.host}]` : this.host;
    return `${this.#options.tls ? 'https' : 'http'}://${host}:${this.port}`;
  }

  get connectionCount(): number {
    return this.#sockets.size;
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { host, port } = this.#options;
    const onError = (cause: Error): void =>
      reject(
        new HttpError('HTTP_LISTEN_FAILED', `cannot listen on ${host}:${port}: ${cause.message}`, {
          cause,
        }),
      );
    this.#server.once('error', onError);
    this.#server.listen({ host, port }, () => {
      this.#server.off('error', onError);
      this.#server.on('error', (error) =>
        this.#deps.logger.warn('server error', { error: error.message }),
      );
      resolve();
    });
    return promise;
  }

  setTls(identity: TlsIdentity): void {
    if (!(this.#server instanceof TlsServer)) {
      throw new HttpError('HTTP_TLS_INVALID', 'this server was started without TLS');
    }
    this.#server.setSecureContext(tlsSettings(identity));
  }

  stop(options: { readonly graceMs: number }): Promise<void> {
    this.#stopped ??= this.#stop(options.graceMs);
    return this.#stopped;
  }

  async #stop(graceMs: number): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    this.#stopping.abort();
    for (const [socket, requests] of this.#busy) if (requests === 0) socket.destroy();
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed.promise;
    if (this.#sockets.size > 0) await this.#drained.promise;
    clearTimeout(cut);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    const { remoteAddress: address = '' } = socket;
    const fromThere = (this.#addresses.get(address) ?? 0) + 1;
    this.#addresses.set(address, fromThere);
    const { connectionsPerAddressMax: most } = this.#limits;
    if (most !== undefined && fromThere > most) {
      this.#deps.logger.debug('too many connections from one address', { address });
      socket.destroy();
    }
    socket.once('close', () => {
      const left = (this.#addresses.get(address) ?? 1) - 1;
      if (left > 0) this.#addresses.set(address, left);
      else this.#addresses.delete(address);
      this.#sockets.delete(socket);
      if (this.#stopping.signal.aborted && this.#sockets.size === 0) this.#drained.resolve();
    });
  }

  #switch(upgrade: UpgradeHandler, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { socket: connection } = request;
    this.#busy.set(connection, (this.#busy.get(connection) ?? 0) + 1);
    if (this.#leaving.delete(connection)) connection.setTimeout(0);
    socket.on('error', () => undefined);
    upgrade(request, socket, head).catch((error: unknown) => {
      this.#deps.logger.error('upgrade failed', { error: messageOf(error) });
      socket.destroy();
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#busy.set(socket, (this.#busy.get(socket) ?? 0) + 1);
    // What comes now may be quiet for long.
    if (this.#leaving.delete(socket)) socket.setTimeout(0);
    // Comes once; `once` would wrap it.
    response.on('close', () => {
      const requests = (this.#busy.get(socket) ?? 1) - 1;
      if (!socket.destroyed) this.#busy.set(socket, requests);
      if (requests === 0 && this.#stopping.signal.aborted) socket.end();
    });
    response.on('error', ignore);
    this.#deps.handle(request, response, this.#stopping.signal).then(
      () => this.#expectTaken(response, socket),
      (error: unknown) => {
        this.#deps.logger.error('request failed', {
          method: request.method,
          error: messageOf(error),
        });
        if (response.headersSent) response.destroy();
        else sendText(response, 500, 'internal error\n');
      },
    );
  }

  /** Whoever lets a whole answer lie does not keep its memory and connection for ever. */
  #expectTaken(response: ServerResponse, socket: Socket): void {
    if (!response.writableEnded || response.writableFinished || socket.destroyed) return;
    this.#leaving.add(socket);
    // Node counts what the client takes as activity, and closes the connection.
    socket.setTimeout(this.#limits.answerStallMs);
  }
}

/** The response has closed; whoever writes it hears of that. */
function ignore(): void {}

/** Options for TLS servers, checked: a bad pair is found here and not at the first handshake. */
function tlsSettings(identity: TlsIdentity): SecureContextOptions & {
  requestCert: boolean;
  rejectUnauthorized: boolean;
} {
  const context = {
    cert: identity.cert,
    key: identity.key,
    minVersion: identity.minVersion ?? 'TLSv1.3',
    ...(identity.clientCa === undefined ? {} : { ca: identity.clientCa }),
  };
  try {
    createSecureContext(context);
  } catch (cause) {
    throw new HttpError('HTTP_TLS_INVALID', `unusable TLS identity: ${messageOf(cause)}`, {
      cause,
    });
  }
  return {
    ...context,
    requestCert: identity.clientCa !== undefined,
    rejectUnauthorized: identity.clientCertificateRequired ?? false,
  };
}
