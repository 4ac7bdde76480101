/** What the routing engine asks of its driver and tells it: options, sink and events. */
import type { Clock } from '#base/clock.ts';
import type { ConnectionId, RoutingMessage, Treatment } from './messages.ts';

/** Times in milliseconds. The defaults are those of skupper-router, and faster where it is harmless. */
export interface RoutingOptions {
  /** Our router id: unique in the network, without `/` and spaces. */
  readonly id: string;
  /** Must be larger after every restart; seconds since 1970 by custom. */
  readonly instance: number;
  /** Pause between HELLOs on a control connection. Default 1000. */
  readonly helloIntervalMs?: number;
  /** A neighbour not heard for this long is lost. Default 3000. */
  readonly helloMaxAgeMs?: number;
  /** Least pause between two HELLOs on one connection that answer a change at once. Default 50. */
  readonly helloReplyMinMs?: number;
  /** Pause between RAs while nothing changes. Default 30000. */
  readonly raIntervalMs?: number;
  /** Pause between RAs soon after the topology changed. Default 4000. */
  readonly raIntervalFluxMs?: number;
  /** How long "soon after" lasts. Default 8000. */
  readonly fluxMs?: number;
  /** A link state not confirmed for this long is dropped. Default 60000. */
  readonly remoteLsMaxAgeMs?: number;
  /** How long addresses of a router that cannot be reached are kept. Default 1000. */
  readonly unreachableHoldoffMs?: number;
  /** Delay before a change of our addresses is told after a quiet time. Default 50. */
  readonly mobileFlushFirstMs?: number;
  /** Least pause between two such messages. Default 250. */
  readonly mobileFlushIntervalMs?: number;
  /** Most routers in the network, with us. Default 128, the limit of skupper-router. */
  readonly routersMax?: number;
  /** Most addresses taken from one router. Default 16384. */
  readonly addressesPerRouterMax?: number;
}

export interface RoutingDeps {
  readonly clock: Clock;
  readonly sink: RoutingSink;
}

/** Outputs of the engine. Called while an input runs; must not call the engine back. */
export interface RoutingSink {
  /**
   * Send one copy over each of these control connections, in order and pre-settled. An empty list
   * never comes.
   */
  send(message: RoutingMessage, connections: readonly ConnectionId[]): void;
  onEvent(event: RoutingEvent): void;
}

export type RoutingEvent =
  /** A router became a neighbour, or moved to another connection or cost. */
  | {
      readonly type: 'neighbourUp';
      readonly router: string;
      readonly connection: ConnectionId;
      readonly cost: number;
    }
  | {
      readonly type: 'neighbourDown';
      readonly router: string;
      readonly connection: ConnectionId;
    }
  /**
   * The router is also there over a second control connection, which is not used: both ends should
   * keep one. Said once per connection.
   */
  | {
      readonly type: 'duplicateConnection';
      readonly router: string;
      readonly used: ConnectionId;
      readonly spare: ConnectionId;
    }
  | { readonly type: 'routerReachable'; readonly router: string }
  | { readonly type: 'routerUnreachable'; readonly router: string }
  /** Next hops, costs or the set of routers may differ from now on. */
  | { readonly type: 'topologyChanged' }
  /**
   * The set of other routers with consumers of the address changed. `remotes` 0 means that nobody
   * else offers it any more.
   */
  | { readonly type: 'remoteAddressChanged'; readonly key: string; readonly remotes: number }
  /** Somebody else uses our id. Said at most once per connection. */
  | { readonly type: 'duplicateId'; readonly connection: ConnectionId }
  /** A limit was met and something of a peer was left out. Said once per router and limit. */
  | {
      readonly type: 'limitReached';
      readonly limit: 'routersMax' | 'addressesPerRouterMax';
      readonly router: string;
    };

/** One router of the network as this one sees it. Feeds the `router.node` entity. */
export interface RouterView {
  readonly id: string;
  readonly self: boolean;
  readonly instance: number;
  /** Neighbours by its own account. */
  readonly linkState: readonly string[];
  readonly reachable: boolean;
  /** Neighbour towards it; undefined for ourselves, neighbours and unreachable routers. */
  readonly nextHop: string | undefined;
  /** Control connection towards it; undefined for ourselves and unreachable routers. */
  readonly connection: ConnectionId | undefined;
  readonly cost: number | undefined;
  readonly validOrigins: readonly string[];
}

/** One mobile address as this router sees it. Feeds the `router.address` entity. */
export interface AddressView {
  readonly key: string;
  readonly treatment: Treatment;
  /** True when it has consumers here. */
  readonly local: boolean;
  /** Other routers with consumers, reachable or not. */
  readonly remotes: readonly string[];
}
