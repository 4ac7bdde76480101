/** The links of one session by handle and by name, and how attaches find them. */
import { AmqpConditions, AmqpError } from '../errors.ts';
import type { PeerAttach } from '../wire/performatives.ts';
import type {
  EndReason,
  LinkOptions,
  ReceiverAcceptance,
  ReceiverHandler,
  ReceiverOptions,
  Refusal,
  SenderAcceptance,
  SenderHandler,
  SessionHandler,
} from './contract.ts';
import { type LinkBase, type LinkContext, notWanted } from './link-base.ts';
import type { OutgoingTransfers } from './outgoing-transfers.ts';
import type { IncomingPart, LinkPart, SessionPart } from './parts.ts';
import { ReceiverLinkMachine } from './receiver-link.ts';
import { SenderLinkMachine } from './sender-link.ts';

const isRefusal = (answer: ReceiverAcceptance | SenderAcceptance | Refusal): answer is Refusal =>
  'refuse' in answer;

export class LinkTable {
  readonly #session: SessionPart;
  readonly #transfers: OutgoingTransfers;
  readonly #unsettled: Map<number, IncomingPart>;
  readonly #local: (LinkPart | undefined)[] = [];
  readonly #remote = new Map<number, LinkPart>();
  /** By our role and name. */
  readonly #named = new Map<string, LinkBase>();
  #handleMax: number;
  readonly #remoteHandleMax: number;

  constructor(
    session: SessionPart,
    transfers: OutgoingTransfers,
    unsettled: Map<number, IncomingPart>,
    handleMax: number,
  ) {
    this.#session = session;
    this.#transfers = transfers;
    this.#unsettled = unsettled;
    this.#handleMax = handleMax;
    this.#remoteHandleMax = handleMax;
  }

  get size(): number {
    return this.#named.size;
  }

  get(remoteHandle: number): LinkPart | undefined {
    return this.#remote.get(remoteHandle);
  }

  /** The peer's limit for our handles. */
  limitHandles(handleMax: number): void {
    this.#handleMax = Math.min(this.#handleMax, handleMax);
  }

  /** @throws AmqpError AMQP_LIMIT, AMQP_STATE for a name in use */
  attachSender(name: string, options: LinkOptions, handler: SenderHandler): SenderLinkMachine {
    return this.#addSender(name, { ...options, source: options.source ?? {} }, handler, false);
  }

  /** @throws AmqpError AMQP_LIMIT, AMQP_STATE for a name in use */
  attachReceiver(
    name: string,
    options: ReceiverOptions,
    handler: ReceiverHandler,
  ): ReceiverLinkMachine {
    return this.#addReceiver(name, { ...options, target: options.target ?? {} }, handler, false);
  }

  onPeerAttach(attach: PeerAttach, handler: SessionHandler): void {
    if (this.#remote.has(attach.handle)) {
      return this.#session.fail(AmqpConditions.handleInUse, 'handle is in use');
    }
    if (attach.handle > this.#remoteHandleMax) {
      return this.#session.fail(AmqpConditions.notAllowed, 'handle above handle-max');
    }
    const role = attach.role === 'sender' ? 'receiver' : 'sender';
    const known = this.#named.get(`${role}:${attach.name}`);
    if (known && known.remoteHandle >= 0) {
      return this.#session.fail(AmqpConditions.notAllowed, 'a link of this name is attached');
    }
    if (known) {
      this.#remote.set(attach.handle, known);
      return known.onPeerAttach(attach);
    }
    this.#accept(attach, handler);
  }

  delete(link: LinkPart): void {
    this.#local[link.handle] = undefined;
    while (this.#local.length > 0 && !this.#local.at(-1)) this.#local.pop();
    if (link.remoteHandle >= 0) this.#remote.delete(link.remoteHandle);
    this.#named.delete(`${link.role}:${link.name}`);
  }

  onSessionEnded(reason: EndReason): void {
    const links = Array.from(this.#named.values());
    this.#named.clear();
    this.#remote.clear();
    this.#local.length = 0;
    for (const link of links) link.onSessionEnded(reason);
  }

  #accept(attach: PeerAttach, handler: SessionHandler): void {
    const { source, target } = attach;
    const none: Refusal = { refuse: notWanted };
    if (attach.role === 'sender') {
      const answer = handler.onPeerSender?.(this.#session, attach) ?? none;
      if (isRefusal(answer)) return this.#refuse(attach, answer);
      const options = { source, target: target ?? {}, ...answer.options };
      const link = this.#addReceiver(attach.name, options, answer.handler, true);
      return this.#join(link, attach);
    }
    const answer = handler.onPeerReceiver?.(this.#session, attach) ?? none;
    if (isRefusal(answer)) return this.#refuse(attach, answer);
    const options = { source: source ?? {}, target, ...answer.options };
    this.#join(this.#addSender(attach.name, options, answer.handler, true), attach);
  }

  #join(link: LinkBase, attach: PeerAttach): void {
    this.#remote.set(attach.handle, link);
    link.onPeerAttach(attach);
  }

  /** Attach without our own terminus, then detach: so the peer knows that it was refused. */
  #refuse(attach: PeerAttach, { refuse }: Refusal): void {
    const { source, target } = attach;
    const link =
      attach.role === 'sender'
        ? this.#addReceiver(attach.name, { source, creditWindow: 0 }, refusingReceiver, true)
        : this.#addSender(attach.name, { target }, {}, true);
    this.#join(link, attach);
    link.detach(refuse);
  }

  #addSender(
    name: string,
    options: LinkOptions,
    handler: SenderHandler,
    isAnswer: boolean,
  ): SenderLinkMachine {
    const context = this.#context('sender', name, isAnswer);
    const link = new SenderLinkMachine(context, options, handler);
    this.#add(link);
    return link;
  }

  #addReceiver(
    name: string,
    options: ReceiverOptions,
    handler: ReceiverHandler,
    isAnswer: boolean,
  ): ReceiverLinkMachine {
    const context = this.#context('receiver', name, isAnswer);
    const full = { ...context, unsettled: this.#unsettled };
    const link = new ReceiverLinkMachine(full, options, handler);
    this.#add(link);
    return link;
  }

  #add(link: LinkBase): void {
    link.sendAttach();
    this.#local[link.handle] = link;
    this.#named.set(`${link.role}:${link.name}`, link);
  }

  #context(role: 'sender' | 'receiver', name: string, isAnswer: boolean): LinkContext {
    if (this.#named.has(`${role}:${name}`)) {
      throw new AmqpError('AMQP_STATE', AmqpConditions.notAllowed, 'link name is in use');
    }
    const free = this.#local.indexOf(undefined);
    const handle = free < 0 ? this.#local.length : free;
    if (handle > this.#handleMax) {
      throw new AmqpError('AMQP_LIMIT', AmqpConditions.resourceLimitExceeded, 'no handle is free');
    }
    return { session: this.#session, transfers: this.#transfers, name, handle, isAnswer };
  }
}

const refusingReceiver: ReceiverHandler = {
  onDelivery: () => ({ onBytes: () => undefined, onEnd: () => undefined }),
};
