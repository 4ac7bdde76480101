/**
 * Stands between handlers and a transport: the whole AMQP connection as one pure machine.
 *
 *   handshake ... -> done (open)      see handshake.ts
 *   life: running --close()--> closeSent --peer's close, time-out--> closed
 *         running --peer's close, fault, time-out, transport gone--> closed
 *
 * @spec AMQP-1.0 2.4
 */
import { AmqpConditions, AmqpError } from '../errors.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import type { Cursor } from '../wire/cursor.ts';
import type { AmqpCondition } from '../wire/delivery-state.ts';
import { Descriptors } from '../wire/descriptors.ts';
import { Disposition } from '../wire/disposition.ts';
import { Flow } from '../wire/flow.ts';
import { type FrameHandler, FrameReader } from '../wire/frame-reader.ts';
import { Outbox } from '../wire/outbox.ts';
import {
  type PeerOpen,
  readAttach,
  readBegin,
  readDetach,
  readEnding,
  readOpen,
  writeEnding,
  writeOpen,
} from '../wire/performatives.ts';
import type { Transfer } from '../wire/transfer.ts';
import type {
  Connection,
  ConnectionCounters,
  ConnectionDriver,
  ConnectionHandler,
  ConnectionOptions,
  ConnectionSink,
  EndReason,
  SaslMechanism,
  Session,
  SessionHandler,
  SessionOptions,
} from './contract.ts';
import { Handshake } from './handshake.ts';
import { IdleWatch } from './idle-watch.ts';
import type { ConnectionPart, OutgoingPart, SessionPart } from './parts.ts';
import type { ReceiverLinkMachine } from './receiver-link.ts';
import type { SessionMachine } from './session.ts';
import { SessionTable } from './session-table.ts';
import { TransferGate } from './transfer-gate.ts';

/**
 * Largest frame we accept unless told otherwise, bytes: 128 KiB of payload and its head. Measured
 * with bench/micro/amqp-socket.bench.ts: the receiver's CPU time per byte falls up to here by a
 * third against 16 KiB, beyond it hardly any more.
 */
export const maxFrameSizeDefaultBytes = 131_072 + 512;
/** Smallest max-frame-size that the specification allows, bytes. */
export const maxFrameSizeLeastBytes = 512;
/** Largest frame accepted before the opens are exchanged, bytes. */
export const handshakeFrameBytesMax = 16_384;
/** Largest frame we send, whatever the peer would take, bytes. */
const sentFrameBytesMax = 1024 * 1024;

type Life = 'running' | 'closeSent' | 'closed';

export interface ConnectionDeps {
  readonly sink: ConnectionSink;
  readonly handler: ConnectionHandler;
}

/** Makes the machine of one connection; nothing happens before `start`. */
export function createConnection(
  deps: ConnectionDeps,
  options: ConnectionOptions,
): ConnectionDriver {
  return new ConnectionMachine(deps, options);
}

export class ConnectionMachine implements ConnectionPart, ConnectionDriver, FrameHandler {
  readonly #deps: ConnectionDeps;
  readonly #options: ConnectionOptions;
  readonly #reader: FrameReader;
  readonly #handshake: Handshake;
  readonly #idle: IdleWatch;
  readonly #gate: TransferGate;
  readonly #sessions: SessionTable;
  readonly #dirty = new Set<SessionPart>();
  readonly #flow = new Flow();
  readonly #disposition = new Disposition();
  readonly outbox: Outbox;
  readonly counters: ConnectionCounters = {
    bytesIn: 0,
    bytesOut: 0,
    framesIn: 0,
    framesOut: 0,
    deliveriesIn: 0,
    deliveriesOut: 0,
  };
  #life: Life = 'running';
  #peer: PeerOpen | undefined = undefined;
  #isOpenSent = false;
  #isToldClosed = false;
  #closeReason: EndReason | undefined = undefined;
  #isWriting = false;
  // The transfer frame being read.
  #session: SessionMachine | undefined = undefined;
  #receiver: ReceiverLinkMachine | undefined = undefined;
  peerMaxFrameSizeBytes = maxFrameSizeLeastBytes;

  constructor(deps: ConnectionDeps, options: ConnectionOptions) {
    this.#deps = deps;
    this.#options = options;
    this.outbox = new Outbox(() => this.#deps.sink.wantsFlush());
    this.#reader = new FrameReader(this, handshakeFrameBytesMax);
    this.#gate = new TransferGate(this.outbox);
    const channelMax = options.channelMax ?? 32_767;
    this.#sessions = new SessionTable(this, channelMax, options.handleMax ?? 1023);
    this.#idle = new IdleWatch({
      idleTimeoutMs: options.idleTimeoutMs ?? 8000,
      handshakeTimeoutMs: options.handshakeTimeoutMs ?? 10_000,
      closeTimeoutMs: options.closeTimeoutMs ?? 2000,
    });
    this.#handshake = new Handshake(
      {
        role: options.role,
        saslMechanisms: options.saslMechanisms,
        saslOptional: options.saslOptional ?? false,
        externalIdentity: options.externalIdentity,
        anonymousTrace: options.anonymousTrace,
        hostname: options.hostname,
      },
      this.outbox,
      () => this.#sendOpen(),
    );
  }

  // What users see.

  get connection(): Connection {
    return this;
  }

  get role(): 'client' | 'server' {
    return this.#options.role;
  }

  get peer(): PeerOpen | undefined {
    return this.#peer;
  }

  get isOpen(): boolean {
    return this.#life === 'running' && this.#handshake.state === 'done';
  }

  get isClosed(): boolean {
    return this.#life === 'closed';
  }

  get saslMechanism(): SaslMechanism | undefined {
    return this.#handshake.mechanism;
  }

  get externalIdentity(): string | undefined {
    return this.#options.externalIdentity;
  }

  get writable(): boolean {
    return this.#gate.writable;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  beginSession(handler: SessionHandler, options: SessionOptions = {}): Session {
    if (!this.isOpen) {
      throw new AmqpError('AMQP_STATE', AmqpConditions.illegalState, 'the connection is not open');
    }
    return this.#sessions.begin(handler, options);
  }

  setReading(reading: boolean): void {
    if (this.#life !== 'closed') this.#deps.sink.setReading(reading);
  }

  close(error?: AmqpCondition): void {
    if (this.#life !== 'running') return;
    const reason: EndReason = { by: 'local', error };
    if (!this.#isOpenSent) return this.#finish(reason);
    this.#endSessions(reason);
    this.#writeClose(error);
    this.#life = 'closeSent';
    this.#closeReason = reason;
    this.#idle.onCloseSent();
  }

  // What drivers call.

  start(nowMs: number): void {
    this.#idle.onStart(nowMs);
    this.#handshake.start();
  }

  onBytes(bytes: Uint8Array, nowMs: number): void {
    if (this.#life === 'closed') return;
    this.#idle.onReceived(nowMs);
    this.counters.bytesIn += bytes.length;
    try {
      this.#reader.push(bytes);
    } catch (thrown) {
      this.#onThrown(thrown);
    }
  }

  onTransportDrained(): void {
    this.#gate.setTransportReady(true);
    this.pump();
  }

  onTransportClosed(cause?: unknown): void {
    this.#finish(this.#closeReason ?? { by: 'transport', cause });
  }

  tick(nowMs: number): void {
    if (this.#life === 'closed') return;
    const verdict = this.#idle.tick(nowMs);
    switch (verdict) {
      case 'fine':
        return;
      case 'sendHeartbeat':
        return this.outbox.heartbeat();
      case 'closeLate':
        return this.#finish(this.#closeReason ?? { by: 'timeout' });
      case 'handshakeLate':
      case 'peerSilent':
        return this.#onThrown(
          new AmqpError(
            'AMQP_TIMEOUT',
            AmqpConditions.resourceLimitExceeded,
            verdict === 'peerSilent' ? 'the peer fell silent' : 'the handshake took too long',
          ),
        );
    }
  }

  nextDeadlineMs(): number {
    return this.#life === 'closed' ? Number.POSITIVE_INFINITY : this.#idle.nextDeadlineMs();
  }

  flush(): void {
    for (const session of this.#dirty) session.flushPending();
    this.#dirty.clear();
    this.#writeOut();
    this.pump();
  }

  // What sessions, links and deliveries call.

  canTransfer(): boolean {
    return this.#gate.canTransfer();
  }

  writeFrame(channel: number, write: (out: ByteWriter) => void): void {
    const out = this.outbox.beginFrame(channel);
    try {
      write(out);
    } catch (thrown) {
      this.outbox.abandonFrame(out);
      throw thrown;
    }
    this.outbox.endFrame(out);
  }

  awaitTurn(session: SessionPart): void {
    this.#gate.awaitTurn(session);
  }

  awaitDrain(delivery: OutgoingPart): void {
    this.#gate.awaitDrain(delivery);
  }

  awaitFlush(session: SessionPart): void {
    this.#dirty.add(session);
    if (this.outbox.sizeBytes === 0) this.#deps.sink.wantsFlush();
  }

  pump(): void {
    if (this.#life !== 'running') return;
    try {
      this.#gate.pump();
    } catch (thrown) {
      this.#onThrown(thrown);
    }
  }

  forgetSession(session: SessionPart): void {
    this.#gate.forget(session);
    this.#dirty.delete(session);
    this.#sessions.delete(session);
  }

  guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#onThrown(thrown);
    }
  }

  // What the frame reader finds.

  onProtocolHeader(protocol: number): void {
    this.#handshake.onProtocolHeader(protocol);
  }

  onHeartbeat(): void {
    this.counters.framesIn++;
  }

  onSaslFrame(code: number, cursor: Cursor): void {
    this.#handshake.onSaslFrame(code, cursor);
  }

  onPerformative(channel: number, code: number, cursor: Cursor): void {
    this.counters.framesIn++;
    if (this.#life === 'closeSent') {
      // Everything on its way before the peer saw our close is of no interest any more.
      if (code === Descriptors.close) this.#finish(this.#closeReason ?? { by: 'local' });
      return;
    }
    if (code === Descriptors.open) return this.#onOpen(readOpen(cursor));
    this.#checkOpened();
    switch (code) {
      case Descriptors.begin: {
        const begin = readBegin(cursor);
        return this.#sessions.onPeerBegin(channel, begin, () =>
          this.#deps.handler.onSession(this, begin),
        );
      }
      case Descriptors.attach:
        return this.#sessions.get(channel).onPeerAttach(readAttach(cursor));
      case Descriptors.flow:
        this.#flow.read(cursor);
        return this.#sessions.get(channel).onFlow(this.#flow);
      case Descriptors.disposition:
        this.#disposition.read(cursor);
        return this.#sessions.get(channel).onDisposition(this.#disposition);
      case Descriptors.detach:
        return this.#sessions.get(channel).onPeerDetach(readDetach(cursor));
      case Descriptors.end:
        return this.#sessions.get(channel).onPeerEnd(readEnding(cursor));
      case Descriptors.close:
        return this.#onClose(readEnding(cursor));
      default:
        throw new AmqpError('AMQP_DECODE', AmqpConditions.notImplemented, 'unknown performative', {
          facts: { code },
        });
    }
  }

  onTransfer(channel: number, transfer: Transfer): void {
    this.counters.framesIn++;
    this.#session = undefined;
    this.#receiver = undefined;
    if (this.#life !== 'running') return;
    this.#checkOpened();
    const session = this.#sessions.get(channel);
    const receiver = session.onTransfer(transfer);
    if (!receiver) return;
    this.#session = session;
    this.#receiver = receiver;
    receiver.onTransfer(transfer);
  }

  onPayload(bytes: Uint8Array): void {
    this.#receiver?.onPayload(bytes);
  }

  onTransferEnd(): void {
    this.#receiver?.onTransferEnd();
    this.#session?.onTransferEnd();
  }

  #sendOpen(): void {
    const options = this.#options;
    this.#isOpenSent = true;
    this.writeFrame(0, (out) =>
      writeOpen(out, {
        containerId: options.containerId,
        hostname: options.hostname,
        maxFrameSizeBytes: options.maxFrameSizeBytes ?? maxFrameSizeDefaultBytes,
        channelMax: options.channelMax ?? 32_767,
        idleTimeoutMs: options.idleTimeoutMs ?? 8000,
        offeredCapabilities: options.offeredCapabilities ?? [],
        desiredCapabilities: options.desiredCapabilities ?? [],
        properties: options.properties ?? {},
      }),
    );
  }

  #onOpen(open: PeerOpen): void {
    if (open.maxFrameSizeBytes < maxFrameSizeLeastBytes) {
      throw new AmqpError('AMQP_STATE', AmqpConditions.invalidField, 'max-frame-size below 512');
    }
    this.#handshake.onOpen();
    this.#peer = open;
    this.peerMaxFrameSizeBytes = Math.min(open.maxFrameSizeBytes, sentFrameBytesMax);
    this.#reader.frameSizeBytesMax = this.#options.maxFrameSizeBytes ?? maxFrameSizeDefaultBytes;
    this.#idle.onOpened(open.idleTimeoutMs ?? 0);
    this.#deps.handler.onOpened(this, open);
  }

  #onClose(error: AmqpCondition | undefined): void {
    const reason: EndReason = { by: 'peer', error };
    this.#endSessions(reason);
    this.#writeClose(undefined);
    this.#finish(reason);
  }

  #checkOpened(): void {
    if (this.#handshake.state === 'done') return;
    throw new AmqpError('AMQP_STATE', AmqpConditions.illegalState, 'frame before open', {
      facts: { state: this.#handshake.state },
    });
  }

  /** A fault of the peer, or a bug of ours: the connection is dropped. */
  #onThrown(thrown: unknown): void {
    if (this.#life === 'closed') return;
    const isPeers = thrown instanceof AmqpError;
    const condition = isPeers ? thrown.condition : AmqpConditions.internalError;
    const description = isPeers ? thrown.message : undefined;
    const error: AmqpCondition = { condition, description };
    const isTimeout = isPeers && thrown.code === 'AMQP_TIMEOUT';
    const fault: EndReason['by'] = isPeers ? 'protocol' : 'fault';
    const reason: EndReason = { by: isTimeout ? 'timeout' : fault, error, cause: thrown };
    if (this.#life === 'running' && this.#isOpenSent) this.#writeClose(error);
    this.#finish(this.#closeReason ?? reason);
  }

  #writeClose(error: AmqpCondition | undefined): void {
    for (const session of this.#dirty) session.flushPending();
    this.#dirty.clear();
    this.writeFrame(0, (out) => writeEnding(out, Descriptors.close, error));
  }

  #endSessions(reason: EndReason): void {
    this.#gate.clear();
    this.#sessions.onConnectionEnded(reason);
  }

  /** The end of everything; what is in the outbox is still written. */
  #finish(reason: EndReason): void {
    if (this.#isToldClosed) return;
    this.#isToldClosed = true;
    this.#life = 'closed';
    this.#closeReason = reason;
    this.#reader.stop();
    this.#endSessions(reason);
    this.#writeOut();
    this.#deps.sink.end();
    this.#deps.handler.onClosed(this, reason);
  }

  #writeOut(): void {
    const sizeBytes = this.outbox.sizeBytes;
    if (sizeBytes === 0 || this.#isWriting) return;
    this.#isWriting = true;
    const chunks = this.outbox.take();
    this.counters.bytesOut += sizeBytes;
    this.counters.framesOut = this.outbox.framesTotal;
    this.#idle.onSent();
    const isReady = this.#deps.sink.write(chunks, sizeBytes);
    this.#isWriting = false;
    this.#gate.setTransportReady(isReady);
  }
}
