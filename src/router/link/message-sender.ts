/**
 * Sends whole messages over one link; those without credit wait in a bounded queue. A message that
 * is not taken is released, so that its producer learns of it.
 */
import type { DeliveryState, OutgoingDelivery, OutgoingHandler, SenderLink } from '#amqp/index.ts';
import { Ring } from '#base/ring.ts';
import type { OnOutcome } from '../message.ts';
import type { Outcome } from '../stream.ts';

/** Most messages and bytes that wait for credit on one link. */
export const waitingMessagesMax = 2048;
export const waitingBytesMax = 8 * 1024 * 1024;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly onOutcome: OnOutcome | undefined;
}

class Outcomes implements OutgoingHandler {
  #onOutcome: OnOutcome | undefined;

  constructor(onOutcome: OnOutcome) {
    this.#onOutcome = onOutcome;
  }

  onPeerState(
    delivery: OutgoingDelivery,
    state: DeliveryState | undefined,
    settled: boolean,
  ): void {
    if (state?.kind === 'received') return;
    this.#tell(state === undefined ? 'released' : state.kind);
    if (!settled) delivery.settle();
  }

  onLost(): void {
    this.#tell('released');
  }

  #tell(outcome: Outcome): void {
    const onOutcome = this.#onOutcome;
    this.#onOutcome = undefined;
    onOutcome?.(outcome);
  }
}

export class MessageSender {
  #link: SenderLink | undefined;
  readonly #waiting = new Ring<Waiting>(waitingMessagesMax);
  #waitingBytes = 0;
  #closed = false;

  /** The link, known when it is attached. */
  get link(): SenderLink | undefined {
    return this.#link;
  }

  get ready(): boolean {
    return this.#link !== undefined && this.#link.credit > 0;
  }

  onCredit(link: SenderLink): void {
    this.#link = link;
    while (link.credit > 0 && !link.isBusy) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#waitingBytes -= next.bytes.length;
      this.#sendNow(link, next);
    }
  }

  /** Releases everything that waits. */
  onDetached(): void {
    this.#closed = true;
    this.#link = undefined;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      next.onOutcome?.('released');
    }
    this.#waitingBytes = 0;
  }

  /** @param onOutcome left out for messages that are sent settled */
  send(bytes: Uint8Array, onOutcome?: OnOutcome): void {
    const message: Waiting = { bytes, onOutcome };
    const link = this.#link;
    if (link !== undefined && this.#waiting.size === 0 && link.credit > 0 && !link.isBusy) {
      this.#sendNow(link, message);
      return;
    }
    const full = this.#closed || this.#waitingBytes + bytes.length > waitingBytesMax;
    if (full || !this.#waiting.push(message)) {
      onOutcome?.('released');
      return;
    }
    this.#waitingBytes += bytes.length;
  }

  #sendNow(link: SenderLink, { bytes, onOutcome }: Waiting): void {
    if (onOutcome === undefined) link.send(bytes, { settled: true });
    else link.send(bytes, { settled: false }, new Outcomes(onOutcome));
  }
}
