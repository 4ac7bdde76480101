/**
 * What the parts of one connection see of each other: connection, sessions, links and deliveries
 * point both ways, so each is known to the others by one of these narrow interfaces.
 */
import type { DeliveryState } from '../wire/delivery-state.ts';
import type { Flow } from '../wire/flow.ts';
import type { Outbox } from '../wire/outbox.ts';
import type { PeerAttach, PeerDetach } from '../wire/performatives.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import type {
  Connection,
  ConnectionCounters,
  EndReason,
  IncomingDelivery,
  Link,
  OutgoingDelivery,
  OutgoingHandler,
  SenderLink,
  Session,
} from './contract.ts';

export interface ConnectionPart extends Connection {
  readonly outbox: Outbox;
  readonly counters: ConnectionCounters;
  /** Transport and outbox have room for another transfer frame. */
  canTransfer(): boolean;
  /** Writes one frame; nothing of it stays when `write` throws. */
  writeFrame(channel: number, write: (out: ByteWriter) => void): void;
  /** The session has queued transfers and window for them. */
  awaitTurn(session: SessionPart): void;
  /** Call the delivery's `onDrained` when there is room again. */
  awaitDrain(delivery: OutgoingPart): void;
  /** The session has something to write at the end of the turn. */
  awaitFlush(session: SessionPart): void;
  /** Sends what can be sent and tells those who wait. */
  pump(): void;
  /** The session has ended in both directions: its channels are free. */
  forgetSession(session: SessionPart): void;
  /** Runs a handler whose failure must not keep others from being told. */
  guard(run: () => void): void;
}

export interface SessionPart extends Session {
  readonly part: ConnectionPart;
  /** -1 until the peer has begun. */
  readonly remoteChannel: number;
  /** Something waits and the peer's window would let it go. */
  readonly hasQueuedTransfers: boolean;
  /** Sends one queued item. False when nothing more can be sent now. */
  pumpOne(): boolean;
  flushPending(): void;
  forgetLink(link: LinkPart): void;
  /** Tells the link's deliveries that they are lost. */
  loseDeliveries(link: Link): void;
  sendFlow(link: LinkPart | undefined): void;
  sendDisposition(
    role: 'sender' | 'receiver',
    deliveryId: number,
    settled: boolean,
    state: DeliveryState | undefined,
  ): void;
  /** Ends the session because the peer broke a rule. */
  fail(condition: string, description: string): void;
}

export interface LinkPart {
  readonly role: 'sender' | 'receiver';
  readonly name: string;
  readonly handle: number;
  /** -1 until the peer has attached. */
  readonly remoteHandle: number;
  onPeerAttach(attach: PeerAttach): void;
  onPeerDetach(detach: PeerDetach): void;
  onFlow(flow: Flow): void;
  /** Adds the link's fields to a flow to send. */
  fillFlow(flow: Flow): void;
  /** Session or connection ended. */
  onSessionEnded(reason: EndReason): void;
  /** The detach's turn has come in the queue of transfers. */
  sendDetach(): void;
}

export interface OutgoingPart extends OutgoingDelivery {
  readonly link: SenderLink;
  readonly handler: OutgoingHandler;
  readonly handle: number;
  readonly messageFormat: number;
  readonly isPresettled: boolean;
  id: number;
  queuedBytes: number;
  onPeerState(state: DeliveryState | undefined, settled: boolean): void;
  onLost(): void;
}

export interface IncomingPart extends IncomingDelivery {
  onPeerState(state: DeliveryState | undefined, settled: boolean): void;
  onLost(): void;
}
