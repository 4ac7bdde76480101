/** One message on its way in. */
import { Buffer } from 'node:buffer';
import type { DeliveryState } from '../wire/delivery-state.ts';
import type { Transfer } from '../wire/transfer.ts';
import type { IncomingHandler, ReceiverLink } from './contract.ts';
import type { IncomingPart, SessionPart } from './parts.ts';

export interface IncomingContext {
  readonly link: ReceiverLink;
  readonly session: SessionPart;
  /** Complete and settled: nothing more can come for it. */
  onDone(delivery: IncomingDeliveryMachine): void;
}

const emptyTag = Buffer.alloc(0);

export class IncomingDeliveryMachine implements IncomingPart {
  readonly #context: IncomingContext;
  readonly id: number;
  readonly tag: Uint8Array;
  readonly messageFormat: number;
  handler: IncomingHandler | undefined = undefined;
  sizeBytes = 0;
  #isEnded = false;
  #aborted = false;
  #settled = false;
  #isSettledHere = false;
  #isLost = false;
  #isLastFrame = false;

  constructor(context: IncomingContext, first: Transfer) {
    this.#context = context;
    this.id = first.deliveryId;
    this.tag = first.tag ? Buffer.from(first.tag) : emptyTag;
    this.messageFormat = first.messageFormat;
  }

  get link(): ReceiverLink {
    return this.#context.link;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get settled(): boolean {
    return this.#settled;
  }

  get isSettledHere(): boolean {
    return this.#isSettledHere;
  }

  /** Flags count on the last transfer only: peers may set `settled` early and mean the end. */
  onTransfer(transfer: Transfer): void {
    if (transfer.more && !transfer.aborted) return;
    this.#isLastFrame = true;
    this.#aborted = transfer.aborted;
    this.#settled ||= transfer.settled || transfer.aborted;
  }

  onPayload(bytes: Uint8Array): void {
    if (this.#aborted || this.#isLost) return;
    this.sizeBytes += bytes.length;
    this.handler?.onBytes(this, bytes);
  }

  /** The transfer being read is the last one. */
  get isLastFrame(): boolean {
    return this.#isLastFrame;
  }

  /** The last transfer is complete. */
  onEnd(): void {
    this.#isEnded = true;
    if (this.#settled || this.#isSettledHere) this.#context.onDone(this);
    this.handler?.onEnd(this);
  }

  onPeerState(state: DeliveryState | undefined, settled: boolean): void {
    if (settled) this.#settled = true;
    this.handler?.onPeerState?.(this, state, settled);
    if (settled && this.#isEnded) this.#context.onDone(this);
  }

  update(state: DeliveryState, settled: boolean): void {
    if (this.#isLost || this.#isSettledHere || (this.#isEnded && this.#settled)) return;
    if (settled) this.#isSettledHere = true;
    this.#context.session.sendDisposition('receiver', this.id, settled, state);
    if (settled && this.#isEnded) this.#context.onDone(this);
  }

  /** Link, session or connection are gone. */
  onLost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    const isDone = this.#isEnded && (this.#settled || this.#isSettledHere);
    if (!isDone) this.handler?.onLost?.(this);
  }
}
