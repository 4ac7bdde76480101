/**
 * A listener entity: accepts AMQP connections of routers or of clients. A socket that cannot be
 * opened is tried again; the reason shows in management and in the log.
 */
import type { ConnectionHandler, SaslMechanism } from '#amqp/index.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import {
  type AmqpTransport,
  type PeerInfo,
  runAmqp,
  type RunningListener,
  socketListener,
} from '#net/index.ts';
import type { Socket } from 'node:net';
import { RouterError } from '../errors.ts';
import type { Registration } from '../stream.ts';
import type { ConnectionTable } from './connection-table.ts';
import { connectionOptions, idleTimeoutMsDefault } from './open-fields.ts';
import { type RevokedCertificates, revokedCondition } from './revoked-certificates.ts';
import type { TlsProfiles } from './tls-profiles.ts';

/** Pause before a socket that could not be opened is tried again. */
const retryMs = 1000;
/** How long the peer of a revoked connection may take to answer the goodbye; milliseconds. */
const revokedGraceMs = 200;
/** Most connections of one listener. */
export const listenerConnectionsMax = 4096;

/** Who connects: clients, other interior routers, or edge routers. */
export type AcceptedRole = 'normal' | 'inter-router' | 'edge';

const openKinds = { normal: 'normal', 'inter-router': 'control', edge: 'edge' } as const;

export interface AmqpListenerOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly role: AcceptedRole;
  readonly cost: number;
  readonly sslProfile: string | undefined;
  readonly saslMechanisms: readonly SaslMechanism[];
  readonly authenticatePeer: boolean;
  readonly maxFrameSizeBytes: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly accessId: string | undefined;
}

export interface AmqpListenerDeps {
  readonly self: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tls: TlsProfiles;
  readonly connections: ConnectionTable;
  readonly revoked: RevokedCertificates;
  readonly onRead: ((bytes: number) => void) | undefined;
  /** A router connected or disconnected. */
  readonly onRouters: () => void;
  /** The handler for an accepted connection of this role. */
  readonly handler: (role: AcceptedRole, cost: number) => ConnectionHandler;
}

export class AmqpListener {
  readonly options: AmqpListenerOptions;
  readonly #deps: AmqpListenerDeps;
  readonly #transports = new Map<AmqpTransport, PeerInfo>();
  readonly #abort = new AbortController();
  #listener: RunningListener | undefined;
  #retry: NodeJS.Timeout | undefined;
  #watch: Registration | undefined;
  #starting: Promise<void> = Promise.resolve();
  failure = '';

  constructor(deps: AmqpListenerDeps, options: AmqpListenerOptions) {
    this.#deps = deps;
    this.options = options;
  }

  /** The port in use; undefined while the socket is not open. */
  get boundPort(): number | undefined {
    return this.#listener?.address.port;
  }

  get connectionCount(): number {
    return this.#transports.size;
  }

  /** @throws RouterError ROUTER_LISTEN_FAILED; it goes on trying in the background then */
  async start(): Promise<void> {
    const { sslProfile } = this.options;
    if (sslProfile !== undefined) {
      this.#watch = this.#deps.tls.onChange(sslProfile, () => this.#reload());
    }
    await this.#listen();
    if (this.failure !== '') throw new RouterError('ROUTER_LISTEN_FAILED', this.failure);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#watch?.remove();
    clearTimeout(this.#retry);
    await this.#starting;
    await this.#listener?.stop({ graceMs: 0 });
    this.#listener = undefined;
    const transports = [...this.#transports.keys()];
    for (const transport of transports) transport.connection.close();
    await Promise.all(transports.map((transport) => transport.closed));
  }

  /**
   * Closes the connections of revoked certificates, by force where the peer does not agree.
   * @returns how many, once they are closed
   */
  async closeRevoked(): Promise<number> {
    const found = [...this.#transports].filter(([, peer]) => this.#deps.revoked.matches(peer));
    const closing = found.map(async ([transport]) => {
      transport.connection.close(revokedCondition);
      const timer = setTimeout(() => transport.abort(), revokedGraceMs);
      await transport.closed;
      clearTimeout(timer);
    });
    await Promise.all(closing);
    return found.length;
  }

  #listen(): Promise<void> {
    this.#starting = this.#tryListen();
    return this.#starting;
  }

  async #tryListen(): Promise<void> {
    const { name, host, port, sslProfile, authenticatePeer } = this.options;
    try {
      const tls =
        sslProfile === undefined
          ? {}
          : { tls: { material: this.#deps.tls.material(sslProfile), mutual: authenticatePeer } };
      const listener = await socketListener(
        {
          log: this.#deps.log,
          onSocket: (socket, peer) => this.#onSocket(socket, peer),
        },
        { host, port, connectionsMax: listenerConnectionsMax, ...tls },
      ).start(this.#abort.signal);
      this.failure = '';
      if (this.#abort.signal.aborted) await listener.stop({ graceMs: 0 });
      else this.#listener = listener;
    } catch (thrown) {
      if (this.#abort.signal.aborted) return;
      const reason = messageOf(thrown);
      if (reason !== this.failure) {
        this.#deps.log.error('listener cannot be opened', { resource: name, host, port, reason });
      }
      this.failure = reason;
      this.#retry = setTimeout(() => void this.#listen(), retryMs);
    }
  }

  /** New connections use the new material; a listener that waited for it is opened. */
  #reload(): void {
    const { name, sslProfile } = this.options;
    if (sslProfile === undefined) return;
    try {
      this.#listener?.reload(this.#deps.tls.material(sslProfile));
    } catch (thrown) {
      this.#deps.log.error('new certificate cannot be used', {
        resource: name,
        reason: messageOf(thrown),
      });
    }
  }

  #onSocket(socket: Socket, peer: PeerInfo): void {
    const { role, cost, sslProfile, saslMechanisms, name } = this.options;
    const refusal = this.#refusalOf(peer);
    if (refusal !== undefined) {
      this.#deps.log.warn(refusal, {
        resource: name,
        host: peer.remote.host,
        serial: peer.tls?.peerCertificate?.serialNumber,
      });
      socket.destroy();
      return;
    }
    const number = this.#deps.connections.takeNumber();
    const handler = this.#deps.connections.recording(
      number,
      {
        direction: 'in',
        role,
        peer,
        endpoint: name,
        sslProfile,
        ordinal: sslProfile === undefined ? 0 : this.#deps.tls.ordinal(sslProfile),
        correlator: undefined,
      },
      this.#deps.handler(role, cost),
    );
    const transport = runAmqp(
      { clock: this.#deps.clock, handler, onRead: this.#deps.onRead },
      socket,
      connectionOptions({
        self: this.#deps.self,
        version: this.#deps.version,
        role: 'server',
        kind: openKinds[role],
        mechanisms: saslMechanisms,
        // Tools on this machine leave SASL out; what anyone may use here needs no name.
        saslOptional:
          role === 'normal' &&
          peer.tls === undefined &&
          saslMechanisms.includes('ANONYMOUS') &&
          isLoopback(peer.remote.host),
        externalIdentity: peer.tls?.peerCertificate?.subject,
        connectionNumber: number,
        cost,
        accessId: this.options.accessId,
        idleTimeoutMs: this.options.idleTimeoutMs ?? idleTimeoutMsDefault,
        maxFrameSizeBytes: this.options.maxFrameSizeBytes,
      }),
    );
    this.#transports.set(transport, peer);
    if (role !== 'normal') this.#deps.onRouters();
    void transport.closed.then(() => {
      this.#transports.delete(transport);
      if (role !== 'normal') this.#deps.onRouters();
    });
  }

  /** Why the peer may not enter, if so. */
  #refusalOf(peer: PeerInfo): string | undefined {
    const { role, sslProfile, authenticatePeer } = this.options;
    const { revoked } = this.#deps;
    const isKnown = peer.tls?.peerCertificate !== undefined;
    // Clients may manage the router: they show a verified certificate or are on this machine.
    if (role === 'normal' && !isKnown && !isLoopback(peer.remote.host)) {
      return 'client without a certificate refused';
    }
    if (revoked.matches(peer)) {
      revoked.onRefused(peer);
      return 'revoked certificate refused';
    }
    // Verified, but unreadable here: it may be a revoked one.
    const isHidden = sslProfile !== undefined && authenticatePeer && !isKnown;
    return isHidden && revoked.size > 0 ? 'unreadable certificate refused' : undefined;
  }
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.') || host.startsWith('::ffff:127.');
}
