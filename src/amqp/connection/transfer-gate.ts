/**
 * Decides when transfers may go: not while the transport is full or the outbox holds enough for
 * one turn. Keeps the sessions and deliveries that wait, and lets sessions take turns.
 */
import type { Outbox } from '../wire/outbox.ts';
import type { OutgoingPart, SessionPart } from './parts.ts';

/** Transfers put into the outbox in one turn, bytes; more wait in their sessions. */
export const turnBytesMax = 1024 * 1024;
/** Above this sources are asked to pause, bytes. */
export const outboxHighBytes = 512 * 1024;

export class TransferGate {
  readonly #outbox: Outbox;
  readonly #waiting = new Set<SessionPart>();
  readonly #drains = new Set<OutgoingPart>();
  #isTransportReady = true;
  #isPumping = false;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  canTransfer(): boolean {
    return this.#isTransportReady && this.#outbox.sizeBytes < turnBytesMax;
  }

  get writable(): boolean {
    return this.#isTransportReady && this.#outbox.sizeBytes < outboxHighBytes;
  }

  setTransportReady(ready: boolean): void {
    this.#isTransportReady = ready;
  }

  awaitTurn(session: SessionPart): void {
    this.#waiting.add(session);
  }

  awaitDrain(delivery: OutgoingPart): void {
    this.#drains.add(delivery);
  }

  forget(session: SessionPart): void {
    this.#waiting.delete(session);
  }

  clear(): void {
    this.#waiting.clear();
    this.#drains.clear();
  }

  /** Sends what can be sent, one piece per session and round, then tells who may go on. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#waiting.size > 0 && this.canTransfer()) this.#round();
      this.#tellDrained();
    } finally {
      this.#isPumping = false;
    }
  }

  #round(): void {
    for (const session of this.#waiting) {
      if (!this.canTransfer()) return;
      const isStuck = !session.pumpOne() && this.canTransfer();
      if (isStuck || !session.hasQueuedTransfers) this.#waiting.delete(session);
    }
  }

  #tellDrained(): void {
    // Those that wait again come back at the end of the set; the outbox bounds the walk.
    for (const delivery of this.#drains) {
      if (!this.writable) return;
      if (delivery.queuedBytes > 0) continue;
      this.#drains.delete(delivery);
      if (!delivery.isEnded) delivery.handler.onDrained?.(delivery);
    }
  }
}
