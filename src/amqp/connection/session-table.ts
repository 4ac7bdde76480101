/** The sessions of one connection by our and by the peer's channel. @spec AMQP-1.0 2.5.1 */
import { AmqpConditions, AmqpError } from '../errors.ts';
import type { PeerBegin } from '../wire/performatives.ts';
import type {
  EndReason,
  SessionAcceptance,
  SessionHandler,
  SessionOptions,
  Refusal,
} from './contract.ts';
import type { ConnectionPart, SessionPart } from './parts.ts';
import { SessionMachine } from './session.ts';

const refusingHandler: SessionHandler = {};

export class SessionTable {
  readonly #connection: ConnectionPart;
  readonly #channelMax: number;
  readonly #handleMax: number;
  readonly #local = new Map<number, SessionMachine>();
  readonly #remote = new Map<number, SessionMachine>();
  /** Channels given back, used again last in first out. */
  readonly #free: number[] = [];
  #nextChannel = 0;

  constructor(connection: ConnectionPart, channelMax: number, handleMax: number) {
    this.#connection = connection;
    this.#channelMax = channelMax;
    this.#handleMax = handleMax;
  }

  get size(): number {
    return this.#local.size;
  }

  /** @throws AmqpError AMQP_LIMIT */
  begin(handler: SessionHandler, options: SessionOptions): SessionMachine {
    const session = this.#make(handler, options);
    session.sendBegin();
    return session;
  }

  /** @throws AmqpError AMQP_STATE for channels in use, AMQP_LIMIT */
  onPeerBegin(channel: number, begin: PeerBegin, accept: () => SessionAcceptance | Refusal): void {
    if (this.#remote.has(channel)) throw notAllowed('begin on a channel in use');
    if (channel > this.#channelMax) throw notAllowed('channel above channel-max');
    if (begin.remoteChannel !== undefined) {
      const session = this.#local.get(begin.remoteChannel);
      if (!session || session.remoteChannel >= 0) throw notAllowed('begin answers no session');
      this.#remote.set(channel, session);
      return session.onPeerBegin(begin, channel);
    }
    const answer = accept();
    const isRefused = 'refuse' in answer;
    const session = isRefused
      ? this.#make(refusingHandler, {})
      : this.#make(answer.handler, answer.options ?? {});
    this.#remote.set(channel, session);
    session.onPeerBegin(begin, channel);
    if (isRefused) session.end(answer.refuse);
  }

  /** The session of an incoming frame. @throws AmqpError AMQP_STATE */
  get(channel: number): SessionMachine {
    const session = this.#remote.get(channel);
    if (!session) throw notAllowed('frame on a channel without session');
    return session;
  }

  delete(session: SessionPart): void {
    if (this.#local.get(session.channel) !== session) return;
    this.#local.delete(session.channel);
    this.#free.push(session.channel);
    if (session.remoteChannel >= 0) this.#remote.delete(session.remoteChannel);
  }

  onConnectionEnded(reason: EndReason): void {
    const sessions = Array.from(this.#local.values());
    this.#local.clear();
    this.#remote.clear();
    for (const session of sessions) session.onConnectionEnded(reason);
  }

  #make(handler: SessionHandler, options: SessionOptions): SessionMachine {
    const channel = this.#free.pop() ?? this.#nextChannel;
    const peerMax = this.#connection.peer?.channelMax ?? 0;
    if (channel > peerMax || channel > this.#channelMax) {
      throw new AmqpError('AMQP_LIMIT', AmqpConditions.resourceLimitExceeded, 'no channel is free');
    }
    if (channel === this.#nextChannel) this.#nextChannel++;
    const context = { part: this.#connection, channel, handleMax: this.#handleMax };
    const session = new SessionMachine(context, options, handler);
    this.#local.set(channel, session);
    return session;
  }
}

const notAllowed = (what: string): AmqpError =>
  new AmqpError('AMQP_STATE', AmqpConditions.notAllowed, what);
