/**
 * One AMQP connection to a router as a client: a reply address made up by the router, a sender to
 * its `$management`, an anonymous sender, and receivers of the caller's choice.
 * @spec router-protocol 10.1
 */
import {
  AmqpError,
  type Connection,
  type ConnectionHandler,
  decodeMessage,
  type DeliveryState,
  encodeMessage,
  type EndReason,
  type Message,
  MessageCollector,
  type MessageInit,
  type PeerAttach,
  type ReceiverHandler,
  type ReceiverLink,
  accepted,
  type SenderLink,
  type Session,
} from '#amqp/index.ts';
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import { type AmqpTransport, connectSocket, runAmqp, type TlsClientOptions } from '#net/index.ts';
import { ManagementError } from './errors.ts';

export interface RouterSessionDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onReply: (message: Message) => void;
}

export interface RouterSessionOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsClientOptions | undefined;
  readonly containerId: string;
  readonly messageSizeBytesMax: number;
  /** For connecting and for the links together. */
  readonly timeoutMs: number;
}

/** What became of a sent message, for those that were not accepted. */
export type OnRefused = (state: DeliveryState | undefined) => void;

/** A made connection, ready for requests. */
export class RouterSession {
  readonly #deps: RouterSessionDeps;
  readonly #options: RouterSessionOptions;
  readonly #ready = Promise.withResolvers<void>();
  #transport: AmqpTransport | undefined;
  #session: Session | undefined;
  #management: SenderLink | undefined;
  #anonymous: SenderLink | undefined;
  #replyTo: string | undefined;
  #links = 0;
  #onCredit: () => void = () => undefined;

  private constructor(deps: RouterSessionDeps, options: RouterSessionOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** @throws NetError, ManagementError MANAGEMENT_DISCONNECTED, MANAGEMENT_TIMEOUT */
  static async open(
    deps: RouterSessionDeps,
    options: RouterSessionOptions,
    signal: AbortSignal,
  ): Promise<RouterSession> {
    const { host, port, tls, timeoutMs } = options;
    const { socket } = await connectSocket({ host, port, tls, timeoutMs }, signal);
    const session = new RouterSession(deps, options);
    await session.#run(
      runAmqp({ clock: deps.clock, handler: session.#handler() }, socket, {
        role: 'client',
        containerId: options.containerId,
        hostname: host,
        saslMechanisms: [tls === undefined ? 'ANONYMOUS' : 'EXTERNAL'],
        handshakeTimeoutMs: timeoutMs,
      }),
      signal,
    );
    return session;
  }

  /** Resolves when the connection is over. Never rejects. */
  get closed(): Promise<void> {
    return this.#transport?.closed ?? Promise.resolve();
  }

  get router(): string {
    return this.#transport?.connection.peer?.containerId ?? '';
  }

  get replyTo(): string {
    return this.#replyTo ?? '';
  }

  /** Called whenever requests that found no credit may be sent again. */
  onCredit(listener: () => void): void {
    this.#onCredit = listener;
  }

  /** Sends a request; to another router when `properties.to` is given. False without credit. */
  request(message: MessageInit, onRefused: OnRefused): boolean {
    const link = message.properties?.to === undefined ? this.#management : this.#anonymous;
    if (link === undefined || link.isDetached || link.credit === 0) return false;
    const sent = link.send(encodeMessage(message), undefined, {
      onPeerState: (_delivery, state, settled) => {
        if (settled && state?.kind !== 'accepted') onRefused(state);
      },
    });
    return sent !== undefined;
  }

  /** Sends a settled message to `properties.to`. False without credit. */
  publish(message: MessageInit): boolean {
    const link = this.#anonymous;
    if (link === undefined || link.isDetached || link.credit === 0) return false;
    return link.send(encodeMessage(message), { settled: true }) !== undefined;
  }

  /** Receives what is sent to an address until the returned function is called. */
  receive(address: string, onMessage: (message: Message) => void): () => void {
    const link = this.#session?.attachReceiver(
      `receive-${++this.#links}`,
      { source: { address }, target: {} },
      this.#receiver(onMessage, (reason) => {
        if (reason.by !== 'peer') return;
        this.#deps.log.warn('router ended a subscription', {
          address,
          condition: reason.error?.condition,
        });
      }),
    );
    return () => {
      if (link !== undefined && !link.isDetached) link.detach();
    };
  }

  close(): void {
    this.#transport?.connection.close();
  }

  async #run(transport: AmqpTransport, signal: AbortSignal): Promise<void> {
    this.#transport = transport;
    const onAbort = () => transport.abort(signal.reason);
    const timer = setTimeout(() => {
      this.#ready.reject(
        new ManagementError('MANAGEMENT_TIMEOUT', 'the router did not open the management links', {
          retry: 'backoff',
        }),
      );
    }, this.#options.timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#ready.promise;
    } catch (error) {
      transport.abort(error);
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #handler(): ConnectionHandler {
    return {
      onOpened: (connection) => this.#attach(connection),
      onSession: () => ({ refuse: { condition: 'amqp:not-allowed' } }),
      onClosed: (_connection, reason) => this.#ready.reject(disconnected(reason)),
    };
  }

  #attach(connection: Connection): void {
    const session = connection.beginSession({
      onEnded: (_session, reason) => this.#ready.reject(disconnected(reason)),
    });
    this.#session = session;
    const replies = this.#receiver(this.#deps.onReply, (reason) => this.#linkLost(reason));
    session.attachReceiver(
      'replies',
      { source: { dynamic: true }, target: {} },
      { ...replies, onAttached: (_link, peer) => this.#onReplyAddress(peer) },
    );
    this.#management = this.#attachSender(session, 'management', '$management');
    this.#anonymous = this.#attachSender(session, 'anonymous', undefined);
  }

  #attachSender(session: Session, name: string, address: string | undefined): SenderLink {
    return session.attachSender(
      name,
      { source: {}, target: address === undefined ? {} : { address } },
      {
        onCredit: () => {
          this.#checkReady();
          this.#onCredit();
        },
        onDetached: (_link, reason) => this.#linkLost(reason),
      },
    );
  }

  #onReplyAddress(peer: PeerAttach): void {
    this.#replyTo = peer.source?.address;
    this.#checkReady();
  }

  #checkReady(): void {
    const credited = (this.#management?.credit ?? 0) > 0 && (this.#anonymous?.credit ?? 0) > 0;
    if (credited && this.#replyTo !== undefined) this.#ready.resolve();
  }

  /** Without one of the three links the connection is useless: make a new one. */
  #linkLost(reason: EndReason): void {
    this.#ready.reject(disconnected(reason));
    if (reason.by === 'peer') this.close();
  }

  #receiver(
    onMessage: (message: Message) => void,
    onEnd: (reason: EndReason) => void,
  ): ReceiverHandler {
    return {
      onDelivery: () =>
        new MessageCollector(this.#options.messageSizeBytesMax, (delivery, bytes) => {
          if (!delivery.settled) delivery.update(accepted, true);
          const message = this.#decode(bytes, delivery.link);
          if (message !== undefined) onMessage(message);
        }),
      onDetached: (_link, reason) => onEnd(reason),
    };
  }

  #decode(bytes: Uint8Array, link: ReceiverLink): Message | undefined {
    try {
      return decodeMessage(bytes);
    } catch (error) {
      if (!(error instanceof AmqpError)) throw error;
      this.#deps.log.warn('message of a router cannot be read', { link: link.name, error });
      return undefined;
    }
  }
}

function disconnected(reason: EndReason): ManagementError {
  const why = reason.error?.description ?? reason.error?.condition ?? reason.by;
  return new ManagementError('MANAGEMENT_DISCONNECTED', `router connection ended: ${why}`, {
    retry: 'backoff',
    cause: reason.cause,
  });
}
