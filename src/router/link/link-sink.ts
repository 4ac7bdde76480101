/**
 * A stream that leaves by a link. The link may still be on its way (no session, no credit): bytes
 * are kept until the delivery can start.
 *
 *   waiting --start--> sending --finish/abort--> ended
 */
import {
  type DeliveryState,
  type OutgoingDelivery,
  released,
  type SenderLink,
} from '#amqp/index.ts';
import type { Outcome, StreamFeedback, StreamSink } from '../stream.ts';

/**
 * Most bytes of one stream that wait for a link. Well above the byte window of a TCP stream; a
 * producer that ignores its window loses the stream.
 */
export const streamQueueBytesMax = 4 * 1024 * 1024;

type Ending = 'none' | 'settled' | 'unsettled' | 'aborted';

export class LinkSink implements StreamSink {
  #feedback: StreamFeedback | undefined;
  readonly #onIdle: (link: SenderLink | undefined) => void;
  #delivery: OutgoingDelivery | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #ending: Ending = 'none';
  #peerDone = false;
  #blocked = false;

  /** @param onIdle the link has taken the last frame and may carry another stream, or is lost */
  constructor(feedback: StreamFeedback, onIdle: (link: SenderLink | undefined) => void) {
    this.#feedback = feedback;
    this.#onIdle = onIdle;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** The link is there and has credit. @returns false when the stream is over already */
  start(link: SenderLink): boolean {
    if (this.#delivery !== undefined || this.#ending === 'aborted') return false;
    const delivery = link.startDelivery(this);
    if (delivery === undefined) return false;
    this.#delivery = delivery;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const bytes of waiting) this.write(bytes, true);
    if (this.#ending === 'settled' || this.#ending === 'unsettled') {
      delivery.end({ settled: this.#ending === 'settled' });
      this.#onIdle(link);
    }
    return true;
  }

  /** The link will never come. */
  fail(): void {
    this.#waiting = [];
    this.#tell('released', true);
  }

  write(bytes: Uint8Array, afterEnding = false): void {
    if (this.#ending !== 'none' && !afterEnding) return;
    if (this.#delivery === undefined) {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
      if (this.#waitingBytes > streamQueueBytesMax) this.#overflow();
      return;
    }
    if (this.#delivery.write(bytes)) return;
    this.#blocked = true;
    if (this.#delivery.queuedBytes > streamQueueBytesMax) this.#overflow();
  }

  finish(settled: boolean): void {
    if (this.#ending !== 'none') return;
    this.#ending = settled ? 'settled' : 'unsettled';
    if (settled) this.#feedback = undefined;
    if (this.#delivery === undefined) return;
    this.#delivery.end({ settled: settled || this.#peerDone });
    this.#onIdle(this.#delivery.link);
  }

  abort(): void {
    if (this.#ending !== 'none') return;
    this.#ending = 'aborted';
    this.#feedback = undefined;
    this.#waiting = [];
    if (this.#delivery === undefined) return;
    this.#delivery.abort();
    this.#onIdle(this.#delivery.link);
  }

  onPeerState(
    delivery: OutgoingDelivery,
    state: DeliveryState | undefined,
    settled: boolean,
  ): void {
    if (state?.kind === 'received') {
      this.#feedback?.onProgress(state.sectionOffset);
      return;
    }
    if (state === undefined && !settled) return;
    this.#peerDone = true;
    const ended = this.#ending === 'unsettled';
    this.#tell((state ?? released).kind as Outcome, settled);
    if (ended && !settled) delivery.settle();
  }

  onDrained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#feedback?.onUnblocked();
  }

  onLost(): void {
    const ended = this.#ending;
    this.#ending = 'aborted';
    if (ended === 'none') this.#onIdle(undefined);
    if (ended !== 'aborted') this.#tell('released', true);
  }

  #overflow(): void {
    const feedback = this.#feedback;
    this.abort();
    feedback?.onOutcome('rejected', true);
  }

  /** The first outcome is the one that counts. */
  #tell(outcome: Outcome, settled: boolean): void {
    const feedback = this.#feedback;
    this.#feedback = undefined;
    feedback?.onOutcome(outcome, settled);
  }
}
