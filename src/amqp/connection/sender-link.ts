/** A link that we send on: credit, and one delivery at a time. @spec AMQP-1.0 2.6.7 */
import { assert } from '#base/assert.ts';
import { Buffer } from 'node:buffer';
import type { Flow } from '../wire/flow.ts';
import type { PeerAttach } from '../wire/performatives.ts';
import { deliveryTagBytesMax } from '../wire/transfer.ts';
import type {
  DeliveryOptions,
  EndReason,
  LinkOptions,
  OutgoingDelivery,
  OutgoingHandler,
  SenderHandler,
  SenderLink,
} from './contract.ts';
import { LinkBase, type LinkContext } from './link-base.ts';
import { type OutgoingContext, OutgoingDeliveryMachine } from './outgoing-delivery.ts';
import type { OutgoingPart } from './parts.ts';

const ignoringHandler: OutgoingHandler = {};

export class SenderLinkMachine extends LinkBase implements SenderLink {
  readonly role = 'sender';
  readonly #handler: SenderHandler;
  readonly #outgoing: OutgoingContext;
  #credit = 0;
  #deliveryCount = 0;
  /** What the peer said last; our flows repeat it. */
  #isDraining = false;
  #tagCounter = 0;
  #current: OutgoingDeliveryMachine | undefined = undefined;

  constructor(context: LinkContext, options: LinkOptions, handler: SenderHandler) {
    super(context, options);
    this.#handler = handler;
    this.#outgoing = {
      link: this,
      session: context.session,
      transfers: context.transfers,
      handle: context.handle,
      onEnded: (delivery, isVoid) => this.#onEnded(delivery, isVoid),
    };
  }

  get credit(): number {
    return this.isUsable ? this.#credit : 0;
  }

  get isBusy(): boolean {
    return this.#current !== undefined;
  }

  startDelivery(
    handler: OutgoingHandler,
    options: DeliveryOptions = {},
  ): OutgoingDelivery | undefined {
    assert(!this.#current, 'a link sends one delivery at a time');
    if (this.credit === 0) return undefined;
    const tag = options.tag ?? this.#nextTag();
    if (tag.length > deliveryTagBytesMax) throw new RangeError('delivery tag too long');
    this.#credit--;
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
    this.#current = new OutgoingDeliveryMachine(
      this.#outgoing,
      handler,
      tag,
      options.messageFormat ?? 0,
      options.settled ?? false,
    );
    this.session.part.counters.deliveriesOut++;
    return this.#current;
  }

  send(
    message: Uint8Array,
    options?: DeliveryOptions,
    handler: OutgoingHandler = ignoringHandler,
  ): OutgoingDelivery | undefined {
    const delivery = this.startDelivery(handler, options);
    if (!delivery) return undefined;
    delivery.write(message);
    delivery.end();
    return delivery;
  }

  onFlow(flow: Flow): void {
    if (!this.isUsable || flow.linkCredit < 0) return;
    const before = this.#credit;
    this.#isDraining = flow.drain;
    const base = flow.deliveryCount < 0 ? 0 : flow.deliveryCount;
    this.#credit = Math.max(0, (base + flow.linkCredit - this.#deliveryCount) | 0);
    if (this.#credit > 0 && (before === 0 || flow.drain)) this.#handler.onCredit?.(this);
    if (flow.drain && this.#credit > 0 && !this.#current) {
      this.#deliveryCount = (this.#deliveryCount + this.#credit) >>> 0;
      this.#credit = 0;
      this.session.sendFlow(this);
    } else if (flow.echo) this.session.sendFlow(this);
  }

  fillFlow(flow: Flow): void {
    flow.deliveryCount = this.#deliveryCount;
    flow.linkCredit = this.#credit;
    flow.drain = this.#isDraining;
  }

  protected onAttached(attach: PeerAttach): void {
    this.#handler.onAttached?.(this, attach);
  }

  protected onGone(reason: EndReason): void {
    const current = this.#current;
    this.#current = undefined;
    const { part } = this.session;
    part.guard(() => {
      current?.onLost();
    });
    this.session.loseDeliveries(this);
    part.guard(() => this.#handler.onDetached?.(this, reason));
  }

  #onEnded(delivery: OutgoingPart, isVoid: boolean): void {
    if (this.#current !== delivery) return;
    this.#current = undefined;
    // Given up before a byte left: the peer never heard of it, so its credit is still there.
    if (isVoid) {
      this.#credit++;
      this.#deliveryCount = (this.#deliveryCount - 1) >>> 0;
    }
  }

  #nextTag(): Uint8Array {
    const tag = Buffer.allocUnsafe(8);
    tag.writeUInt32LE(this.#tagCounter >>> 0, 0);
    tag.writeUInt32LE(Math.floor(this.#tagCounter / 0x1_0000_0000), 4);
    this.#tagCounter++;
    return tag;
  }
}
