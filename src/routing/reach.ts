/** Questions about where messages can go, answered from the tables that the engine keeps. */
import type { AddressView, RouterView } from './contract.ts';
import type { LinkStateDatabase } from './link-state-database.ts';
import type { LocalAddresses } from './local-addresses.ts';
import type { ConnectionId, Treatment } from './messages.ts';
import type { Neighbours } from './neighbours.ts';
import type { RemoteAddresses } from './remote-addresses.ts';
import type { Topology } from './topology.ts';

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

export interface ReachDeps {
  readonly topology: Topology;
  readonly neighbours: Neighbours;
  readonly database: LinkStateDatabase;
  readonly local: LocalAddresses;
  readonly remote: RemoteAddresses;
}

export class Reach {
  readonly #deps: ReachDeps;
  readonly #self: string;
  readonly #instance: number;
  readonly #choices = new Map<string, readonly RemoteChoice[]>();

  constructor(deps: ReachDeps, self: string, instance: number) {
    this.#deps = deps;
    this.#self = self;
    this.#instance = instance;
  }

  /** Paths or neighbours changed: nothing computed before holds. */
  forgetAll(): void {
    this.#choices.clear();
  }

  forget(key: string): void {
    this.#choices.delete(key);
  }

  connectionTo(router: string): ConnectionId | undefined {
    const first = this.#deps.topology.firstHop(router);
    return first === undefined ? undefined : this.#deps.neighbours.connectionOf(first);
  }

  remoteChoices(key: string): readonly RemoteChoice[] {
    const known = this.#choices.get(key);
    if (known !== undefined) return known;
    const choices: RemoteChoice[] = [];
    for (const router of this.#deps.remote.routersOf(key)) {
      const neighbour = this.#deps.topology.firstHop(router);
      const cost = this.#deps.topology.costTo(router);
      const connection = this.connectionTo(router);
      if (neighbour === undefined || cost === undefined || connection === undefined) continue;
      choices.push({ router, neighbour, connection, cost });
    }
    choices.sort((a, b) => a.cost - b.cost || (a.router < b.router ? -1 : 1));
    // Only keys that somebody has: a cache of questions about anything could be grown by a peer.
    if (choices.length > 0) this.#choices.set(key, choices);
    return choices;
  }

  multicastTargets(key: string, ingress: string, trace: readonly string[]): MulticastTargets {
    const { topology, local, remote } = this.#deps;
    const connections = new Set<ConnectionId>();
    const ours = ingress === this.#self;
    const through = ours ? undefined : topology.destinationsFrom(ingress);
    for (const router of remote.routersOf(key)) {
      if (through !== undefined && !through.has(router)) continue;
      const first = topology.firstHop(router);
      if (first === undefined || trace.includes(first)) continue;
      const connection = this.connectionTo(router);
      if (connection !== undefined) connections.add(connection);
    }
    return { local: local.get(key) !== undefined, connections: [...connections] };
  }

  floodTargets(trace: readonly string[]): ConnectionId[] {
    const connections: ConnectionId[] = [];
    for (const peer of this.#deps.database.ownPeers.keys()) {
      if (trace.includes(peer)) continue;
      const connection = this.#deps.neighbours.connectionOf(peer);
      if (connection !== undefined) connections.push(connection);
    }
    return connections;
  }

  routers(): RouterView[] {
    const { database, topology } = this.#deps;
    const own: RouterView = {
      id: this.#self,
      self: true,
      instance: this.#instance,
      linkState: [...database.ownPeers.keys()].toSorted(),
      reachable: true,
      nextHop: undefined,
      connection: undefined,
      cost: 0,
      validOrigins: [],
    };
    const others = [...database.nodes()].map((node): RouterView => {
      const first = topology.firstHop(node.id);
      return {
        id: node.id,
        self: false,
        instance: node.instance,
        linkState: [...node.peers.keys()].toSorted(),
        reachable: node.reachable,
        nextHop: first === node.id ? undefined : first,
        connection: this.connectionTo(node.id),
        cost: topology.costTo(node.id),
        validOrigins: topology.validOrigins(node.id),
      };
    });
    return [own, ...others.toSorted((a, b) => (a.id < b.id ? -1 : 1))];
  }

  addresses(): AddressView[] {
    const { local, remote } = this.#deps;
    const keys = new Set([...local.keys(), ...remote.keys()]);
    const views: AddressView[] = [];
    for (const key of [...keys].toSorted()) {
      const treatment = this.treatmentOf(key);
      if (treatment === undefined) continue;
      const remotes = [...remote.routersOf(key)].toSorted();
      views.push({ key, treatment, local: local.get(key) !== undefined, remotes });
    }
    return views;
  }

  treatmentOf(key: string): Treatment | undefined {
    return this.#deps.local.get(key)?.treatment ?? this.#deps.remote.treatmentOf(key);
  }
}
