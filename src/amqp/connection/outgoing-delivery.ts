/** One message on its way out. Its transfers are sent by the session. */
import { assert } from '#base/assert.ts';
import type { DeliveryState } from '../wire/delivery-state.ts';
import type { OutgoingHandler, SenderLink } from './contract.ts';
import type { OutgoingTransfers } from './outgoing-transfers.ts';
import type { OutgoingPart, SessionPart } from './parts.ts';

export interface OutgoingContext {
  readonly link: SenderLink;
  readonly session: SessionPart;
  readonly transfers: OutgoingTransfers;
  readonly handle: number;
  /** All bytes were given, or none was ever sent (`isVoid`); the link may start another. */
  onEnded(delivery: OutgoingPart, isVoid: boolean): void;
}

export class OutgoingDeliveryMachine implements OutgoingPart {
  readonly #context: OutgoingContext;
  readonly handler: OutgoingHandler;
  readonly tag: Uint8Array;
  readonly messageFormat: number;
  readonly isPresettled: boolean;
  id = -1;
  queuedBytes = 0;
  #isEnded = false;
  #isSettled = false;
  #isLost = false;

  constructor(
    context: OutgoingContext,
    handler: OutgoingHandler,
    tag: Uint8Array,
    messageFormat: number,
    settled: boolean,
  ) {
    this.#context = context;
    this.handler = handler;
    this.tag = tag;
    this.messageFormat = messageFormat;
    this.isPresettled = settled;
  }

  get link(): SenderLink {
    return this.#context.link;
  }

  get handle(): number {
    return this.#context.handle;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isLost) return true;
    assert(!this.#isEnded, 'write after the end of a delivery');
    this.#context.transfers.write(this, bytes);
    const connection = this.#context.session.part;
    if (this.queuedBytes === 0 && connection.writable) return true;
    connection.awaitDrain(this);
    return false;
  }

  end(options: { readonly settled?: boolean } = {}): void {
    if (this.#isLost || this.#isEnded) return;
    this.#isEnded = true;
    const settled = this.isPresettled || options.settled === true || this.#isSettled;
    if (settled) this.#isSettled = true;
    this.#context.transfers.end(this, settled);
    this.#context.onEnded(this, false);
  }

  abort(): void {
    if (this.#isLost || this.#isEnded) return;
    this.#isEnded = true;
    this.#isSettled = true;
    this.#context.transfers.abort(this);
    this.#context.onEnded(this, this.id < 0);
  }

  settle(state?: DeliveryState): void {
    if (this.#isLost || this.#isSettled) return;
    this.#isSettled = true;
    // Before the end, the last transfer carries it.
    if (!this.#isEnded || this.id < 0) return;
    this.#context.session.sendDisposition('sender', this.id, true, state);
  }

  onPeerState(state: DeliveryState | undefined, settled: boolean): void {
    if (settled) this.#isSettled = true;
    this.handler.onPeerState?.(this, state, settled);
  }

  /** Link, session or connection are gone. */
  onLost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.queuedBytes = 0;
    if (!this.#isEnded || !this.#isSettled) this.handler.onLost?.(this);
  }
}
