/**
 * Joins neighbouring "accepted and settled" dispositions of one turn into a range; everything
 * else is written at once. @spec AMQP-1.0 2.7.6
 */
import type { DeliveryState } from '../wire/delivery-state.ts';
import { writeDisposition } from '../wire/disposition.ts';
import type { SessionPart } from './parts.ts';

export class DispositionBatch {
  readonly #session: SessionPart;
  #isOpen = false;
  #first = 0;
  #last = 0;

  constructor(session: SessionPart) {
    this.#session = session;
  }

  add(
    role: 'sender' | 'receiver',
    deliveryId: number,
    settled: boolean,
    state: DeliveryState | undefined,
  ): void {
    const canWait = role === 'receiver' && settled && state?.kind === 'accepted';
    if (this.#isOpen && canWait && deliveryId === (this.#last + 1) >>> 0) {
      this.#last = deliveryId;
      return;
    }
    this.flush();
    if (!canWait) return this.#write(role, deliveryId, deliveryId, settled, state);
    this.#isOpen = true;
    this.#first = deliveryId;
    this.#last = deliveryId;
    this.#session.part.awaitFlush(this.#session);
  }

  flush(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#write('receiver', this.#first, this.#last, true, { kind: 'accepted' });
  }

  #write(
    role: 'sender' | 'receiver',
    first: number,
    last: number,
    settled: boolean,
    state: DeliveryState | undefined,
  ): void {
    const { outbox } = this.#session.part;
    const out = outbox.beginFrame(this.#session.channel);
    writeDisposition(out, role, first, last, settled, state);
    outbox.endFrame(out);
  }
}
