/**
 * One router: joins routing, forwarding, connections and entities. What runs in the same process
 * (TCP bridge, flow records) uses it as a {@link StreamRouter} and adds entity kinds of its own.
 */
import type { ConnectionHandler } from '#amqp/index.ts';
import { unreachable } from '#base/assert.ts';
import type { Clock } from '#base/clock.ts';
import type { Logger, LogLevel } from '#base/log.ts';
import { alphanumeric, type Random, randomText } from '#base/random.ts';
import {
  type ConnectionId,
  edgeAddress,
  parseAddress,
  parseEdgeAddress,
  routerAddress,
  type RoutingEvent,
  type RoutingOptions,
  Treatment,
} from '#routing/index.ts';
import { AddressTable, type LocalConsumer } from './address-table.ts';
import { ConnectorKind, ListenerKind, SslProfileKind } from './agent/endpoint-kinds.ts';
import type { Attributes, EntityKind } from './agent/entity.ts';
import { AddressKind } from './agent/address-kind.ts';
import { KeptKind } from './agent/kept-kind.ts';
import { LogKind } from './agent/log-kind.ts';
import { ProxyProfileKind } from './agent/proxy-profile-kind.ts';
import { RevokedCertificateKind } from './agent/revoked-certificate-kind.ts';
import { stateKinds } from './agent/state-kinds.ts';
import { clientConnection } from './client/client-connection.ts';
import { Dispatcher } from './dispatcher.ts';
import { EdgeRouters } from './edge/edge-routers.ts';
import { meshIdLength } from './edge/edge-names.ts';
import { EdgeUplink } from './edge/edge-uplink.ts';
import { AmqpConnector } from './endpoint/amqp-connector.ts';
import { type AcceptedRole, AmqpListener } from './endpoint/amqp-listener.ts';
import { ConnectionTable } from './endpoint/connection-table.ts';
import { HealthListener } from './endpoint/health-listener.ts';
import { ProxyProfiles } from './endpoint/proxy-profiles.ts';
import { RevokedCertificates } from './endpoint/revoked-certificates.ts';
import { TlsProfiles } from './endpoint/tls-profiles.ts';
import type { InboundDestination } from './link/link-inbound.ts';
import {
  encodeAnnotations,
  type MessageConsumer,
  type OnOutcome,
  type WholeMessage,
} from './message.ts';
import { Peering } from './peering.ts';
import { RoutingDriver } from './routing-driver.ts';
import type {
  MessageRoute,
  Registration,
  StreamConsumer,
  StreamFeedback,
  StreamRouter,
  StreamSink,
} from './stream.ts';

/** Idle streaming links are counted at this pace. */
const scrubIntervalMs = 30_000;
/** Length of made-up names on the wire. */
const nameLength = 15;

export interface RouterDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Told the level that `log` entities ask for; undefined when none does. */
  readonly setLogLevel?: (level: LogLevel | undefined) => void;
  readonly random: Random;
  /** Metrics in the text format of Prometheus. */
  readonly metrics: () => Promise<string>;
  /** Told the size of every buffer read from a socket. */
  readonly onRead?: ((bytes: number) => void) | undefined;
}

export interface RouterOptions {
  /** Unique in the network, without `/` and spaces. */
  readonly id: string;
  readonly version: string;
  /** Larger after every restart. */
  readonly instance: number;
  readonly mode: string;
  /** Says which site it serves, as text; shown by management. */
  readonly metadata: string | undefined;
  /** The `router` entity as configured. */
  readonly attributes: Attributes;
  /** Treatment of addresses about which nothing says more. Default balanced. */
  readonly defaultTreatment?: Treatment;
  /** Data connections per connector. */
  readonly dataConnections: number;
  readonly routing?: Partial<RoutingOptions>;
  /** Gives the flow record identity of a listener of routers. */
  readonly accessId?: (listener: string) => string | undefined;
}

export class Router implements StreamRouter {
  readonly options: RouterOptions;
  readonly driver: RoutingDriver;
  readonly addresses: AddressTable;
  readonly dispatcher: Dispatcher;
  readonly peering: Peering;
  /** Edge routers attached to this one. */
  readonly edges: EdgeRouters;
  /** In mode edge: the way to the network. */
  readonly uplink: EdgeUplink | undefined;
  readonly connections: ConnectionTable;
  readonly tls = new TlsProfiles();
  readonly revoked = new RevokedCertificates();
  readonly kinds = new Map<string, EntityKind>();
  readonly listeners: ListenerKind;
  readonly connectors: ConnectorKind;
  readonly #proxies = new ProxyProfiles();
  readonly #addressKind = new AddressKind();
  readonly #deps: RouterDeps;
  readonly #stops: (() => Promise<void> | void)[] = [];
  readonly #changeListeners: (() => void)[] = [];
  #changePending = false;
  #scrubber: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  constructor(deps: RouterDeps, options: RouterOptions) {
    this.#deps = deps;
    this.options = options;
    this.connections = new ConnectionTable({ nowMs: () => deps.clock.nowMs() });
    const treatmentDefault = options.defaultTreatment ?? Treatment.balanced;
    this.driver = new RoutingDriver(
      {
        clock: deps.clock,
        log: deps.log,
        sendControl: (connection, bytes) => this.peering.sendControl(connection, bytes),
        onEvent: (event) => this.#onRoutingEvent(event),
        treatmentDefault,
      },
      { id: options.id, instance: options.instance, ...options.routing },
    );
    this.uplink = options.mode === 'edge' ? this.#makeUplink() : undefined;
    this.addresses = new AddressTable(
      this.uplink ?? {
        setLocalAddress: (key, address) =>
          this.driver.run((engine) => engine.setLocalAddress(key, address)),
        deleteLocalAddress: (key) => this.driver.run((engine) => engine.deleteLocalAddress(key)),
        setProducing: () => undefined,
        remoteCount: (key) => this.driver.engine.remoteCount(key),
        treatmentOf: (key) => this.driver.engine.treatmentOf(key),
      },
      (name) => this.#addressKind.treatment(name),
      treatmentDefault,
    );
    this.peering = new Peering({
      self: options.id,
      log: deps.log,
      linkName: () => `qdlink.${this.#name()}`,
      driver: this.driver,
      destination: (from) => this.#inbound(from),
      annotate: (route) => encodeAnnotations(route, options.id),
    });
    this.edges = this.#makeEdges();
    this.dispatcher = new Dispatcher({
      self: options.id,
      addresses: this.addresses,
      ways: this.uplink ?? this.driver.engine,
      outlets: this.uplink ?? this.peering,
      parse: (address) =>
        this.uplink === undefined
          ? parseAddress(address, options.id)
          : parseEdgeAddress(address, options.id),
      annotate: (route) => this.uplink?.annotate(route) ?? encodeAnnotations(route, options.id),
      onRouting: (from, message) => this.driver.onMessage(from, message),
    });
    this.listeners = this.#makeListeners();
    this.connectors = this.#makeConnectors();
    this.#addOwnKinds();
  }

  #makeUplink(): EdgeUplink {
    return new EdgeUplink({
      self: this.options.id,
      log: this.#deps.log,
      mesh: this.#name(meshIdLength),
      linkName: () => `qdlink.${this.#name()}`,
      destination: (from) => this.#inbound(() => from),
      onReachable: (key) => this.addresses.onRemoteChanged(key),
    });
  }

  #makeEdges(): EdgeRouters {
    const { id } = this.options;
    return new EdgeRouters({
      self: id,
      log: this.#deps.log,
      takeId: () => this.peering.takeId(),
      linkName: () => `qdlink.${this.#name()}`,
      annotate: (route) => encodeAnnotations(route, id),
      destination: (from) => this.#inbound(() => from),
      addConsumer: (key, consumer) => this.addresses.addConsumerOf(key, consumer),
      addProducer: (name, onReachable, side) => this.addresses.addProducer(name, onReachable, side),
      onMeshKnown: (side) => this.addresses.onMeshKnown(side),
      onInvalid: (reason) => this.#deps.log.warn('message of an edge router rejected', { reason }),
    });
  }

  #makeListeners(): ListenerKind {
    const { options } = this;
    return new ListenerKind({
      open: (listener) => new AmqpListener(this.#listenerDeps(), listener),
      openHealth: (listener) =>
        new HealthListener({ healthy: () => this.healthy, metrics: this.#deps.metrics }, listener),
      edge: this.uplink !== undefined,
      accessId: (name) => options.accessId?.(name),
      onClosed: () => undefined,
    });
  }

  #makeConnectors(): ConnectorKind {
    return new ConnectorKind({
      open: (connector) =>
        new AmqpConnector(
          {
            ...this.#endpointDeps(),
            proxies: this.#proxies,
            random: this.#deps.random,
            correlator: this.#name(),
            handler: (origin) => (this.uplink ?? this.peering).handler(origin),
            onStatus: () => this.changed(),
          },
          connector,
        ),
      edge: this.uplink !== undefined,
      dataConnections: this.options.dataConnections,
      onClosed: () => undefined,
    });
  }

  #addOwnKinds(): void {
    const { clock } = this.#deps;
    this.addKind(this.listeners);
    this.addKind(this.connectors);
    this.addKind(this.#addressKind);
    this.addKind(new LogKind((level) => this.#deps.setLogLevel?.(level)));
    this.addKind(new ProxyProfileKind(this.#proxies));
    for (const type of ['site', 'network']) this.addKind(new KeptKind(type));
    for (const kind of stateKinds(this, clock.nowMs(), () => clock.nowMs())) {
      this.addKind(kind);
    }
    this.addKind(
      new RevokedCertificateKind({
        revoked: this.revoked,
        closeRevoked: () => this.listeners.closeRevoked(),
      }),
    );
    this.addKind(
      new SslProfileKind(this.tls, (name) =>
        this.connections.closeOlder(name, this.tls.oldestValidOrdinal(name)),
      ),
    );
  }

  get healthy(): boolean {
    return this.#scrubber !== undefined && this.#stopping === undefined;
  }

  /** Makes entities of a kind known to configuration and management. */
  addKind(kind: EntityKind): void {
    this.kinds.set(kind.type, kind);
  }

  /** Runs when the router stops, before its connections close. */
  onStop(stop: () => Promise<void> | void): void {
    this.#stops.push(stop);
  }

  /** Calls back, soon, after entities or their state changed. */
  onChange(listener: () => void): void {
    this.#changeListeners.push(listener);
  }

  /** Entities or their state changed. */
  changed(): void {
    if (this.#changePending) return;
    this.#changePending = true;
    setImmediate(() => {
      this.#changePending = false;
      for (const listener of this.#changeListeners) listener();
    });
  }

  start(): void {
    this.#scrubber = setInterval(() => {
      for (const streams of [this.peering, this.edges, this.uplink]) streams?.scrub();
    }, scrubIntervalMs);
    this.driver.run((engine) => engine.tick());
  }

  /** Closes listeners, connectors and connections. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  openStream(route: MessageRoute, feedback: StreamFeedback): StreamSink | undefined {
    return this.dispatcher.openStream(route, feedback);
  }

  addTemporary(consumer: StreamConsumer): Registration & { readonly address: string } {
    return this.addTemporaryConsumer({ stream: consumer });
  }

  addConsumer(address: string, consumer: StreamConsumer): Registration {
    return this.addresses.addConsumer(address, { stream: consumer });
  }

  addProducer(address: string, onReachable: (reachable: boolean) => void): Registration {
    return this.addresses.addProducer(address, onReachable);
  }

  /** Takes whole messages at a mobile address. */
  addMessageConsumer(address: string, consumer: LocalConsumer, hint?: Treatment): Registration {
    return this.addresses.addConsumer(address, consumer, hint);
  }

  /** Takes messages at a name of this router. */
  addLocal(name: string, consumer: MessageConsumer): Registration {
    return this.addresses.addLocal(name, { message: consumer });
  }

  /** A fresh reply address for any kind of consumer. */
  addTemporaryConsumer(consumer: LocalConsumer): Registration & { readonly address: string } {
    const name = `temp.${this.#name()}`;
    const registration = this.addresses.addLocal(name, consumer);
    return {
      address: (this.uplink === undefined ? routerAddress : edgeAddress)(this.options.id, name),
      remove: () => registration.remove(),
    };
  }

  /** Sends a whole message of this process. */
  dispatch(message: WholeMessage, onOutcome?: OnOutcome): void {
    this.dispatcher.dispatch(message, onOutcome);
  }

  async #stop(): Promise<void> {
    clearInterval(this.#scrubber);
    for (const stop of this.#stops) await stop();
    await Promise.all([this.listeners.stop(), this.connectors.stop()]);
    this.driver.stop();
  }

  #name(length = nameLength): string {
    return randomText(this.#deps.random, length, alphanumeric);
  }

  #endpointDeps() {
    return {
      self: this.options.id,
      version: this.options.version,
      clock: this.#deps.clock,
      log: this.#deps.log,
      tls: this.tls,
      connections: this.connections,
      onRead: this.#deps.onRead,
    };
  }

  #listenerDeps() {
    return {
      ...this.#endpointDeps(),
      revoked: this.revoked,
      onRouters: () => this.changed(),
      handler: (role: AcceptedRole, cost: number): ConnectionHandler => {
        switch (role) {
          case 'normal':
            return this.#clientHandler();
          case 'edge':
            return this.edges.handler();
          case 'inter-router':
            return this.peering.handler({
              direction: 'in',
              kind: undefined,
              cost,
              correlator: undefined,
            });
          default:
            return unreachable(role, 'role of a listener');
        }
      },
    };
  }

  #clientHandler(): ConnectionHandler {
    return clientConnection({
      self: this.options.id,
      dispatch: (message, onOutcome) => this.dispatcher.dispatch(message, onOutcome),
      addTemporary: (consumer) => this.addTemporaryConsumer(consumer),
      addConsumer: (name, consumer) => this.addresses.addConsumer(name, consumer),
      addProducer: (name) => this.addresses.addProducer(name, () => undefined),
    });
  }

  #inbound(from: () => ConnectionId | undefined): InboundDestination {
    return {
      openStream: (route, feedback) => this.dispatcher.openStream(route, feedback, from()),
      dispatch: (message, onOutcome) => this.dispatcher.dispatch(message, onOutcome, from()),
      onInvalid: (reason) =>
        this.#deps.log.warn('message of a router rejected', { connection: from(), reason }),
    };
  }

  #onRoutingEvent(event: RoutingEvent): void {
    const { log } = this.#deps;
    switch (event.type) {
      case 'neighbourUp':
        log.info('neighbour up', { neighbour: event.router, cost: event.cost });
        this.addresses.onNeighbourUp();
        return;
      case 'neighbourDown':
        log.info('neighbour down', { neighbour: event.router });
        return;
      case 'duplicateConnection':
        log.info('second connection to a neighbour kept as a spare', { neighbour: event.router });
        return;
      case 'remoteAddressChanged':
        this.addresses.onRemoteChanged(event.key);
        return;
      case 'duplicateId':
        log.error('another router uses the id of this one', { connection: event.connection });
        return;
      case 'limitReached':
        log.warn('a limit of the network was met', { neighbour: event.router, limit: event.limit });
        return;
      case 'routerReachable':
      case 'routerUnreachable':
      case 'topologyChanged':
        return;
    }
  }
}
