/**
 * Reads the answers of an HTTP/1.1 server off one connection, strictly: whatever two readers could
 * frame in two ways is a fault, and the connection is thrown away. Pure: bytes in, calls out.
 * @spec RFC9112 4 5 6 7.1
 */
import { HttpError } from '../errors.ts';
import { type AnswerHead, parseAnswerHead } from './answer-head.ts';

/** What the parser tells, in this order; nothing after `onEnd`. */
export interface ParsedAnswer {
  /** The final head; informational ones are left out. */
  onHead(head: AnswerHead): void;
  /** @param bytes borrowed from the chunk that was pushed */
  onBody(bytes: Buffer): void;
  onEnd(): void;
}

type State = 'idle' | 'head' | 'fixed' | 'rest' | 'size' | 'chunk' | 'chunkEnd' | 'trailer';

/** Longest head, and longest trailer; bytes. */
const headBytesMax = 64 * 1024;
/** Digits of a chunk's size: no chunk reaches 4 GiB. */
const sizeDigitsMax = 8;
const informationalMax = 8;
const headEnd = Buffer.from('\r\n\r\n');

export class AnswerParser {
  readonly #to: ParsedAnswer;
  #state: State = 'idle';
  #method = '';
  /** Bytes of a head, a size or a trailer that is not complete. */
  #pending: Buffer | undefined;
  /** Bytes of a head in it. */
  #pendingBytes = 0;
  /** Bytes of the body, or of its chunk, still to come. */
  #left = 0;
  #informational = 0;
  #keepAlive = true;

  constructor(to: ParsedAnswer) {
    this.#to = to;
  }

  /** True when the last answer is complete and the connection may carry another request. */
  get isReusable(): boolean {
    return this.#state === 'idle' && this.#keepAlive;
  }

  /** The next answer is to a request with this method. */
  begin(method: string): void {
    this.#state = 'head';
    this.#method = method;
    this.#informational = 0;
  }

  /** @throws HttpError HTTP_ANSWER_INVALID; the connection is of no use any more */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      switch (this.#state) {
        case 'idle':
          throw invalid('bytes that belong to no answer');
        case 'head':
          at = this.#readHead(chunk, at);
          break;
        case 'fixed':
        case 'chunk':
          at = this.#readBody(chunk, at);
          break;
        case 'rest':
          this.#to.onBody(at === 0 ? chunk : chunk.subarray(at));
          return;
        case 'size':
        case 'chunkEnd':
        case 'trailer':
          at = this.#readLine(chunk, at);
          break;
        default:
          this.#state satisfies never;
      }
    }
  }

  /** The server closed. @returns false when an answer was cut by that */
  close(): boolean {
    const whole = this.#state === 'idle' || this.#state === 'rest';
    this.#keepAlive = false;
    if (this.#state === 'rest') this.#end();
    return whole;
  }

  #readHead(chunk: Buffer, from: number): number {
    if (this.#pending === undefined) {
      const end = chunk.indexOf(headEnd, from);
      if ((end < 0 ? chunk.length : end) - from > headBytesMax) throw tooLong();
      if (end >= 0) {
        this.#onHead(chunk.toString('latin1', from, end));
        return end + headEnd.length;
      }
      this.#pending = Buffer.allocUnsafe(headBytesMax + headEnd.length);
      this.#pendingBytes = 0;
    }
    const pending = this.#pending;
    const before = this.#pendingBytes;
    const taken = chunk.copy(pending, before, from);
    const filled = before + taken;
    this.#pendingBytes = filled;
    const end = pending.subarray(0, filled).indexOf(headEnd, Math.max(0, before - 3));
    if (end < 0) {
      if (filled === pending.length) throw tooLong();
      return chunk.length;
    }
    this.#pending = undefined;
    this.#onHead(pending.toString('latin1', 0, end));
    return from + taken - (filled - (end + headEnd.length));
  }

  #onHead(text: string): void {
    const head = parseAnswerHead(text, this.#method);
    if (head.status < 200) {
      if (head.status === 101 || ++this.#informational > informationalMax) {
        throw invalid('an informational answer that was not asked for');
      }
      return;
    }
    this.#keepAlive = head.keepAlive;
    this.#to.onHead(head);
    this.#left = head.length ?? 0;
    if (head.body === 'none' || (head.body === 'length' && this.#left === 0)) this.#end();
    else if (head.body === 'length') this.#state = 'fixed';
    else this.#state = head.body === 'chunked' ? 'size' : 'rest';
  }

  #readBody(chunk: Buffer, from: number): number {
    const end = Math.min(chunk.length, from + this.#left);
    this.#left -= end - from;
    this.#to.onBody(from === 0 && end === chunk.length ? chunk : chunk.subarray(from, end));
    if (this.#left === 0) {
      if (this.#state === 'fixed') this.#end();
      else this.#state = 'chunkEnd';
    }
    return end;
  }

  #readLine(chunk: Buffer, from: number): number {
    const feed = chunk.indexOf(0x0a, from);
    const end = feed < 0 ? chunk.length : feed + 1;
    const before = this.#pending;
    const piece = chunk.subarray(from, end);
    const line = before === undefined ? piece : Buffer.concat([before, piece]);
    if (line.length > lineBytesMax) throw invalid('a line between its chunks is too long');
    if (feed < 0) {
      this.#pending = before === undefined ? Buffer.from(line) : line;
      return end;
    }
    this.#pending = undefined;
    const text = line.toString('latin1');
    if (!text.endsWith('\r\n')) throw invalid('a line between its chunks ends wrongly');
    this.#onLine(text.slice(0, -2));
    return end;
  }

  #onLine(text: string): void {
    if (this.#state === 'chunkEnd') {
      if (text !== '') throw invalid('a chunk is longer than it said');
      this.#state = 'size';
      return;
    }
    if (this.#state === 'trailer') {
      if (text === '') this.#end();
      else if (++this.#left > trailerLinesMax || !/^[\w-]+:[\t\x20-\x7e]*$/.test(text)) {
        throw invalid('its trailer cannot be read');
      }
      return;
    }
    if (text.length > sizeDigitsMax || !/^[0-9A-Fa-f]+$/.test(text)) {
      throw invalid('the size of a chunk cannot be read');
    }
    this.#left = Number.parseInt(text, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'chunk';
  }

  #end(): void {
    this.#state = 'idle';
    this.#to.onEnd();
  }
}

/** Longest line of a trailer; bytes. */
const lineBytesMax = 4096;
/** They are read past, not passed on. */
const trailerLinesMax = 32;

function tooLong(): HttpError {
  return invalid('its head is too long');
}

function invalid(why: string): HttpError {
  return new HttpError('HTTP_ANSWER_INVALID', `the answer cannot be read: ${why}`);
}
