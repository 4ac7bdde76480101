/** The routing engine: fed with messages and time, it knows who is there and the way to each. */
import { assert } from '#base/assert.ts';
import type { AddressView, RouterView, RoutingDeps, RoutingOptions } from './contract.ts';
import type { ConnectionId, RoutingBody, Treatment } from './messages.ts';

/** What is known about a local address. */
export interface LocalAddress {
  readonly treatment: Treatment;
  /** Local producers; default 0. */
  readonly producers?: number;
  readonly meshId?: string;
}

/** Where copies of a multicast message go. */
export interface MulticastTargets {
  /** True when local consumers get it. */
  readonly local: boolean;
  readonly connections: readonly ConnectionId[];
}

/** One way to a remote consumer of an address. */
export interface RemoteChoice {
  readonly router: string;
  /** Neighbour towards it (the router itself when it is one). */
  readonly neighbour: string;
  readonly connection: ConnectionId;
  readonly cost: number;
}

export class RoutingEngine {
  constructor(deps: RoutingDeps, options: RoutingOptions) {
    void deps;
    void options;
  }

  /** A control connection can carry messages from now on (its control sender has credit). */
  onConnectionOpened(connection: ConnectionId, cost: number): void {
    assert(false, `${connection} ${cost}`);
  }

  /** The connection is gone, its neighbour with it. Unknown connections are ignored. */
  onConnectionClosed(connection: ConnectionId): void {
    assert(false, `${connection}`);
  }

  /** The neighbour of `from` goes on over `to` without a change of topology (certificate rollover). */
  onConnectionReplaced(from: ConnectionId, to: ConnectionId): void {
    assert(false, `${from} ${to}`);
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
    assert(false, `${connection} ${body.opcode} ${trace.length}`);
    return [];
  }

  /** Time passed. Call at `nextDeadlineMs()` or later; more often is harmless. */
  tick(): void {
    assert(false, '');
  }

  /** When `tick` is due, on the clock's monotonic scale. */
  nextDeadlineMs(): number {
    return 0;
  }

  /** Local consumers appeared or changed for an `M`, `H` or `N` key; told to all routers. */
  setLocalAddress(key: string, address: LocalAddress): void {
    assert(false, `${key} ${address.treatment}`);
  }

  /** The last local consumer of the key is gone. */
  deleteLocalAddress(key: string): void {
    assert(false, key);
  }

  /** Connection towards a router, undefined when it cannot be reached (or is this one). */
  connectionTo(router: string): ConnectionId | undefined {
    assert(false, router);
    return undefined;
  }

  /** Ways to all reachable routers with consumers of the key, cheapest first, then by router id. */
  remoteChoices(key: string): readonly RemoteChoice[] {
    assert(false, key);
    return [];
  }

  /** Number of other routers with consumers of the key, as last told by `remoteAddressChanged`. */
  remoteCount(key: string): number {
    assert(false, key);
    return 0;
  }

  /**
   * Copies of a message to a multicast address.
   * @param ingress id of the router where the message entered the network (ours for our own)
   * @param trace router ids passed so far
   */
  multicastTargets(key: string, ingress: string, trace: readonly string[]): MulticastTargets {
    assert(false, `${key} ${ingress} ${trace.length}`);
    return { local: false, connections: [] };
  }

  /** Connections to every neighbour not in the trace: for `_topo/0/all/…` and flood addresses. */
  floodTargets(trace: readonly string[]): readonly ConnectionId[] {
    assert(false, `${trace.length}`);
    return [];
  }

  /** Hops to the farthest reachable router; a message with a longer trace than this + 1 runs in a loop. */
  get radius(): number {
    return 0;
  }

  routers(): readonly RouterView[] {
    return [];
  }

  addresses(): readonly AddressView[] {
    return [];
  }

  /** Treatment of an address: the local one, else as first told by another router. */
  treatmentOf(key: string): Treatment | undefined {
    assert(false, key);
    return undefined;
  }
}
