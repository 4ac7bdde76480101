/**
 * Joins a socket with an AMQP connection machine. All output of one turn of the event loop leaves
 * in one write; the socket's back-pressure stops transfers, the machine's stops reading.
 */
import {
  type Connection,
  type ConnectionDriver,
  type ConnectionHandler,
  type ConnectionOptions,
  type ConnectionSink,
  createConnection,
} from '#amqp/index.ts';
import type { Clock } from '#base/clock.ts';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Bytes that the socket may hold before transfers wait in their sessions. */
export const socketHighBytes = 1024 * 1024;
/** Longest time to write out what is left after the end. */
export const endTimeoutMs = 2000;
/** Smallest buffer in which output is joined for TLS, bytes. */
const joinedBytesMin = 65_536;
/** Output above this is not joined, bytes: one turn of transfers and what comes with them. */
const joinedBytesMax = 2 * 1024 * 1024;

export interface AmqpTransport {
  readonly connection: Connection;
  /** Resolves when the socket is closed; never rejects. */
  readonly closed: Promise<void>;
  /** Cuts the socket at once. */
  abort(cause?: unknown): void;
}

export interface AmqpTransportDeps {
  readonly clock: Clock;
  readonly handler: ConnectionHandler;
  /** Told the size of every buffer read, before it is used. */
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/** Starts the machine on a connected socket, which it owns from now on. */
export function runAmqp(
  deps: AmqpTransportDeps,
  socket: Socket,
  options: ConnectionOptions,
): AmqpTransport {
  const transport = new SocketTransport(deps, socket, options);
  transport.start();
  return transport;
}

class SocketTransport implements AmqpTransport, ConnectionSink {
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #driver: ConnectionDriver;
  readonly #onRead: ((bytes: number) => void) | undefined;
  readonly closed: Promise<void>;
  #isFlushDue = false;
  #isFull = false;
  /** TLS only: output is joined here, and waits while a write is on its way. */
  readonly #joins: boolean;
  #joined: Buffer | undefined = undefined;
  #isWriting = false;
  #wasWriting = false;
  #timer: NodeJS.Timeout | undefined = undefined;
  #cause: unknown = undefined;

  constructor(deps: AmqpTransportDeps, socket: Socket, options: ConnectionOptions) {
    this.#clock = deps.clock;
    this.#socket = socket;
    this.#onRead = deps.onRead;
    this.#joins = socket instanceof TLSSocket;
    this.#driver = createConnection({ sink: this, handler: deps.handler }, options);
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
  }

  get connection(): Connection {
    return this.#driver.connection;
  }

  start(): void {
    const socket = this.#socket;
    socket.on('error', (error) => {
      this.#cause = error;
    });
    socket.on('close', () => {
      clearTimeout(this.#timer);
      this.#driver.onTransportClosed(this.#cause);
    });
    socket.on('end', () => this.#driver.onTransportClosed(this.#cause));
    socket.on('drain', () => {
      this.#isFull = false;
      this.#driver.onTransportDrained();
    });
    this.#driver.start(this.#clock.monotonicMs());
    socket.on('data', (bytes: Buffer) => {
      this.#onRead?.(bytes.length);
      this.#driver.onBytes(bytes, this.#clock.monotonicMs());
    });
    this.#schedule();
  }

  abort(cause?: unknown): void {
    this.#cause ??= cause;
    this.#socket.destroy();
  }

  wantsFlush(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      if (!this.#isWriting) this.#driver.flush();
    });
  }

  readonly #onWritten = (): void => {
    this.#isWriting = false;
    this.#driver.flush();
  };

  write(chunks: readonly Uint8Array[], sizeBytes: number): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    const [first] = chunks;
    if (chunks.length === 1 && first) socket.write(first);
    else if (this.#joins && !this.#isWriting && sizeBytes <= joinedBytesMax) {
      this.#isWriting = true;
      this.#wasWriting = true;
      socket.write(this.#join(chunks, sizeBytes), this.#onWritten);
    } else {
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.uncork();
    }
    // `drain` comes only after a write that went above the socket's own, lower mark.
    this.#isFull = socket.writableLength >= socketHighBytes;
    return !this.#isFull;
  }

  /** TLS joins what it is given in a buffer that it allocates anew each time: ours is reused. */
  #join(chunks: readonly Uint8Array[], sizeBytes: number): Buffer {
    let joined = this.#joined;
    if (joined === undefined || joined.length < sizeBytes) {
      joined = Buffer.allocUnsafeSlow(Math.max(joinedBytesMin, sizeBytes));
      this.#joined = joined;
    }
    let at = 0;
    for (const chunk of chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    return joined.subarray(0, at);
  }

  setReading(reading: boolean): void {
    if (reading) this.#socket.resume();
    else this.#socket.pause();
  }

  end(): void {
    const socket = this.#socket;
    clearTimeout(this.#timer);
    if (socket.destroyed) return;
    socket.resume();
    // Closing at once with unread bytes would reset the connection and lose our last frames: the
    // peer's FIN is awaited, but not for ever.
    this.#timer = setTimeout(() => socket.destroy(), endTimeoutMs).unref();
    socket.end();
  }

  /** One timer for all deadlines: reading only moves deadlines away, so waking early is enough. */
  #schedule(): void {
    const dueMs = this.#driver.nextDeadlineMs();
    if (dueMs === Number.POSITIVE_INFINITY || this.#socket.destroyed) return;
    const delayMs = Math.min(Math.max(1, dueMs - this.#clock.monotonicMs()), 1000);
    this.#timer = setTimeout(() => {
      this.#driver.tick(this.#clock.monotonicMs());
      if (!this.#wasWriting && !this.#isWriting) this.#joined = undefined;
      this.#wasWriting = false;
      if (!this.connection.isClosed) this.#schedule();
    }, delayMs);
    this.#timer.unref();
  }
}
