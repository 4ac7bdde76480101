/** A link that we receive on: grants credit and cuts transfers into deliveries. @spec AMQP-1.0 2.6.7 */
import { AmqpConditions, AmqpError } from '../errors.ts';
import type { Flow } from '../wire/flow.ts';
import type { PeerAttach } from '../wire/performatives.ts';
import type { Transfer } from '../wire/transfer.ts';
import type { EndReason, ReceiverHandler, ReceiverLink, ReceiverOptions } from './contract.ts';
import { type IncomingContext, IncomingDeliveryMachine } from './incoming-delivery.ts';
import { LinkBase, type LinkContext } from './link-base.ts';
import type { IncomingPart } from './parts.ts';

/** Credit we keep granted unless told otherwise. */
export const creditWindowDefault = 250;

export interface ReceiverContext extends LinkContext {
  /** Deliveries of the session that are not settled yet, by id. */
  readonly unsettled: Map<number, IncomingPart>;
}

export class ReceiverLinkMachine extends LinkBase implements ReceiverLink {
  readonly role = 'receiver';
  readonly #handler: ReceiverHandler;
  readonly #unsettled: Map<number, IncomingPart>;
  readonly #incoming: IncomingContext;
  readonly #creditWindow: number;
  readonly #sizeBytesMax: number;
  #credit = 0;
  #deliveryCount = 0;
  #current: IncomingDeliveryMachine | undefined = undefined;

  constructor(context: ReceiverContext, options: ReceiverOptions, handler: ReceiverHandler) {
    super(context, options);
    this.#handler = handler;
    this.#unsettled = context.unsettled;
    this.#creditWindow = options.creditWindow ?? creditWindowDefault;
    this.#sizeBytesMax = options.maxMessageSizeBytes ?? 0;
    this.#incoming = {
      link: this,
      session: context.session,
      onDone: (delivery) => this.#unsettled.delete(delivery.id),
    };
  }

  get credit(): number {
    return this.#credit;
  }

  grant(credit: number): void {
    if (!this.isAttached) return;
    this.#credit = credit;
    this.session.sendFlow(this);
  }

  /** Takes the fields of a transfer; its payload and end follow. */
  onTransfer(transfer: Transfer): void {
    if (!this.isUsable) return;
    let delivery = this.#current;
    if (!delivery) {
      delivery = this.#begin(transfer);
      if (!delivery) return;
    } else if (transfer.deliveryId >= 0 && transfer.deliveryId !== delivery.id) {
      throw new AmqpError(
        'AMQP_STATE',
        AmqpConditions.notAllowed,
        'a delivery began before the one before it had ended',
      );
    }
    delivery.onTransfer(transfer);
  }

  onPayload(bytes: Uint8Array): void {
    const delivery = this.#current;
    if (!delivery || !this.isUsable) return;
    delivery.onPayload(bytes);
    if (this.#sizeBytesMax > 0 && delivery.sizeBytes > this.#sizeBytesMax) {
      this.failLink(AmqpConditions.messageSizeExceeded, 'message larger than max-message-size');
    }
  }

  onTransferEnd(): void {
    const delivery = this.#current;
    if (!delivery || !this.isUsable || !delivery.isLastFrame) return;
    this.#current = undefined;
    delivery.onEnd();
    this.#topUp();
  }

  onFlow(flow: Flow): void {
    if (!this.isUsable) return;
    // After a drain the sender's count says how much credit it gave back.
    const used = flow.deliveryCount < 0 ? 0 : (flow.deliveryCount - this.#deliveryCount) | 0;
    if (used > 0) {
      this.#deliveryCount = flow.deliveryCount;
      this.#credit = Math.max(0, this.#credit - used);
      this.#topUp();
    }
    if (flow.echo) this.session.sendFlow(this);
  }

  fillFlow(flow: Flow): void {
    flow.deliveryCount = this.#deliveryCount;
    flow.linkCredit = this.#credit;
  }

  protected onAttached(attach: PeerAttach): void {
    this.#deliveryCount = attach.initialDeliveryCount ?? 0;
    this.#handler.onAttached?.(this, attach);
    if (this.isUsable && this.#creditWindow > 0) this.grant(this.#creditWindow);
  }

  protected onGone(reason: EndReason): void {
    this.#current = undefined;
    this.session.loseDeliveries(this);
    this.session.part.guard(() => this.#handler.onDetached?.(this, reason));
  }

  #begin(transfer: Transfer): IncomingDeliveryMachine | undefined {
    if (this.#credit === 0) {
      this.failLink(AmqpConditions.transferLimitExceeded, 'delivery without credit');
      return undefined;
    }
    if (transfer.deliveryId < 0) {
      throw new AmqpError(
        'AMQP_DECODE',
        AmqpConditions.invalidField,
        'the first transfer of a delivery has no delivery-id',
      );
    }
    if (this.#unsettled.has(transfer.deliveryId)) {
      throw new AmqpError('AMQP_STATE', AmqpConditions.notAllowed, 'delivery-id is in use');
    }
    this.#credit--;
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
    this.session.part.counters.deliveriesIn++;
    const delivery = new IncomingDeliveryMachine(this.#incoming, transfer);
    this.#current = delivery;
    this.#unsettled.set(delivery.id, delivery);
    delivery.handler = this.#handler.onDelivery(this, delivery);
    return delivery;
  }

  #topUp(): void {
    if (this.#creditWindow > 0 && this.#credit <= this.#creditWindow >>> 1 && this.isUsable) {
      this.grant(this.#creditWindow);
    }
  }
}
