/**
 * What users of a connection see: the objects they hold and the handlers they give. The machines
 * behind are in the neighbouring files; drivers of sockets use {@link ConnectionDriver}.
 *
 * All handlers run inside the machine's input (`onBytes`, `tick`, ...) and may call any method of
 * any object. Views handed to `onBytes` are never rewritten: they may be forwarded or kept, but a
 * kept small view holds its whole read buffer in memory.
 */
import type { AmqpCondition, DeliveryState } from '../wire/delivery-state.ts';
import type {
  PeerAttach,
  PeerBegin,
  PeerOpen,
  PropertiesToSend,
  ReceiverSettleMode,
  SenderSettleMode,
} from '../wire/performatives.ts';
import type { Terminus } from '../wire/terminus.ts';

export type SaslMechanism = 'ANONYMOUS' | 'EXTERNAL';

export interface ConnectionOptions {
  readonly role: 'client' | 'server';
  readonly containerId: string;
  readonly hostname?: string | undefined;
  /** Client: in order of preference. Server: what is offered. */
  readonly saslMechanisms: readonly SaslMechanism[];
  /** Server: a peer that begins with AMQP is taken without SASL. Default false. */
  readonly saslOptional?: boolean | undefined;
  /** Server: the TLS identity of the peer; EXTERNAL is refused while undefined. */
  readonly externalIdentity?: string | undefined;
  /** Client: what goes into sasl-init for ANONYMOUS. */
  readonly anonymousTrace?: string | undefined;
  /** Largest frame we accept, bytes. Default {@link maxFrameSizeDefaultBytes}. */
  readonly maxFrameSizeBytes?: number | undefined;
  /** Highest channel we let the peer use. Default 32767. */
  readonly channelMax?: number | undefined;
  /** Highest link handle per session that we let the peer use. Default 1023. */
  readonly handleMax?: number | undefined;
  /** What we ask of the peer; it is cut off after twice this. 0 for none. Default 8000. */
  readonly idleTimeoutMs?: number | undefined;
  /** Longest time from start to open. Default 10000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** Longest time to wait for the peer's close after ours. Default 2000. */
  readonly closeTimeoutMs?: number | undefined;
  readonly offeredCapabilities?: readonly string[] | undefined;
  readonly desiredCapabilities?: readonly string[] | undefined;
  readonly properties?: PropertiesToSend | undefined;
}

/** Why a connection, session or link is over. */
export interface EndReason {
  /**
   * local: we asked; peer: it asked; transport: the socket went away; protocol: the peer broke
   * the rules; timeout: the peer fell silent; fault: a bug of ours.
   */
  readonly by: 'local' | 'peer' | 'transport' | 'protocol' | 'timeout' | 'fault';
  readonly error?: AmqpCondition | undefined;
  readonly cause?: unknown;
}

export interface ConnectionHandler {
  /** Both opens are exchanged. */
  onOpened(connection: Connection, peer: PeerOpen): void;
  /** The peer begins a session; it is answered with what is returned. */
  onSession(connection: Connection, begin: PeerBegin): SessionAcceptance | Refusal;
  /** Called exactly once, after all sessions and links have been told. */
  onClosed(connection: Connection, reason: EndReason): void;
}

export interface Refusal {
  readonly refuse: AmqpCondition;
}

export interface SessionOptions {
  /** Frames we accept before a refresh, which happens at half. Default 2048. */
  readonly incomingWindowFrames?: number | undefined;
  readonly properties?: PropertiesToSend | undefined;
}

export interface SessionAcceptance {
  readonly handler: SessionHandler;
  readonly options?: SessionOptions | undefined;
}

export interface SessionHandler {
  /** Begin is exchanged in both directions. */
  onBegun?(session: Session): void;
  /** The peer attaches a sender; we would receive. */
  onPeerSender?(session: Session, attach: PeerAttach): ReceiverAcceptance | Refusal;
  /** The peer attaches a receiver; we would send. */
  onPeerReceiver?(session: Session, attach: PeerAttach): SenderAcceptance | Refusal;
  /** Called once, also when the connection is lost. */
  onEnded?(session: Session, reason: EndReason): void;
}

/** Fields of our attach. Left out in an acceptance, source and target mirror the peer's. */
export interface LinkOptions {
  readonly source?: Terminus | undefined;
  readonly target?: Terminus | undefined;
  readonly senderSettleMode?: SenderSettleMode | undefined;
  readonly receiverSettleMode?: ReceiverSettleMode | undefined;
  readonly maxMessageSizeBytes?: number | undefined;
  readonly properties?: PropertiesToSend | undefined;
}

export interface ReceiverOptions extends LinkOptions {
  /**
   * Deliveries the peer may have begun and not finished, topped up at half. 0: grant by hand.
   * Default 250.
   */
  readonly creditWindow?: number | undefined;
}

export interface SenderAcceptance {
  readonly handler: SenderHandler;
  readonly options?: LinkOptions | undefined;
}

export interface ReceiverAcceptance {
  readonly handler: ReceiverHandler;
  readonly options?: ReceiverOptions | undefined;
}

export interface SenderHandler {
  /** Attach is exchanged in both directions. */
  onAttached?(link: SenderLink, peer: PeerAttach): void;
  /** Credit grew from zero, or the peer asked to drain. */
  onCredit?(link: SenderLink): void;
  /** Called once, also when session or connection are lost. */
  onDetached?(link: SenderLink, reason: EndReason): void;
}

export interface ReceiverHandler {
  onAttached?(link: ReceiverLink, peer: PeerAttach): void;
  /** A delivery begins; its bytes go to what is returned. */
  onDelivery(link: ReceiverLink, delivery: IncomingDelivery): IncomingHandler;
  onDetached?(link: ReceiverLink, reason: EndReason): void;
}

export interface IncomingHandler {
  /** Message bytes in order, cut anywhere. Not called with empty views. */
  onBytes(delivery: IncomingDelivery, bytes: Uint8Array): void;
  /** The last byte has been given, or `delivery.aborted` is set. `delivery.settled` is final. */
  onEnd(delivery: IncomingDelivery): void;
  /** The sender changed its state by a disposition. */
  onPeerState?(
    delivery: IncomingDelivery,
    state: DeliveryState | undefined,
    settled: boolean,
  ): void;
  /** Link, session or connection ended before the delivery was complete or settled. */
  onLost?(delivery: IncomingDelivery): void;
}

export interface OutgoingHandler {
  /** The receiver reported a state or settled. */
  onPeerState?(
    delivery: OutgoingDelivery,
    state: DeliveryState | undefined,
    settled: boolean,
  ): void;
  /** After `write` returned false: everything given so far has left. */
  onDrained?(delivery: OutgoingDelivery): void;
  /** Link, session or connection ended before the delivery was sent and settled. */
  onLost?(delivery: OutgoingDelivery): void;
}

/** An AMQP connection, as its user sees it. */
export interface Connection {
  readonly role: 'client' | 'server';
  /** Set from the handshake on. */
  readonly peer: PeerOpen | undefined;
  readonly isOpen: boolean;
  readonly isClosed: boolean;
  /** SASL mechanism in use, once known. */
  readonly saslMechanism: SaslMechanism | undefined;
  /** Client certificate identity given by the driver (server role). */
  readonly externalIdentity: string | undefined;
  /** False while more bytes wait than the transport should hold. */
  readonly writable: boolean;
  /** Largest frame we may send, bytes. */
  readonly peerMaxFrameSizeBytes: number;
  readonly sessionCount: number;
  readonly counters: Readonly<ConnectionCounters>;
  /** @throws AmqpError AMQP_STATE when not open, AMQP_LIMIT when no channel is free */
  beginSession(handler: SessionHandler, options?: SessionOptions): Session;
  /** Stop or resume reading from the transport. */
  setReading(reading: boolean): void;
  /** Sends close and waits for the peer's. */
  close(error?: AmqpCondition): void;
}

export interface ConnectionCounters {
  bytesIn: number;
  bytesOut: number;
  framesIn: number;
  framesOut: number;
  deliveriesIn: number;
  deliveriesOut: number;
}

export interface Session {
  readonly connection: Connection;
  /** Our channel number. */
  readonly channel: number;
  readonly isMapped: boolean;
  readonly isEnded: boolean;
  readonly linkCount: number;
  /** May be called before the peer has answered begin. @throws AmqpError AMQP_STATE once ended */
  attachSender(name: string, options: LinkOptions, handler: SenderHandler): SenderLink;
  /** @throws AmqpError AMQP_STATE once ended */
  attachReceiver(name: string, options: ReceiverOptions, handler: ReceiverHandler): ReceiverLink;
  /** While held, the incoming window is not refreshed: the peer stops when it is used up. */
  holdWindow(hold: boolean): void;
  end(error?: AmqpCondition): void;
}

export interface Link {
  readonly session: Session;
  readonly name: string;
  /** Attached in both directions. */
  readonly isAttached: boolean;
  readonly isDetached: boolean;
  readonly peer: PeerAttach | undefined;
  /** What we sent; with a dynamic address filled in by an acceptance. */
  readonly source: Terminus | undefined;
  readonly target: Terminus | undefined;
  /** Detaches and closes the link. Queued deliveries leave first. */
  detach(error?: AmqpCondition): void;
}

export interface DeliveryOptions {
  /** Sent settled from the start: no outcome will come. Default false. */
  readonly settled?: boolean | undefined;
  /** Default an 8-byte counter. At most 32 bytes. */
  readonly tag?: Uint8Array | undefined;
  readonly messageFormat?: number | undefined;
}

export interface SenderLink extends Link {
  /** Deliveries we may still start. */
  readonly credit: number;
  /** True while a started delivery is not ended; only one at a time. */
  readonly isBusy: boolean;
  /**
   * Starts a streaming delivery; undefined without credit.
   * @throws AssertionFault when another one is not ended
   */
  startDelivery(handler: OutgoingHandler, options?: DeliveryOptions): OutgoingDelivery | undefined;
  /** Sends a whole message; undefined without credit. The bytes are owned by the link then. */
  send(
    message: Uint8Array,
    options?: DeliveryOptions,
    handler?: OutgoingHandler,
  ): OutgoingDelivery | undefined;
}

export interface ReceiverLink extends Link {
  /** Deliveries the peer may still start. */
  readonly credit: number;
  /** Raise the peer's credit to `credit` (manual mode). */
  grant(credit: number): void;
}

export interface OutgoingDelivery {
  readonly link: SenderLink;
  /** Delivery id within session and direction. */
  readonly id: number;
  readonly tag: Uint8Array;
  /** All bytes were given by `end` or `abort`. */
  readonly isEnded: boolean;
  readonly isSettled: boolean;
  /** Message bytes given and not yet on their way to the transport. */
  readonly queuedBytes: number;
  /**
   * Queues message bytes, owned by the delivery from now on (never change them).
   * @returns false when the source should pause until `onDrained`; the bytes were taken anyway
   */
  write(bytes: Uint8Array): boolean;
  /** The last transfer, with the bytes written just before when they have not left yet. */
  end(options?: { readonly settled?: boolean }): void;
  /** Gives the delivery up; bytes still queued are dropped. */
  abort(): void;
  /** Sender-side disposition, settled. */
  settle(state?: DeliveryState): void;
}

export interface IncomingDelivery {
  readonly link: ReceiverLink;
  readonly id: number;
  readonly tag: Uint8Array;
  readonly messageFormat: number;
  readonly isEnded: boolean;
  readonly aborted: boolean;
  /** Settled by the sender; only meaningful once ended. */
  readonly settled: boolean;
  /** Settled by us. */
  readonly isSettledHere: boolean;
  /** Message bytes received so far. */
  readonly sizeBytes: number;
  /** Sends a disposition, at any time. Nothing is sent once settled by either side. */
  update(state: DeliveryState, settled: boolean): void;
}

/** The side of the machine that drivers of a transport use. Times are monotonic, ms. */
export interface ConnectionDriver {
  readonly connection: Connection;
  start(nowMs: number): void;
  /** Bytes from the transport. The buffer must never be rewritten afterwards. */
  onBytes(bytes: Uint8Array, nowMs: number): void;
  /** The transport took everything that `write` refused to take more of. */
  onTransportDrained(): void;
  /** The transport is gone. */
  onTransportClosed(cause?: unknown): void;
  /** Does what is due: heartbeats, time-outs. */
  tick(nowMs: number): void;
  /** When `tick` wants to be called; infinity for never. */
  nextDeadlineMs(): number;
  /** Hands everything produced so far to the sink. Call once per turn after `wantsFlush`. */
  flush(): void;
}

/** What the machine needs of its transport. */
export interface ConnectionSink {
  /** There is something to flush: call `flush` at the end of this turn. May be called again before. */
  wantsFlush(): void;
  /** Takes the chunks (owned). Returns false to stop further transfers until drained. */
  write(chunks: readonly Uint8Array[], sizeBytes: number): boolean;
  setReading(reading: boolean): void;
  /** Nothing follows: write out what is left and close. */
  end(): void;
}
