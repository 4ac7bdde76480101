/**
 * One TCP connection and its two streams:
 *
 *   socket -> up   (a sink of the router)       read while the byte window is open
 *   socket <- down (we are the sink)            written as it comes, progress reported back
 *
 * Each direction ends on its own, so half close works; whoever fails ends both. The same class
 * serves a client's connection (listener) and a server's (connector): they differ in who starts.
 *
 *   up:   waiting -> open -> finished           down: waiting -> open -> finished
 */
import type { Socket } from 'node:net';
import type { Outcome, StreamFeedback, StreamSink } from '#router/index.ts';
import { pendingBytesMax, ReceiveWindow, SendWindow } from './byte-window.ts';
import type { Flushed, TurnFlusher } from './turn-flusher.ts';

type Direction = 'waiting' | 'open' | 'finished';

/** How long a socket may take to accept its last bytes once the other side has failed. */
const lingerMsMax = 10_000;

/** Numbers of one listener or connector, shown by management. */
export interface TcpCounters {
  connectionsOpened: number;
  connectionsClosed: number;
  /** Octets read from sockets. */
  bytesIn: number;
  /** Octets written to sockets. */
  bytesOut: number;
}

export interface ExchangeDeps {
  readonly socket: Socket;
  readonly flusher: TurnFlusher;
  readonly counters: TcpCounters;
  readonly onRead?: ((bytes: number) => void) | undefined;
  /** Both directions are finished and the socket is closed. Called once. */
  readonly onDone: () => void;
}

export class TcpExchange implements Flushed {
  readonly socket: Socket;
  readonly #deps: ExchangeDeps;
  #up: Direction = 'waiting';
  #down: Direction = 'waiting';
  #sink: StreamSink | undefined;
  #feedback: StreamFeedback | undefined;
  readonly #sendWindow = new SendWindow();
  readonly #receiveWindow = new ReceiveWindow();
  /** Octets that may be read before the other side has answered; Infinity afterwards. */
  #readAllowance = 0;
  #corked = false;
  #reading = false;
  #outcomeGiven = false;
  #closed = false;
  #linger: NodeJS.Timeout | undefined;

  constructor(deps: ExchangeDeps) {
    this.#deps = deps;
    this.socket = deps.socket;
  }

  /** Octets that came from the socket and went to it. */
  get octets(): { readonly read: number; readonly written: number } {
    return { read: this.#sendWindow.sent, written: this.#receiveWindow.received };
  }

  /** Starts to watch the socket. Nothing is read before `openUp`. */
  start(): void {
    const socket = this.socket;
    socket.pause();
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.pause();
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#report());
    socket.on('error', () => this.#onSocketFailed());
    socket.on('close', () => this.#onSocketClosed());
  }

  /**
   * The stream towards the router exists: bytes of the socket go there.
   * @param early octets that may go before `allowAll`, while the far end is still connecting
   */
  openUp(sink: StreamSink, early: number): void {
    if (this.#up !== 'waiting') {
      sink.finish(true);
      return;
    }
    this.#up = 'open';
    this.#sink = sink;
    this.#readAllowance = early;
    this.#pace();
  }

  /** The far end has answered: read without other limits than the window. */
  allowAll(): void {
    this.#readAllowance = Number.POSITIVE_INFINITY;
    this.#pace();
  }

  /** The payload of the stream towards the socket begins. A second stream is refused. */
  openDown(feedback: StreamFeedback): StreamSink {
    if (this.#down !== 'waiting') {
      feedback.onOutcome('rejected', true);
      return refusingSink;
    }
    this.#down = 'open';
    this.#feedback = feedback;
    return {
      write: (bytes) => this.#onDownBytes(bytes),
      finish: (settled) => this.#onDownFinished(settled),
      abort: () => this.#onDownAborted(),
      // The byte window is the brake of this direction: bytes are kept until the socket takes them.
      blocked: false,
    };
  }

  /** What the router tells about the stream that this exchange sends. */
  readonly feedback: StreamFeedback = {
    onProgress: (octets) => {
      this.#sendWindow.onReport(octets);
      this.#pace();
    },
    onOutcome: (outcome) => this.#onUpOutcome(outcome),
    onUnblocked: () => this.#pace(),
  };

  /** Cuts both directions: the route is gone, or the router stops. */
  cut(): void {
    this.socket.destroy();
  }

  /** The socket could not be connected, or nothing answers at the address. */
  fail(): void {
    this.#giveOutcome('modified', false);
    this.#closeSoon();
  }

  #onData(chunk: Buffer): void {
    this.#deps.onRead?.(chunk.length);
    if (this.#up !== 'open' || this.#sink === undefined) return;
    this.#sendWindow.onSent(chunk.length);
    this.#deps.counters.bytesIn += chunk.length;
    this.#sink.write(chunk);
    this.#pace();
  }

  /** Reads or pauses, as the window, the allowance and the sink say. */
  #pace(): void {
    if (this.#up !== 'open' || this.#sink === undefined || this.#closed) return;
    const read =
      this.#sendWindow.open && this.#sendWindow.sent < this.#readAllowance && !this.#sink.blocked;
    if (read === this.#reading) return;
    this.#reading = read;
    if (read) this.socket.resume();
    else this.socket.pause();
  }

  #onEnd(): void {
    if (this.#up !== 'open') return;
    this.#finishUp(this.#down === 'finished');
  }

  #finishUp(settled: boolean): void {
    if (this.#up === 'finished') return;
    this.#up = 'finished';
    this.#sink?.finish(settled);
  }

  #onUpOutcome(outcome: Outcome): void {
    this.#sendWindow.lift();
    if (outcome === 'accepted') {
      this.#pace();
      return;
    }
    this.#finishUp(true);
    this.#closeSoon();
  }

  #onDownBytes(bytes: Uint8Array): void {
    if (this.#down !== 'open') return;
    if (bytes.length > 0) this.#writeSocket(bytes);
  }

  #writeSocket(payload: Uint8Array): void {
    const socket = this.socket;
    if (socket.destroyed || socket.writableEnded) return;
    this.#receiveWindow.onReceived(payload.length);
    this.#deps.counters.bytesOut += payload.length;
    if (!this.#corked) {
      this.#corked = true;
      this.#deps.flusher.cork(this);
    }
    socket.write(payload);
    if (socket.writableLength > pendingBytesMax) {
      this.#giveOutcome('rejected', false);
      socket.destroy();
    }
  }

  onFlushed(): void {
    this.#corked = false;
    this.#report();
  }

  #report(): void {
    if (this.#down !== 'open' || this.#feedback === undefined) return;
    const octets = this.#receiveWindow.dueReport(this.socket.writableLength);
    if (octets > 0) this.#feedback.onProgress(octets);
  }

  #onDownFinished(settled: boolean): void {
    if (this.#down !== 'open') return;
    this.#down = 'finished';
    if (settled) this.#outcomeGiven = true;
    if (this.socket.destroyed) {
      this.#giveOutcome('modified', true);
      return;
    }
    this.socket.end(() => this.#giveOutcome('accepted', true));
  }

  #onDownAborted(): void {
    if (this.#down !== 'open') return;
    this.#down = 'finished';
    this.#outcomeGiven = true;
    this.#finishUp(true);
    this.#closeSoon();
  }

  #giveOutcome(outcome: Outcome, settled: boolean): void {
    if (this.#outcomeGiven) return;
    this.#outcomeGiven = true;
    this.#feedback?.onOutcome(outcome, settled);
  }

  /** Writes what is there, then closes; a client that takes nothing is cut after a while. */
  #closeSoon(): void {
    if (this.#closed || this.#linger !== undefined) return;
    this.#linger = setTimeout(() => this.socket.destroy(), lingerMsMax);
    this.socket.destroySoon();
  }

  #onSocketFailed(): void {
    this.#finishUp(true);
    this.#giveOutcome('modified', false);
  }

  #onSocketClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#linger);
    this.#finishUp(true);
    this.#giveOutcome('modified', false);
    this.#deps.onDone();
  }
}

/** Takes and forgets the rest of a stream that was refused. */
export const refusingSink: StreamSink = {
  write: () => undefined,
  finish: () => undefined,
  abort: () => undefined,
  blocked: false,
};
