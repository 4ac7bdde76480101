/**
 * The head of a TCP stream: properties, a version, an empty value; after it come the raw octets of
 * the connection. @spec router-protocol 7.2
 */
import { encodeMessage, type MessageHead, MessageHeadReader, uint } from '#amqp/index.ts';
import { CodedError } from '#base/errors.ts';
import type { Outcome, StreamFeedback, StreamSink } from '#router/index.ts';
import { refusingSink } from './exchange.ts';

const contentType = 'application/octet-stream';
/** Version of the TCP encapsulation. */
const encapsulation = 1;
/** Largest head that is read. */
const headBytesMax = 8192;

/** What every head ends with: the version and the empty value. */
const headEnd = encodeMessage({
  applicationProperties: { V: uint(encapsulation) },
  body: { kind: 'value', value: null },
});

export interface StreamHead {
  readonly to: string;
  readonly replyTo: string | null;
  /** Flow record of the listener's side; links the two ends of a flow. */
  readonly correlationId: string | null;
}

export function encodeStreamHead(head: StreamHead): Uint8Array {
  const properties = encodeMessage({
    properties: {
      to: head.to,
      replyTo: head.replyTo ?? undefined,
      ...(head.correlationId === null ? {} : { correlationId: head.correlationId }),
      contentType,
    },
  });
  return Buffer.concat([properties, headEnd]);
}

/** Reads the head of an incoming stream, then passes the octets to the sink that wants them. */
export class HeadSink implements StreamSink {
  readonly #feedback: StreamFeedback;
  readonly #foreignOutcome: Outcome;
  readonly #onHead: (head: StreamHead) => StreamSink | undefined;
  #reader: MessageHeadReader | undefined = new MessageHeadReader({ headBytesMax });
  #inner: StreamSink = refusingSink;

  /**
   * @param foreignOutcome for a message that is no TCP stream: another adaptor may want it
   * @param onHead gives the sink of the octets; without one it has told the outcome itself
   */
  constructor(
    feedback: StreamFeedback,
    foreignOutcome: Outcome,
    onHead: (head: StreamHead) => StreamSink | undefined,
  ) {
    this.#feedback = feedback;
    this.#foreignOutcome = foreignOutcome;
    this.#onHead = onHead;
  }

  get blocked(): boolean {
    return this.#inner.blocked;
  }

  write(bytes: Uint8Array): void {
    if (this.#reader === undefined) this.#inner.write(bytes);
    else this.#read(this.#reader, bytes);
  }

  finish(settled: boolean): void {
    if (this.#reader !== undefined) this.#refuse('rejected');
    this.#inner.finish(settled);
  }

  abort(): void {
    this.#reader = undefined;
    this.#inner.abort();
  }

  #read(reader: MessageHeadReader, bytes: Uint8Array): void {
    let head: MessageHead | undefined;
    try {
      head = reader.push(bytes);
    } catch (thrown) {
      if (!(thrown instanceof CodedError)) throw thrown;
      this.#refuse('rejected');
      return;
    }
    if (head === undefined) return;
    this.#reader = undefined;
    const { properties, bodyIsNull } = head;
    if (!bodyIsNull || properties?.contentType !== contentType || properties.to === undefined) {
      this.#refuse(this.#foreignOutcome);
      return;
    }
    const { correlationId } = properties;
    this.#inner =
      this.#onHead({
        to: properties.to,
        replyTo: properties.replyTo ?? null,
        correlationId: typeof correlationId === 'string' ? correlationId : null,
      }) ?? refusingSink;
    if (head.bodyStart < head.bytes.length) this.#inner.write(head.bytes.subarray(head.bodyStart));
  }

  #refuse(outcome: Outcome): void {
    this.#reader = undefined;
    this.#inner = refusingSink;
    this.#feedback.onOutcome(outcome, false);
  }
}
