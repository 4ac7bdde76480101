/**
 * The routing engine: fed with messages, connections and time, it knows which routers are there, the
 * way to each, and who has consumers of which address. One engine per router process. Pure: a driver
 * carries its messages and wakes it at its deadline; the simulator is another driver.
 *
 *   HELLO  -> neighbours          -> own link state -> RA to all
 *   RA     -> newer numbers?      -> LSR / MAR to its origin
 *   LSU    -> link-state database -> paths -> routers reachable or not
 *   MAU    -> remote addresses
 */
import { unreachable } from '#base/assert.ts';
import type {
  AddressView,
  RouterView,
  RoutingDeps,
  RoutingEvent,
  RoutingOptions,
} from './contract.ts';
import { LinkStateDatabase } from './link-state-database.ts';
import { LinkStateExchange } from './link-state-exchange.ts';
import { LocalAddresses, type LocalAddress } from './local-addresses.ts';
import type { ConnectionId, RoutingBody, RoutingMessage, Treatment } from './messages.ts';
import { MobileExchange } from './mobile-exchange.ts';
import { Neighbours } from './neighbours.ts';
import { Reach, type MulticastTargets, type RemoteChoice } from './reach.ts';
import { RemoteAddresses } from './remote-addresses.ts';
import { Requests } from './requests.ts';
import { Topology } from './topology.ts';

export const routingDefaults = {
  helloIntervalMs: 1000,
  helloMaxAgeMs: 3000,
  helloReplyMinMs: 50,
  raIntervalMs: 30_000,
  raIntervalFluxMs: 4000,
  fluxMs: 8000,
  remoteLsMaxAgeMs: 60_000,
  unreachableHoldoffMs: 1000,
  mobileFlushFirstMs: 50,
  mobileFlushIntervalMs: 250,
  routersMax: 128,
  addressesPerRouterMax: 16_384,
} as const;

/** The options with every default filled in. */
export type RoutingSettings = Required<RoutingOptions>;

export class RoutingEngine {
  readonly #deps: RoutingDeps;
  readonly #reach: Reach;
  readonly #neighbours: Neighbours;
  readonly #linkStates: LinkStateExchange;
  readonly #mobile: MobileExchange;
  readonly #requests = new Requests();
  readonly #local: LocalAddresses;
  readonly #remote: RemoteAddresses;
  readonly #topology: Topology;

  constructor(deps: RoutingDeps, options: RoutingOptions) {
    this.#deps = deps;
    const settings: RoutingSettings = { ...routingDefaults, ...options };
    const database = new LinkStateDatabase(settings.id, settings.routersMax);
    this.#topology = new Topology(settings.id);
    this.#local = new LocalAddresses(settings);
    this.#remote = new RemoteAddresses((key, remotes) => {
      this.#reach.forget(key);
      this.#tell({ type: 'remoteAddressChanged', key, remotes });
    });
    this.#neighbours = new Neighbours({ sink: this.#helloSink(settings) }, settings.id, settings);
    this.#reach = new Reach(
      {
        topology: this.#topology,
        neighbours: this.#neighbours,
        database,
        local: this.#local,
        remote: this.#remote,
      },
      settings.id,
      settings.instance,
    );
    const outlet = {
      send: (message: RoutingMessage, connections: readonly ConnectionId[]) => {
        if (connections.length > 0) this.#deps.sink.send(message, connections);
      },
      tell: (event: RoutingEvent) => this.#tell(event),
    };
    const parts = { database, requests: this.#requests, reach: this.#reach, outlet };
    this.#mobile = new MobileExchange(
      { ...parts, local: this.#local, remote: this.#remote },
      settings,
    );
    this.#linkStates = new LinkStateExchange(
      { ...parts, topology: this.#topology, mobile: this.#mobile },
      settings,
    );
  }

  /** A control connection can carry messages from now on (its control sender has credit). */
  onConnectionOpened(connection: ConnectionId, cost: number): void {
    this.#neighbours.onConnectionOpened(connection, cost, this.#now());
    this.#settle();
  }

  /** The connection is gone, its neighbour with it. Unknown connections are ignored. */
  onConnectionClosed(connection: ConnectionId): void {
    this.#neighbours.onConnectionClosed(connection, this.#now());
    this.#settle();
  }

  /** The neighbour of `from` goes on over `to` without a change of topology (certificate rollover). */
  onConnectionReplaced(from: ConnectionId, to: ConnectionId, cost: number): void {
    this.#neighbours.onConnectionReplaced(from, to, cost, this.#now());
    this.#settle();
  }

  /**
   * Takes a routing message that is for this router (`L` and `T` addresses).
   * @param trace router ids already passed (annotations), without the area prefix
   * @returns connections over which a message to all routers is to go on; empty for other messages
   */
  onMessage(
    connection: ConnectionId,
    body: RoutingBody,
    trace: readonly string[],
  ): readonly ConnectionId[] {
    const nowMs = this.#now();
    const forwards = this.#dispatch(connection, body, trace, nowMs);
    this.#settle();
    return forwards;
  }

  /** Time passed. Call at `nextDeadlineMs()` or later; more often is harmless. */
  tick(): void {
    const nowMs = this.#now();
    this.#neighbours.tick(nowMs);
    this.#linkStates.sweep(nowMs);
    this.#settle();
  }

  /** When `tick` is due, on the clock's monotonic scale. */
  nextDeadlineMs(): number {
    return Math.min(
      this.#neighbours.nextDeadlineMs(),
      this.#linkStates.nextDeadlineMs(),
      this.#local.deadlineMs,
      this.#requests.nextDeadlineMs(),
    );
  }

  /** Local consumers appeared or changed for an `M`, `H` or `N` key; told to all routers. */
  setLocalAddress(key: string, address: LocalAddress): void {
    this.#local.set(key, address, this.#now());
  }

  /** The last local consumer of the key is gone. */
  deleteLocalAddress(key: string): void {
    this.#local.delete(key, this.#now());
  }

  /** Connection towards a router, undefined when it cannot be reached (or is this one). */
  connectionTo(router: string): ConnectionId | undefined {
    return this.#reach.connectionTo(router);
  }

  /** Cost of the way to another router, undefined when it cannot be reached. */
  costTo(router: string): number | undefined {
    return this.#topology.costTo(router);
  }

  /** Ways to all reachable routers with consumers of the key, cheapest first, then by router id. */
  remoteChoices(key: string): readonly RemoteChoice[] {
    return this.#reach.remoteChoices(key);
  }

  /** Number of other routers with consumers of the key, as last told by `remoteAddressChanged`. */
  remoteCount(key: string): number {
    return this.#remote.routersOf(key).size;
  }

  /**
   * Copies of a message to a multicast address.
   * @param ingress id of the router where the message entered the network (ours for our own)
   * @param trace router ids passed so far
   */
  multicastTargets(key: string, ingress: string, trace: readonly string[]): MulticastTargets {
    return this.#reach.multicastTargets(key, ingress, trace);
  }

  /** Connections to every neighbour not in the trace: for `_topo/0/all/…` and flood addresses. */
  floodTargets(trace: readonly string[]): readonly ConnectionId[] {
    return this.#reach.floodTargets(trace);
  }

  /** Hops to the farthest reachable router; a longer trace than this + 1 has run in a loop. */
  get radius(): number {
    return this.#topology.radius;
  }

  routers(): readonly RouterView[] {
    return this.#reach.routers();
  }

  addresses(): readonly AddressView[] {
    return this.#reach.addresses();
  }

  /** Treatment of an address: the local one, else as first told by another router. */
  treatmentOf(key: string): Treatment | undefined {
    return this.#reach.treatmentOf(key);
  }

  #dispatch(
    connection: ConnectionId,
    body: RoutingBody,
    trace: readonly string[],
    nowMs: number,
  ): readonly ConnectionId[] {
    switch (body.opcode) {
      case 'HELLO':
        this.#linkStates.onHello(body, nowMs);
        this.#neighbours.onHello(connection, body, nowMs);
        return [];
      case 'RA':
        return this.#linkStates.onAdvertisement(body, trace, nowMs);
      case 'LSR':
        this.#linkStates.onRequest(body.id, connection);
        return [];
      case 'LSU':
        this.#linkStates.onUpdate(body, nowMs);
        return [];
      case 'MAR':
        this.#mobile.onRequest(body, connection);
        return [];
      case 'MAU':
        return this.#mobile.onUpdate(body, trace, nowMs);
      default:
        return unreachable(body, 'opcode');
    }
  }

  /** What an input left to do: paths first, then addresses, then the RA that tells of both. */
  #settle(): void {
    const nowMs = this.#now();
    this.#linkStates.computeIfDue(nowMs);
    if (this.#local.deadlineMs <= nowMs && this.#mobile.flush(nowMs)) {
      this.#linkStates.advertiseSoon(nowMs);
    }
    this.#linkStates.advertiseIfDue(nowMs);
    this.#requests.takeDue(nowMs, (router, question) => {
      if (question === 'LSR') this.#linkStates.ask(router);
      else this.#mobile.ask(router);
    });
  }

  #helloSink(settings: RoutingSettings): ConstructorParameters<typeof Neighbours>[0]['sink'] {
    const { id, instance } = settings;
    return {
      sendHello: (connection, seen) => {
        const body = { opcode: 'HELLO', id, instance, seen } as const;
        this.#deps.sink.send({ to: 'amqp:/_local/qdhello', body }, [connection]);
      },
      onNeighbourUp: (router, connection, cost) => {
        this.#linkStates.onNeighbourUp(router, cost, this.#now());
        this.#tell({ type: 'neighbourUp', router, connection, cost });
      },
      onNeighbourDown: (router, connection) => {
        this.#linkStates.onNeighbourDown(router, this.#now());
        this.#tell({ type: 'neighbourDown', router, connection });
      },
      onEvent: (event) => this.#tell(event),
    };
  }

  #tell(event: RoutingEvent): void {
    this.#deps.sink.onEvent(event);
  }

  #now(): number {
    return this.#deps.clock.monotonicMs();
  }
}
