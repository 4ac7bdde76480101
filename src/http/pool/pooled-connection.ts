/** One kept connection to a server: carries one exchange at a time, and says when it is free again. */
import type { Socket } from 'node:net';
import { HttpError } from '../errors.ts';
import { AnswerParser, type ParsedAnswer } from './answer-parser.ts';
import type { AnswerHead } from './answer-head.ts';

/** Whom an exchange tells; the calls come in this order, `onEnd` or `onFault` once and last. */
export interface AnswerSink extends ParsedAnswer {
  /** All that has arrived until now was told, and there is more to come. */
  onTurn(): void;
  /** @param answered bytes of the answer had come */
  onFault(fault: HttpError, answered: boolean): void;
}

export interface ConnectionOwner {
  /** It may carry the next exchange. */
  onFree(connection: PooledConnection): void;
  /** It is of no more use. Called once. */
  onGone(connection: PooledConnection): void;
}

export class PooledConnection implements ParsedAnswer {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #parser: AnswerParser;
  #sink: AnswerSink | undefined;
  /** The request was sent whole. */
  #sent = true;
  /** Bytes of the answer have come. */
  #answered = false;
  /** The connection has carried an exchange before the one of now. */
  #reused = false;
  #paused = false;
  #gone = false;
  /** When it became free; set by the pool. Milliseconds of a monotonic clock. */
  freeSinceMs = 0;

  /** @param socket connected */
  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#parser = new AnswerParser(this);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#onClosed());
    socket.on('close', () => this.#onClosed());
    socket.on('error', (cause: Error) => this.#lose(cutShort(cause)));
  }

  get isReused(): boolean {
    return this.#reused;
  }

  /** Sends the head. @param whole no body follows */
  begin(method: string, head: string, whole: boolean, sink: AnswerSink): void {
    this.#sink = sink;
    this.#sent = whole;
    this.#answered = false;
    this.#parser.begin(method);
    this.#socket.write(head, 'latin1');
  }

  /** @returns false when the caller should wait for `drained` */
  write(bytes: Buffer | string): boolean {
    return this.#socket.write(bytes);
  }

  onceDrained(listener: () => void): void {
    this.#socket.once('drain', listener);
  }

  /** The body is complete. */
  finish(): void {
    this.#sent = true;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /** Closes at once; the sink is told nothing. */
  destroy(): void {
    this.#sink = undefined;
    this.#leave();
  }

  /** Closes at once; the sink is told. */
  cut(): void {
    this.#lose(cutShort());
  }

  onHead(head: AnswerHead): void {
    this.#sink?.onHead(head);
  }

  onBody(bytes: Buffer): void {
    this.#sink?.onBody(bytes);
  }

  onEnd(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.onEnd();
  }

  #onData(chunk: Buffer): void {
    if (this.#gone) return;
    this.#answered = true;
    try {
      this.#parser.push(chunk);
    } catch (thrown) {
      if (!(thrown instanceof HttpError)) throw thrown;
      this.#lose(thrown);
      return;
    }
    if (this.#gone) return;
    if (this.#sink !== undefined) this.#sink.onTurn();
    else if (this.#parser.isReusable && this.#sent) {
      this.#reused = true;
      // It may have been paused for a body that has ended meanwhile.
      this.resume();
      this.#owner.onFree(this);
    } else this.#leave();
  }

  #onClosed(): void {
    if (this.#gone) return;
    if (this.#parser.close()) this.#leave();
    else this.#lose(cutShort());
  }

  #lose(fault: HttpError): void {
    if (this.#gone) return;
    const sink = this.#sink;
    this.#sink = undefined;
    this.#leave();
    sink?.onFault(fault, this.#answered);
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#socket.destroy();
    this.#owner.onGone(this);
  }
}

function cutShort(cause?: Error): HttpError {
  return new HttpError('HTTP_BODY_INCOMPLETE', 'the server closed before its answer was complete', {
    cause,
    retry: 'backoff',
  });
}
