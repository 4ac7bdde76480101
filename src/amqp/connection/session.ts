/**
 * One session: two channels, links by handle, windows, and the dispositions of its deliveries.
 *
 *   beginSent --peer's begin--> mapped --end()--> endSent --peer's end--> ended
 *   (a peer's begin is answered at once: mapped)   (peer's end first: answered, ended)
 *
 * @spec AMQP-1.0 2.5
 */
import { AmqpConditions, AmqpError } from '../errors.ts';
import type { AmqpCondition, DeliveryState } from '../wire/delivery-state.ts';
import { Descriptors } from '../wire/descriptors.ts';
import type { Disposition } from '../wire/disposition.ts';
import { Flow } from '../wire/flow.ts';
import {
  type PeerAttach,
  type PeerBegin,
  type PeerDetach,
  writeBegin,
  writeEnding,
} from '../wire/performatives.ts';
import type { Transfer } from '../wire/transfer.ts';
import type {
  Connection,
  EndReason,
  Link,
  LinkOptions,
  ReceiverHandler,
  ReceiverLink,
  ReceiverOptions,
  SenderHandler,
  SenderLink,
  SessionHandler,
  SessionOptions,
} from './contract.ts';
import { DispositionBatch } from './disposition-batch.ts';
import { LinkTable } from './link-table.ts';
import { OutgoingTransfers } from './outgoing-transfers.ts';
import type { ConnectionPart, IncomingPart, LinkPart, OutgoingPart, SessionPart } from './parts.ts';
import { ReceiverLinkMachine } from './receiver-link.ts';
import { applyDisposition, loseDeliveriesOf } from './unsettled.ts';

/** Frames we accept before a refresh unless told otherwise. */
export const incomingWindowDefaultFrames = 2048;
/** What the real router announces: without limit. */
const windowUnlimited = 0x7fff_ffff;

export type SessionState = 'beginSent' | 'mapped' | 'endSent' | 'ended';

export interface SessionContext {
  readonly part: ConnectionPart;
  readonly channel: number;
  readonly handleMax: number;
}

export class SessionMachine implements SessionPart {
  readonly part: ConnectionPart;
  readonly channel: number;
  readonly #options: SessionOptions;
  readonly #handler: SessionHandler;
  readonly #handleMax: number;
  readonly #outgoing = new Map<number, OutgoingPart>();
  readonly #incoming = new Map<number, IncomingPart>();
  readonly #transfers: OutgoingTransfers;
  readonly #links: LinkTable;
  readonly #dispositions: DispositionBatch;
  readonly #windowMax: number;
  readonly #flow = new Flow();
  #state: SessionState = 'beginSent';
  remoteChannel = -1;
  #nextIncomingId = 0;
  #window: number;
  #isWindowHeld = false;
  #isToldEnded = false;

  constructor(context: SessionContext, options: SessionOptions, handler: SessionHandler) {
    this.part = context.part;
    this.channel = context.channel;
    this.#handleMax = context.handleMax;
    this.#options = options;
    this.#handler = handler;
    this.#windowMax = options.incomingWindowFrames ?? incomingWindowDefaultFrames;
    this.#window = this.#windowMax;
    this.#transfers = new OutgoingTransfers(this, this.#outgoing);
    this.#links = new LinkTable(this, this.#transfers, this.#incoming, context.handleMax);
    this.#dispositions = new DispositionBatch(this);
  }

  get connection(): Connection {
    return this.part;
  }

  get state(): SessionState {
    return this.#state;
  }

  get isMapped(): boolean {
    return this.#state === 'mapped';
  }

  get isEnded(): boolean {
    return this.#state === 'endSent' || this.#state === 'ended';
  }

  get linkCount(): number {
    return this.#links.size;
  }

  /** Sends our begin; with `remoteChannel` set it answers the peer's. */
  sendBegin(): void {
    this.part.writeFrame(this.channel, (out) =>
      writeBegin(out, {
        remoteChannel: this.remoteChannel < 0 ? undefined : this.remoteChannel,
        nextOutgoingId: this.#transfers.nextTransferId,
        incomingWindow: this.#windowMax,
        outgoingWindow: windowUnlimited,
        handleMax: this.#handleMax,
        properties: this.#options.properties,
      }),
    );
  }

  /** The peer's begin, first or as the answer to ours. */
  onPeerBegin(begin: PeerBegin, remoteChannel: number): void {
    this.remoteChannel = remoteChannel;
    this.#nextIncomingId = begin.nextOutgoingId;
    this.#links.limitHandles(begin.handleMax);
    if (begin.remoteChannel === undefined) this.sendBegin();
    if (this.#state === 'endSent') return;
    this.#state = 'mapped';
    this.#transfers.onPeerWindow(this.#transfers.nextTransferId, begin.incomingWindow);
    this.#handler.onBegun?.(this);
  }

  attachSender(name: string, options: LinkOptions, handler: SenderHandler): SenderLink {
    this.#checkUsable();
    return this.#links.attachSender(name, options, handler);
  }

  attachReceiver(name: string, options: ReceiverOptions, handler: ReceiverHandler): ReceiverLink {
    this.#checkUsable();
    return this.#links.attachReceiver(name, options, handler);
  }

  holdWindow(hold: boolean): void {
    this.#isWindowHeld = hold;
    if (!hold) this.#refreshWindow();
  }

  end(error?: AmqpCondition): void {
    if (this.isEnded) return;
    this.#sendEnd(error);
    this.#state = 'endSent';
    this.#tellEnded({ by: 'local', error });
  }

  fail(condition: string, description: string): void {
    if (this.isEnded) return;
    const error = { condition, description };
    this.#sendEnd(error);
    this.#state = 'endSent';
    this.#tellEnded({ by: 'protocol', error });
  }

  onPeerAttach(attach: PeerAttach): void {
    if (!this.isEnded) this.#links.onPeerAttach(attach, this.#handler);
  }

  onPeerDetach(detach: PeerDetach): void {
    if (!this.isEnded) this.#links.get(detach.handle)?.onPeerDetach(detach);
  }

  onFlow(flow: Flow): void {
    if (this.isEnded) return;
    this.#transfers.onPeerWindow(flow.nextIncomingId, flow.incomingWindow);
    if (flow.handle < 0) {
      if (flow.echo) this.sendFlow(undefined);
      return;
    }
    this.#links.get(flow.handle)?.onFlow(flow);
  }

  onDisposition(disposition: Disposition): void {
    if (this.isEnded) return;
    applyDisposition(disposition, disposition.fromReceiver ? this.#outgoing : this.#incoming);
  }

  /** The receiver that takes the payload; undefined when it is to be dropped. */
  onTransfer(transfer: Transfer): ReceiverLinkMachine | undefined {
    if (this.isEnded) return undefined;
    this.#nextIncomingId = (this.#nextIncomingId + 1) >>> 0;
    if (--this.#window < 0) {
      this.fail(AmqpConditions.windowViolation, 'more transfers than the window allows');
      return undefined;
    }
    const link = this.#links.get(transfer.handle);
    if (link instanceof ReceiverLinkMachine) return link;
    const condition = link ? AmqpConditions.notAllowed : AmqpConditions.unattachedHandle;
    this.fail(condition, 'transfer on a handle that does not receive');
    return undefined;
  }

  onTransferEnd(): void {
    if (this.#window <= this.#windowMax >>> 1) this.#refreshWindow();
  }

  onPeerEnd(error: AmqpCondition | undefined): void {
    if (this.#state !== 'endSent') this.#sendEnd(undefined);
    this.#state = 'ended';
    this.part.forgetSession(this);
    this.#tellEnded({ by: 'peer', error });
  }

  /** The connection is gone. */
  onConnectionEnded(reason: EndReason): void {
    this.#state = 'ended';
    this.#tellEnded(reason);
  }

  pumpOne(): boolean {
    return !this.isEnded && this.#transfers.pumpOne();
  }

  /** Something waits and the peer's window would let it go. */
  get hasQueuedTransfers(): boolean {
    return !this.#transfers.isQueueEmpty && this.#transfers.peerWindow > 0;
  }

  flushPending(): void {
    if (!this.isEnded) this.#dispositions.flush();
  }

  forgetLink(link: LinkPart): void {
    this.#links.delete(link);
  }

  loseDeliveries(link: Link): void {
    loseDeliveriesOf(link, this.#outgoing, this.part);
    loseDeliveriesOf(link, this.#incoming, this.part);
  }

  sendDisposition(
    role: 'sender' | 'receiver',
    deliveryId: number,
    settled: boolean,
    state: DeliveryState | undefined,
  ): void {
    if (this.isEnded) return;
    if (settled && role === 'sender') this.#outgoing.delete(deliveryId);
    this.#dispositions.add(role, deliveryId, settled, state);
  }

  sendFlow(link: LinkPart | undefined): void {
    if (this.isEnded) return;
    const flow = this.#flow;
    this.#window = this.#isWindowHeld ? this.#window : this.#windowMax;
    flow.nextIncomingId = this.remoteChannel < 0 ? -1 : this.#nextIncomingId;
    flow.incomingWindow = this.#window;
    flow.nextOutgoingId = this.#transfers.nextTransferId;
    flow.outgoingWindow = windowUnlimited;
    flow.handle = link ? link.handle : -1;
    flow.available = -1;
    flow.drain = false;
    link?.fillFlow(flow);
    const out = this.part.outbox.beginFrame(this.channel);
    flow.write(out);
    this.part.outbox.endFrame(out);
  }

  #refreshWindow(): void {
    if (this.#isWindowHeld || this.isEnded || this.#window === this.#windowMax) return;
    this.sendFlow(undefined);
  }

  #sendEnd(error: AmqpCondition | undefined): void {
    this.#dispositions.flush();
    this.part.writeFrame(this.channel, (out) => writeEnding(out, Descriptors.end, error));
  }

  #tellEnded(reason: EndReason): void {
    if (this.#isToldEnded) return;
    this.#isToldEnded = true;
    this.#transfers.clear();
    this.#links.onSessionEnded(reason);
    this.#outgoing.clear();
    this.#incoming.clear();
    this.part.guard(() => this.#handler.onEnded?.(this, reason));
  }

  #checkUsable(): void {
    if (!this.isEnded) return;
    throw new AmqpError('AMQP_STATE', AmqpConditions.illegalState, 'the session has ended');
  }
}
