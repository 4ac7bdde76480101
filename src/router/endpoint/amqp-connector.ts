/**
 * A connector entity: keeps a control connection to another router, and data connections beside it
 * once the first is up.
 *
 *   CONNECTING --open--> SUCCESS --lost--> CONNECTING      any --failed--> FAILED --retry--> ...
 */
import type { ConnectionHandler, SaslMechanism } from '#amqp/index.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import {
  connectSocket,
  type Dialed,
  type DialStatus,
  redialer,
  runAmqp,
  type RunningRedialer,
} from '#net/index.ts';
import type { PeerOrigin } from '../peering.ts';
import type { Registration } from '../stream.ts';
import type { ConnectionTable } from './connection-table.ts';
import { connectionOptions, idleTimeoutMsDefault } from './open-fields.ts';
import type { ProxyProfiles } from './proxy-profiles.ts';
import type { TlsProfiles } from './tls-profiles.ts';

export interface AmqpConnectorOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly role: 'inter-router' | 'edge';
  readonly cost: number;
  readonly sslProfile: string | undefined;
  readonly proxyProfile: string | undefined;
  readonly verifyHostname: boolean;
  readonly saslMechanisms: readonly SaslMechanism[];
  readonly maxFrameSizeBytes: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly dataConnections: number;
}

export interface AmqpConnectorDeps {
  readonly self: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: Random;
  readonly tls: TlsProfiles;
  readonly proxies: ProxyProfiles;
  readonly connections: ConnectionTable;
  readonly onRead: ((bytes: number) => void) | undefined;
  readonly correlator: string;
  readonly handler: (origin: PeerOrigin) => ConnectionHandler;
  /** The control connection came up or went down. */
  readonly onStatus: (up: boolean) => void;
}

/** Lets waiters through while it is open. */
class Gate {
  #open = false;
  #waiters: (() => void)[] = [];

  set(open: boolean): void {
    this.#open = open;
    if (!open) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const pass of waiters) pass();
  }

  /** Resolves when open, or when given up. */
  passed(signal: AbortSignal): Promise<void> {
    if (this.#open || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const pass = (): void => {
        signal.removeEventListener('abort', pass);
        this.#waiters = this.#waiters.filter((waiter) => waiter !== pass);
        resolve();
      };
      this.#waiters.push(pass);
      signal.addEventListener('abort', pass, { once: true });
    });
  }
}

export class AmqpConnector {
  readonly options: AmqpConnectorOptions;
  readonly #deps: AmqpConnectorDeps;
  readonly #dialers: RunningRedialer[] = [];
  readonly #abort = new AbortController();
  /** Open while the control connection is up: data connections make no sense without it. */
  readonly #controlUp = new Gate();
  #watch: Registration | undefined;
  #up = false;
  /** The certificate was replaced and no connection has been made with it yet. */
  #materialFresh = false;
  #reason = '';
  /** The neighbour as it said when the control connection last came up. */
  peer: { readonly router: string; readonly accessId: string | undefined } | undefined;
  lastUpMs: number | undefined;
  lastDownMs: number | undefined;
  /** Times the control connection was lost. */
  downCount = 0;

  constructor(deps: AmqpConnectorDeps, options: AmqpConnectorOptions) {
    this.#deps = deps;
    this.options = options;
  }

  get up(): boolean {
    return this.#up;
  }

  get connectionStatus(): 'CONNECTING' | 'SUCCESS' | 'FAILED' {
    if (this.#up) return 'SUCCESS';
    return this.#reason === '' ? 'CONNECTING' : 'FAILED';
  }

  get connectionMsg(): string {
    return this.#up ? 'Connection opened' : this.#reason;
  }

  async start(): Promise<void> {
    const { sslProfile } = this.options;
    if (sslProfile !== undefined) {
      this.#watch = this.#deps.tls.onChange(sslProfile, () => this.#onNewMaterial());
    }
    await this.#startDialer('control');
    for (let index = 0; index < this.options.dataConnections; index++) {
      await this.#startDialer('data');
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#watch?.remove();
    await Promise.all(this.#dialers.map((dialer) => dialer.stop({ graceMs: 0 })));
  }

  /** New certificates came: no need to wait. */
  dialNow(): void {
    for (const dialer of this.#dialers) if (dialer.status === 'waiting') dialer.dialNow();
  }

  /** Connections that are closed for the old certificate come back with the new one at once. */
  #onNewMaterial(): void {
    this.#materialFresh = true;
    this.dialNow();
  }

  async #startDialer(kind: 'control' | 'data'): Promise<void> {
    const dialer = redialer(
      {
        log: this.#deps.log,
        random: this.#deps.random,
        dial: (signal) => this.#dial(kind, signal),
        onStatus: (status, error) => {
          if (kind === 'control') this.#onDialStatus(status, error);
        },
      },
      {},
    );
    this.#dialers.push(await dialer.start(this.#abort.signal));
  }

  #onDialStatus(status: DialStatus, error: unknown): void {
    if (status === 'waiting' && this.#materialFresh) {
      this.#materialFresh = false;
      queueMicrotask(() => this.dialNow());
    }
    if (status === 'waiting' && error !== undefined) {
      const reason = messageOf(error);
      if (reason !== this.#reason) {
        const { name: resource, host, port } = this.options;
        this.#deps.log.warn('router cannot be reached', { resource, host, port, reason });
      }
      this.#reason = reason;
    }
  }

  async #dial(kind: 'control' | 'data', signal: AbortSignal): Promise<Dialed> {
    if (kind === 'data') await this.#controlUp.passed(signal);
    const { host, port, role, sslProfile, verifyHostname } = this.options;
    const correlator = role === 'edge' ? undefined : this.#deps.correlator;
    const material = sslProfile === undefined ? undefined : this.#deps.tls.material(sslProfile);
    const ordinal = sslProfile === undefined ? 0 : this.#deps.tls.ordinal(sslProfile);
    const tls = material === undefined ? {} : { tls: { material, verifyHostname } };
    const { proxyProfile } = this.options;
    const proxy =
      proxyProfile === undefined ? {} : { proxy: this.#deps.proxies.resolve(proxyProfile) };
    const { socket, peer } = await connectSocket({ host, port, ...proxy, ...tls }, signal);
    const number = this.#deps.connections.takeNumber();
    const handler = this.#deps.connections.recording(
      number,
      {
        direction: 'out',
        role: kind === 'control' ? role : 'inter-router-data',
        peer,
        endpoint: this.options.name,
        sslProfile,
        ordinal,
        correlator,
      },
      this.#deps.handler(this.#origin(kind)),
    );
    const transport = runAmqp(
      { clock: this.#deps.clock, handler, onRead: this.#deps.onRead },
      socket,
      connectionOptions({
        self: this.#deps.self,
        version: this.#deps.version,
        role: 'client',
        kind: role === 'edge' ? 'edge' : kind,
        mechanisms: this.options.saslMechanisms,
        hostname: host,
        connectionNumber: number,
        cost: this.options.cost,
        correlator,
        ordinal: sslProfile === undefined ? undefined : ordinal,
        idleTimeoutMs: this.options.idleTimeoutMs ?? idleTimeoutMsDefault,
        maxFrameSizeBytes: this.options.maxFrameSizeBytes,
      }),
    );
    return { closed: transport.closed, close: () => transport.connection.close() };
  }

  #origin(kind: 'control' | 'data'): PeerOrigin {
    const origin = {
      direction: 'out',
      kind,
      cost: this.options.cost,
      correlator: this.#deps.correlator,
    } as const;
    if (kind === 'data') return origin;
    return {
      ...origin,
      onUp: (peer) => {
        this.#up = true;
        this.#reason = '';
        const accessId = peer.properties.get('qd.access-id');
        this.peer = {
          router: peer.containerId,
          accessId: typeof accessId === 'string' ? accessId : undefined,
        };
        this.lastUpMs = this.#deps.clock.nowMs();
        this.#controlUp.set(true);
        this.#deps.onStatus(true);
      },
      onDown: () => {
        const was = this.#up;
        this.#up = false;
        this.#controlUp.set(false);
        if (!was) return;
        this.downCount++;
        this.lastDownMs = this.#deps.clock.nowMs();
        this.#deps.onStatus(false);
      },
    };
  }
}
