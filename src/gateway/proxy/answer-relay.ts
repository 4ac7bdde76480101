/**
 * The answer of the API server on its way to the client. One that has come whole is sent whole; a
 * longer one streams and waits for whoever is slow; watches and followed logs are under the
 * registry's eye, and so are long answers.
 */
import type { ServerResponse } from 'node:http';
import {
  type AnswerHead,
  type AnswerSink,
  type Exchange,
  headerOf,
  type HttpError,
} from '#http/index.ts';
import { type EndReason, endText } from '../stream/stream-registry.ts';
import { type Admitted, type Outcome, ownerOf } from './exchange.ts';
import type { ForwardDeps, ForwardLimits } from './forward-limits.ts';
import { answerHeaders } from './response-headers.ts';
import { upstreamFault } from './upstream-fault.ts';

/** Answers longer than this are ended with their grant, as streams are; bytes. */
const longAnswerBytes = 1024 * 1024;

/** What became of the answer. */
export type Relayed = Omit<Outcome, 'bytesIn'>;

export class AnswerRelay implements AnswerSink {
  /** Rejects when nothing was sent to the client yet. */
  readonly done: Promise<Relayed>;
  readonly #deps: ForwardDeps;
  readonly #limits: ForwardLimits;
  readonly #admitted: Admitted;
  readonly #response: ServerResponse;
  readonly #resolve: (relayed: Relayed) => void;
  readonly #reject: (fault: unknown) => void;
  #exchange: Exchange | undefined;
  #head: AnswerHead | undefined;
  #headers: string[] = [];
  /** Of the body, while nothing is sent. */
  #held: Buffer[] = [];
  /** `counting`: a stream that must be counted before its first byte. */
  #state: 'waiting' | 'counting' | 'sending' = 'waiting';
  #whole = false;
  #blocked = false;
  #bytes = 0;
  #lastByte = 0x0a;
  #ended: EndReason | undefined;
  #release: (() => void) | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(
    deps: ForwardDeps,
    limits: ForwardLimits,
    admitted: Admitted,
    response: ServerResponse,
  ) {
    this.#deps = deps;
    this.#limits = limits;
    this.#admitted = admitted;
    this.#response = response;
    const { promise, resolve, reject } = Promise.withResolvers<Relayed>();
    this.done = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** @param exchange tells us */
  begin(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#response.on('close', () => this.#onClosed());
    // The client may have left before there was anything to send.
    if (this.#response.destroyed) this.#onClosed();
  }

  /** Stops, with a refusal that the client can still be told. */
  giveUp(fault: unknown): void {
    this.#exchange?.cancel();
    this.#reject(fault);
  }

  onHead(head: AnswerHead): void {
    const { auditId, mount, upstream, browser, decision } = this.#admitted;
    this.#head = head;
    try {
      const facts = { auditId, mount, upstreamOrigin: upstream.origin, browser };
      this.#headers = answerHeaders(head, facts);
    } catch (thrown) {
      this.giveUp(thrown);
      return;
    }
    if (decision.isStream && head.status === 200) this.#count();
  }

  onBody(bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#lastByte = bytes.at(-1) ?? this.#lastByte;
    this.#idle?.refresh();
    if (this.#state !== 'sending') {
      this.#held.push(bytes);
      return;
    }
    this.#deps.onRead?.(bytes.length);
    this.#write(bytes);
  }

  onTurn(): void {
    if (this.#state === 'waiting' && this.#head !== undefined) this.#stream();
  }

  onEnd(): void {
    this.#whole = true;
    if (this.#state === 'sending') this.#response.end();
    else if (this.#state === 'waiting') this.#sendWhole();
  }

  onFault(fault: HttpError): void {
    if (this.#state === 'sending') this.#response.destroy();
    else this.#reject(upstreamFault(fault, fault.code === 'HTTP_TIMEOUT'));
  }

  #count(): void {
    this.#state = 'counting';
    this.#exchange?.pause();
    this.#deps.countStream(this.#admitted).then(
      () => {
        this.#state = 'waiting';
        if (this.#whole) this.#sendWhole();
        else this.#stream();
        if (!this.#blocked) this.#exchange?.resume();
      },
      (thrown: unknown) => this.giveUp(thrown),
    );
  }

  #sendWhole(): void {
    if (this.#response.destroyed) return;
    this.#state = 'sending';
    const [only = noBytes, ...more] = this.#held;
    const body = more.length === 0 ? only : Buffer.concat(this.#held);
    // Its length is known now, whether the API server said it or not.
    if (this.#head?.body === 'chunked' || this.#head?.body === 'close') {
      this.#headers.push('content-length', String(body.length));
    }
    this.#response.writeHead(this.#head?.status ?? 502, this.#headers);
    // As text it leaves in one write with its head; Latin-1 keeps every byte.
    if (body.length <= oneWriteBytes) this.#response.end(body.toString('latin1'), 'latin1');
    else this.#response.end(body);
  }

  #stream(): void {
    if (this.#response.destroyed) return;
    const { isStream } = this.#admitted.decision;
    if (isStream || (this.#head?.length ?? Number.POSITIVE_INFINITY) > longAnswerBytes) {
      try {
        this.#register();
      } catch (thrown) {
        this.giveUp(thrown);
        return;
      }
    }
    this.#state = 'sending';
    const idleMs = isStream ? this.#limits.streamIdleMsMax : 0;
    if (idleMs > 0) this.#idle = setTimeout(() => this.#end('idle'), idleMs);
    this.#response.writeHead(this.#head?.status ?? 502, this.#headers);
    this.#response.flushHeaders();
    for (const bytes of this.#held.splice(0)) this.#write(bytes);
  }

  /** @throws GatewayError GATEWAY_BUSY */
  #register(): void {
    this.#release = this.#deps.streams.add({
      ...ownerOf(this.#admitted),
      endMs: this.#admitted.access.endMs,
      end: (reason) => this.#end(reason),
    });
  }

  #write(bytes: Buffer): void {
    if (this.#response.write(bytes) || this.#blocked) return;
    this.#blocked = true;
    this.#exchange?.pause();
    this.#response.once('drain', () => {
      this.#blocked = false;
      this.#exchange?.resume();
    });
  }

  #end(reason: EndReason): void {
    this.#ended = reason;
    this.#exchange?.cancel();
    const between = this.#lastByte === 0x0a;
    // Between two events a watch can be told why; elsewhere the text would be damaged.
    if (between && this.#isJsonWatch()) this.#response.end(lastEvent(reason));
    else if (between && this.#admitted.decision.isStream) this.#response.end();
    else this.#response.destroy();
  }

  #isJsonWatch(): boolean {
    const head = this.#head;
    if (head === undefined || this.#admitted.decision.info.verb !== 'watch') return false;
    const json = headerOf(head, 'content-type')?.startsWith('application/json') === true;
    return json && headerOf(head, 'content-encoding') === undefined;
  }

  #onClosed(): void {
    this.#exchange?.cancel();
    this.#release?.();
    clearTimeout(this.#idle);
    const status = this.#state === 'sending' ? this.#response.statusCode : 0;
    const ended = this.#ended && endText(this.#ended);
    this.#resolve({ status, bytesOut: this.#bytes, ended });
  }
}

/** Bodies up to this size are worth a copy to leave together with their head; bytes. */
const oneWriteBytes = 16 * 1024;
const noBytes = Buffer.alloc(0);

/** Told to a watch, so that clients list again and learn why, instead of waiting. */
function lastEvent(reason: EndReason): string {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: endText(reason),
    reason: 'Expired',
    code: 410,
  };
  return `${JSON.stringify({ type: 'ERROR', object: status })}\n`;
}
