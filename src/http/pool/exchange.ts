/** One request and its answer, while it lasts; afterwards its calls do nothing. */
import { HttpError } from '../errors.ts';
import type { AnswerHead } from './answer-head.ts';
import type { AnswerSink, PooledConnection } from './pooled-connection.ts';

export interface PoolRequest {
  readonly method: string;
  /** From `requestHead`. */
  readonly head: string;
  /** How its body is framed, as the head says; it follows by `write` and `end`. */
  readonly body: 'none' | 'length' | 'chunked';
}

/** What the pool does for an exchange. */
export interface ExchangeOwner {
  /** It was lost with a kept connection and may be sent again on another. */
  onLost(exchange: Exchange): void;
  /** It does not wait for a connection any more. */
  onGivenUp(exchange: Exchange): void;
  /** The head of its answer has come, or never will. */
  onHeard(exchange: Exchange): void;
}

export class Exchange implements AnswerSink {
  readonly #request: PoolRequest;
  readonly #sink: AnswerSink;
  readonly #owner: ExchangeOwner;
  #connection: PooledConnection | undefined;
  #repeatable: boolean;
  #done = false;
  /** The body is complete. */
  #finished: boolean;
  /** Of the body, while there is no connection. */
  #early: (Buffer | string)[] = [];
  #onDrained: (() => void) | undefined;

  /** When the head of the answer must have come; milliseconds of a monotonic clock. */
  readonly dueMs: number;

  constructor(request: PoolRequest, sink: AnswerSink, dueMs: number, owner: ExchangeOwner) {
    this.#request = request;
    this.#sink = sink;
    this.#owner = owner;
    this.#repeatable = request.method === 'GET' || request.method === 'HEAD';
    this.#finished = request.body === 'none';
    this.dueMs = dueMs;
  }

  /** Of the pool: its time is over. */
  expire(): void {
    this.#giveUp(new HttpError('HTTP_TIMEOUT', 'the server did not answer in time'));
  }

  /** Of the pool: the request goes out on this connection. */
  start(connection: PooledConnection): void {
    this.#connection = connection;
    const { method, head } = this.#request;
    connection.begin(method, head, this.#finished, this);
    for (const bytes of this.#early.splice(0)) connection.write(bytes);
    this.#onDrained?.();
    this.#onDrained = undefined;
  }

  /** A piece of the body. @returns false when the caller should wait for `onceDrained` */
  write(bytes: Buffer): boolean {
    if (this.#done || bytes.length === 0) return true;
    if (this.#request.body !== 'chunked') return this.#put(bytes);
    this.#put(`${bytes.length.toString(16)}\r\n`);
    this.#put(bytes);
    return this.#put('\r\n');
  }

  onceDrained(listener: () => void): void {
    if (this.#connection === undefined) this.#onDrained = listener;
    else this.#connection.onceDrained(listener);
  }

  /** The body is complete. */
  end(): void {
    if (this.#done || this.#finished) return;
    this.#finished = true;
    if (this.#request.body === 'chunked') this.#put('0\r\n\r\n');
    this.#connection?.finish();
  }

  /** Nothing more is read for now. */
  pause(): void {
    if (!this.#done) this.#connection?.pause();
  }

  resume(): void {
    if (!this.#done) this.#connection?.resume();
  }

  /** Gives up: the connection closes and the sink hears no more. Idempotent. */
  cancel(): void {
    this.#giveUp(undefined);
  }

  /** Of the pool: there is no connection to be had. */
  fail(fault: HttpError): void {
    this.#giveUp(fault);
  }

  onHead(head: AnswerHead): void {
    this.#owner.onHeard(this);
    this.#sink.onHead(head);
  }

  onBody(bytes: Buffer): void {
    this.#sink.onBody(bytes);
  }

  onTurn(): void {
    this.#sink.onTurn();
  }

  onEnd(): void {
    if (this.#settle()) this.#sink.onEnd();
  }

  onFault(fault: HttpError, answered: boolean): void {
    if (this.#done) return;
    const lost = !answered && fault.code === 'HTTP_BODY_INCOMPLETE';
    if (lost && this.#repeatable && this.#connection?.isReused === true) {
      this.#repeatable = false;
      this.#connection = undefined;
      this.#owner.onLost(this);
      return;
    }
    this.#settle();
    this.#sink.onFault(fault, answered);
  }

  #put(bytes: Buffer | string): boolean {
    if (this.#connection !== undefined) return this.#connection.write(bytes);
    this.#early.push(bytes);
    return false;
  }

  #giveUp(fault: HttpError | undefined): void {
    if (!this.#settle()) return;
    this.#owner.onGivenUp(this);
    this.#connection?.destroy();
    if (fault !== undefined) this.#sink.onFault(fault, false);
  }

  #settle(): boolean {
    if (this.#done) return false;
    this.#done = true;
    this.#owner.onHeard(this);
    return true;
  }
}
