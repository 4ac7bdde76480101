/**
 * What senders and receivers share: attaching and detaching.
 *
 *   attachSent --peer's attach--> attached --detach()--> detachSent --peer's detach--> detached
 *        \--peer's detach (refused)--> detached              (peer's detach first: answered)
 *   refused: a peer's attach that we answered and detached at once
 *
 * @spec AMQP-1.0 2.6
 */
import { AmqpConditions } from '../errors.ts';
import type { AmqpCondition } from '../wire/delivery-state.ts';
import type { Flow } from '../wire/flow.ts';
import {
  type PeerAttach,
  type PeerDetach,
  writeAttach,
  writeDetach,
} from '../wire/performatives.ts';
import type { Terminus } from '../wire/terminus.ts';
import type { EndReason, Link, LinkOptions } from './contract.ts';
import type { OutgoingTransfers } from './outgoing-transfers.ts';
import type { LinkPart, SessionPart } from './parts.ts';

export type LinkState = 'attachSent' | 'attached' | 'detachSent' | 'detached';

export interface LinkContext {
  readonly session: SessionPart;
  readonly transfers: OutgoingTransfers;
  readonly name: string;
  readonly handle: number;
  /** The peer attached first. */
  readonly isAnswer: boolean;
}

export abstract class LinkBase implements Link, LinkPart {
  protected readonly context: LinkContext;
  readonly #options: LinkOptions;
  #state: LinkState = 'attachSent';
  #detachError: AmqpCondition | undefined = undefined;
  #isDetachQueued = false;
  #isToldDetached = false;
  remoteHandle = -1;
  #peer: PeerAttach | undefined = undefined;

  abstract readonly role: 'sender' | 'receiver';

  constructor(context: LinkContext, options: LinkOptions) {
    this.context = context;
    this.#options = options;
  }

  get session(): SessionPart {
    return this.context.session;
  }

  get name(): string {
    return this.context.name;
  }

  get handle(): number {
    return this.context.handle;
  }

  get state(): LinkState {
    return this.#state;
  }

  get isAttached(): boolean {
    return this.#state === 'attached';
  }

  get isDetached(): boolean {
    return this.#state === 'detached';
  }

  /** Neither detached nor about to be. */
  get isUsable(): boolean {
    return !this.#isDetachQueued && (this.#state === 'attachSent' || this.#state === 'attached');
  }

  get peer(): PeerAttach | undefined {
    return this.#peer;
  }

  get source(): Terminus | undefined {
    return this.#options.source;
  }

  get target(): Terminus | undefined {
    return this.#options.target;
  }

  /** Sends our attach. */
  sendAttach(): void {
    const options = this.#options;
    this.session.part.writeFrame(this.session.channel, (out) =>
      writeAttach(out, {
        name: this.name,
        handle: this.handle,
        role: this.role,
        senderSettleMode: options.senderSettleMode ?? 2,
        receiverSettleMode: options.receiverSettleMode ?? 0,
        source: options.source,
        target: options.target,
        maxMessageSizeBytes: options.maxMessageSizeBytes ?? 0,
        properties: options.properties,
      }),
    );
  }

  onPeerAttach(attach: PeerAttach): void {
    this.#peer = attach;
    this.remoteHandle = attach.handle;
    if (this.#state !== 'attachSent') return;
    this.#state = 'attached';
    // An answer without its own terminus is a refusal: the peer's detach follows.
    const own = attach.role === 'sender' ? attach.source : attach.target;
    if (own || this.context.isAnswer) this.onAttached(attach);
  }

  detach(error?: AmqpCondition): void {
    if (!this.isUsable) return;
    this.#isDetachQueued = true;
    this.#detachError = error;
    this.context.transfers.detach(this);
  }

  sendDetach(): void {
    if (this.#state !== 'attachSent' && this.#state !== 'attached') return;
    this.#state = 'detachSent';
    this.#writeDetach(this.#detachError);
  }

  onPeerDetach(detach: PeerDetach): void {
    const isOurs = this.#state === 'detachSent';
    if (!isOurs) this.#writeDetach(undefined);
    this.#state = 'detached';
    this.session.forgetLink(this);
    const error = isOurs ? (this.#detachError ?? detach.error) : detach.error;
    this.#tellDetached({ by: isOurs || this.#isDetachQueued ? 'local' : 'peer', error });
  }

  onSessionEnded(reason: EndReason): void {
    this.#state = 'detached';
    this.#tellDetached(reason);
  }

  /** The peer broke a rule of this link. */
  protected failLink(condition: string, description: string): void {
    this.detach({ condition, description });
  }

  protected abstract onAttached(attach: PeerAttach): void;
  /** Tell deliveries and handler. Called once. */
  protected abstract onGone(reason: EndReason): void;
  abstract onFlow(flow: Flow): void;
  abstract fillFlow(flow: Flow): void;

  #writeDetach(error: AmqpCondition | undefined): void {
    this.session.flushPending();
    this.session.part.writeFrame(this.session.channel, (out) =>
      writeDetach(out, this.handle, error),
    );
  }

  #tellDetached(reason: EndReason): void {
    if (this.#isToldDetached) return;
    this.#isToldDetached = true;
    this.onGone(reason);
  }
}

/** The condition for attaches that nobody here wants. */
export const notWanted: AmqpCondition = {
  condition: AmqpConditions.notAllowed,
  description: 'links of this kind are not accepted here',
};
