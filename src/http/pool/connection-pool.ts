/**
 * Kept connections to one server as one client, with as little work per request as can be: a request
 * is one write, an answer is read off the socket without streams between. Proxies use this; whoever
 * wants whole answers uses httpsRequest.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContextOptions } from 'node:tls';
import { HttpError } from '../errors.ts';
import { Exchange, type ExchangeOwner, type PoolRequest } from './exchange.ts';
import { type AnswerSink, PooledConnection } from './pooled-connection.ts';

export interface PoolOptions {
  readonly host: string;
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: SecureContextOptions & {
    /** Name expected in the certificate; default the host. */
    readonly servername?: string | undefined;
    readonly rejectUnauthorized?: boolean | undefined;
  };
  readonly limits: PoolLimits;
}

export interface PoolLimits {
  /** Connections; more requests wait. */
  readonly socketsMax: number;
  /** Until a connection stands; milliseconds. */
  readonly connectMsMax: number;
  /** From asking to the head of the answer, waiting included; milliseconds. */
  readonly firstByteMsMax: number;
}

/** Free connections beyond this age are closed; milliseconds. */
const idleMsMax = 60_000;
/** Between two looks for them; milliseconds. */
const sweepMs = 15_000;
const keepAliveProbeMs = 15_000;

export class ConnectionPool implements ExchangeOwner {
  readonly #options: PoolOptions;
  readonly #connections = new Set<PooledConnection>();
  /** The last one that became free is taken first, so that the others can go. */
  readonly #free: PooledConnection[] = [];
  readonly #waiting = new Set<Exchange>();
  readonly #connecting = new Set<Socket>();
  readonly #secureContext: ReturnType<typeof createSecureContext> | undefined;
  /** Whose answer has not begun, in the order in which their time ends: all have the same. */
  readonly #unheard = new Set<Exchange>();
  /** One timer for all of them: setting one for each request costs more than reading its answer. */
  #alarm: NodeJS.Timeout | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #session: Buffer | undefined;
  #retired = false;

  /** @throws the fault of the TLS library when the material cannot be used */
  constructor(options: PoolOptions) {
    this.#options = options;
    const { tls } = options;
    this.#secureContext =
      tls && createSecureContext({ ...tls, minVersion: tls.minVersion ?? 'TLSv1.2' });
  }

  /**
   * Sends a request. A GET or HEAD that is lost with a kept connection before any byte of its answer
   * is sent once more.
   */
  send(request: PoolRequest, sink: AnswerSink): Exchange {
    const dueMs = performance.now() + this.#options.limits.firstByteMsMax;
    const exchange = new Exchange(request, sink, dueMs, this);
    this.#unheard.add(exchange);
    this.#alarm ??= this.#wake(this.#options.limits.firstByteMsMax);
    const kept = this.#free.pop();
    if (kept === undefined) this.#wait(exchange);
    else exchange.start(kept);
    return exchange;
  }

  /** Free connections close now, the others when what they carry is done. */
  retire(): void {
    this.#retired = true;
    clearTimeout(this.#sweeper);
    for (const connection of this.#free.splice(0)) connection.destroy();
  }

  /** Closes everything. */
  destroy(): void {
    this.retire();
    for (const exchange of this.#waiting) exchange.fail(unreachable());
    for (const socket of this.#connecting) socket.destroy();
    for (const connection of this.#connections) connection.cut();
    clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }

  /** Of an exchange. */
  onLost(exchange: Exchange): void {
    this.#wait(exchange);
  }

  /** Of an exchange. */
  onHeard(exchange: Exchange): void {
    this.#unheard.delete(exchange);
  }

  /** Of an exchange. */
  onGivenUp(exchange: Exchange): void {
    this.#waiting.delete(exchange);
  }

  #wait(exchange: Exchange): void {
    this.#waiting.add(exchange);
    if (this.#connections.size + this.#connecting.size < this.#options.limits.socketsMax) {
      this.#connect();
    }
  }

  #connect(): void {
    const { host, port, tls, limits } = this.#options;
    const socket =
      tls === undefined
        ? connectPlain({ host, port })
        : connectTls({
            host,
            port,
            servername: tls.servername ?? (isIP(host) === 0 ? host : ''),
            secureContext: this.#secureContext,
            rejectUnauthorized: tls.rejectUnauthorized !== false,
            ALPNProtocols: ['http/1.1'],
            session: this.#session,
          });
    this.#connecting.add(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveProbeMs);
    const late = setTimeout(() => socket.destroy(), limits.connectMsMax);
    let cause: Error | undefined;
    const onError = (error: Error): void => {
      cause = error;
    };
    const onClose = (): void => {
      clearTimeout(late);
      this.#connecting.delete(socket);
      this.#refuse(cause);
      this.#fill();
    };
    socket.on('error', onError);
    socket.once('close', onClose);
    socket.on('session', (session: Buffer) => {
      this.#session = session;
    });
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(late);
      socket.off('error', onError);
      socket.off('close', onClose);
      this.#connecting.delete(socket);
      const connection = new PooledConnection(socket, {
        onFree: (free) => this.#onFree(free),
        onGone: (gone) => this.#onGone(gone),
      });
      this.#connections.add(connection);
      this.#onFree(connection);
    });
  }

  /** One request waits for each connection that was tried. */
  #refuse(cause: Error | undefined): void {
    for (const exchange of this.#waiting) {
      exchange.fail(unreachable(cause));
      return;
    }
  }

  #onFree(connection: PooledConnection): void {
    for (const exchange of this.#waiting) {
      this.#waiting.delete(exchange);
      exchange.start(connection);
      return;
    }
    if (this.#retired) {
      connection.destroy();
      return;
    }
    connection.freeSinceMs = performance.now();
    this.#free.push(connection);
    this.#sweeper ??= this.#sweepLater();
  }

  #onGone(connection: PooledConnection): void {
    this.#connections.delete(connection);
    const at = this.#free.indexOf(connection);
    if (at >= 0) this.#free.splice(at, 1);
    this.#fill();
  }

  /** A place that has become free may be what somebody waits for. */
  #fill(): void {
    if (this.#waiting.size > this.#connecting.size) this.#connect();
  }

  #wake(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#alarm = undefined;
      const nowMs = performance.now();
      for (const exchange of this.#unheard) {
        if (exchange.dueMs > nowMs) {
          this.#alarm = this.#wake(Math.ceil(exchange.dueMs - nowMs));
          return;
        }
        exchange.expire();
      }
    }, afterMs).unref();
  }

  #sweepLater(): NodeJS.Timeout {
    return setTimeout(() => {
      const beforeMs = performance.now() - idleMsMax;
      const old = this.#free.filter((connection) => connection.freeSinceMs < beforeMs);
      for (const connection of old) connection.destroy();
      this.#sweeper = this.#free.length > 0 ? this.#sweepLater() : undefined;
    }, sweepMs).unref();
  }
}

function unreachable(cause?: Error): HttpError {
  return new HttpError('HTTP_CONNECT_FAILED', 'the server cannot be reached', {
    cause,
    retry: 'backoff',
  });
}
