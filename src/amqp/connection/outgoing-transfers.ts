/**
 * Sending side of a session: numbers transfers and deliveries, obeys the peer's window, and
 * queues what can not leave yet, in order.
 *
 * @spec AMQP-1.0 2.5.6
 */
import { Ring } from '#base/ring.ts';
import { AmqpConditions } from '../errors.ts';
import type { ConnectionPart, LinkPart, OutgoingPart, SessionPart } from './parts.ts';

/** Most pieces that wait in one session; more end it. */
export const queuedItemsMax = 1 << 20;

interface QueuedPiece {
  readonly delivery: OutgoingPart | undefined;
  /** What is left of the bytes. */
  bytes: Uint8Array | undefined;
  /** bytes: part of the delivery; end, settledEnd, abort: its last transfer; detach: of a link. */
  readonly kind: 'bytes' | 'end' | 'settledEnd' | 'abort' | 'detach';
  readonly link: LinkPart | undefined;
}

export class OutgoingTransfers {
  readonly #session: SessionPart;
  readonly #connection: ConnectionPart;
  readonly #unsettled: Map<number, OutgoingPart>;
  /** Made when first needed: most sessions never wait. */
  #queue: Ring<QueuedPiece> | undefined = undefined;
  #nextDeliveryId = 0;
  nextTransferId = 0;
  /** Transfers the peer will still take; 0 until it has begun. */
  peerWindow = 0;

  constructor(session: SessionPart, unsettled: Map<number, OutgoingPart>) {
    this.#session = session;
    this.#connection = session.part;
    this.#unsettled = unsettled;
  }

  get isQueueEmpty(): boolean {
    return this.#queue === undefined || this.#queue.size === 0;
  }

  /** Takes over the window of a begin or flow. Numbers wrap at 2^32. */
  onPeerWindow(nextIncomingId: number, incomingWindow: number): void {
    const base = nextIncomingId < 0 ? 0 : nextIncomingId;
    this.peerWindow = Math.max(0, (base + incomingWindow - this.nextTransferId) | 0);
    if (this.peerWindow > 0 && !this.isQueueEmpty) {
      this.#connection.awaitTurn(this.#session);
      this.#connection.pump();
    }
  }

  write(delivery: OutgoingPart, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const rest = this.isQueueEmpty ? this.#emitBytes(delivery, bytes) : bytes;
    if (!rest) return;
    delivery.queuedBytes += rest.length;
    this.#enqueue({ delivery, bytes: rest, kind: 'bytes', link: undefined });
  }

  end(delivery: OutgoingPart, settled: boolean): void {
    if (this.isQueueEmpty && this.#emitEnd(delivery, settled)) return;
    const kind = settled ? 'settledEnd' : 'end';
    this.#enqueue({ delivery, bytes: undefined, kind, link: undefined });
  }

  abort(delivery: OutgoingPart): void {
    this.#dropQueued(delivery);
    if (delivery.id < 0) return;
    if (this.isQueueEmpty && this.#emitAbort(delivery)) return;
    this.#enqueue({ delivery, bytes: undefined, kind: 'abort', link: undefined });
  }

  /** Sends the link's detach after everything queued before it. */
  detach(link: LinkPart): void {
    if (this.isQueueEmpty) link.sendDetach();
    else this.#enqueue({ delivery: undefined, bytes: undefined, kind: 'detach', link });
  }

  /** Sends one queued piece, or a part of it. False when nothing more can be sent now. */
  pumpOne(): boolean {
    const piece = this.#queue?.peek();
    if (!this.#queue || !piece) return false;
    const { delivery, bytes, kind } = piece;
    if (kind === 'detach') {
      this.#queue.shift();
      piece.link?.sendDetach();
      return true;
    }
    if (!delivery) return false;
    if (kind === 'bytes' && bytes) {
      const rest = this.#emitBytes(delivery, bytes);
      delivery.queuedBytes -= bytes.length - (rest?.length ?? 0);
      if (!rest) this.#queue.shift();
      else piece.bytes = rest;
      return !rest;
    }
    // It may have been settled while it waited: the last transfer says so.
    const settled = kind === 'settledEnd' || delivery.isSettled;
    const sent = kind === 'abort' ? this.#emitAbort(delivery) : this.#emitEnd(delivery, settled);
    if (sent) this.#queue.shift();
    return sent;
  }

  clear(): void {
    this.#queue = undefined;
  }

  #enqueue(piece: QueuedPiece): void {
    this.#queue ??= new Ring(queuedItemsMax);
    if (!this.#queue.push(piece)) {
      this.#session.fail(AmqpConditions.resourceLimitExceeded, 'too many queued transfers');
      return;
    }
    if (this.peerWindow > 0) this.#connection.awaitTurn(this.#session);
  }

  /** Takes the pieces of an aborted delivery out of the queue. */
  #dropQueued(delivery: OutgoingPart): void {
    if (!this.#queue || delivery.queuedBytes === 0) return;
    for (let left = this.#queue.size; left > 0; left--) {
      const piece = this.#queue.shift();
      if (piece && piece.delivery !== delivery) this.#queue.push(piece);
    }
    delivery.queuedBytes = 0;
  }

  /** Emits what fits; returns the rest, undefined when all is on its way. */
  #emitBytes(delivery: OutgoingPart, bytes: Uint8Array): Uint8Array | undefined {
    const { outbox } = this.#connection;
    const frameMax = this.#connection.peerMaxFrameSizeBytes;
    let rest = bytes;
    for (;;) {
      if (outbox.openOwner !== delivery && !this.#openFrame(delivery)) return rest;
      const room = frameMax - outbox.openSizeBytes;
      if (rest.length <= room) {
        outbox.addPayload(rest);
        return undefined;
      }
      if (room > 0) {
        outbox.addPayload(rest.subarray(0, room));
        rest = rest.subarray(room);
      }
      outbox.closeTransfer();
    }
  }

  #emitEnd(delivery: OutgoingPart, settled: boolean): boolean {
    const { outbox } = this.#connection;
    if (outbox.openOwner !== delivery && !this.#openFrame(delivery)) return false;
    outbox.finishTransfer(settled);
    if (settled) this.#unsettled.delete(delivery.id);
    return true;
  }

  #emitAbort(delivery: OutgoingPart): boolean {
    if (this.peerWindow <= 0 || !this.#connection.canTransfer()) return false;
    this.#count();
    const { outbox } = this.#connection;
    outbox.abortTransfer(this.#session.channel, delivery.handle, delivery.id, delivery.tag);
    this.#unsettled.delete(delivery.id);
    return true;
  }

  #openFrame(delivery: OutgoingPart): boolean {
    if (this.peerWindow <= 0 || !this.#connection.canTransfer()) return false;
    this.#count();
    if (delivery.id < 0) {
      delivery.id = this.#nextDeliveryId;
      this.#nextDeliveryId = (this.#nextDeliveryId + 1) >>> 0;
      this.#unsettled.set(delivery.id, delivery);
    }
    this.#connection.outbox.openTransfer(
      delivery,
      this.#session.channel,
      delivery.handle,
      delivery.id,
      delivery.tag,
      delivery.messageFormat,
      delivery.isPresettled,
    );
    return true;
  }

  #count(): void {
    this.peerWindow--;
    this.nextTransferId = (this.nextTransferId + 1) >>> 0;
  }
}
