/**
 * What each other router said about itself: its neighbours, and the sequence numbers by which newer
 * news are told from older.
 * @spec router-protocol 5.2
 */
import type { LinkStates } from './path-engine.ts';

/** One other router. Fields are changed by the engine only. */
export interface RouterNode {
  readonly id: string;
  instance: number;
  /** Sequence number of `peers`; 0 while unknown. */
  lsSeq: number;
  peers: ReadonlyMap<string, number>;
  /** Last RA or LSU. */
  confirmedMs: number;
  /** Sequence number of the addresses we hold. */
  mobileSeq: number;
  /** Latest sequence numbers that an RA told; undefined before the first one of this instance. */
  told: { readonly lsSeq: number; readonly mobileSeq: number } | undefined;
  reachable: boolean;
  /** Since when it cannot be reached; undefined while it can, or when it never could. */
  unreachableSinceMs: number | undefined;
  /** Since when nobody names it and it names nobody. */
  orphanSinceMs: number | undefined;
  /** What was last sent on to other routers, so that copies over other paths end here. */
  forwardedRa: string;
  forwardedRaMs: number;
  forwardedMobileSeq: number;
}

const noPeers: ReadonlyMap<string, number> = new Map();

export class LinkStateDatabase {
  readonly #self: string;
  readonly #routersMax: number;
  readonly #nodes = new Map<string, RouterNode>();
  readonly #ownPeers = new Map<string, number>();
  #ownLsSeq = 0;

  constructor(self: string, routersMax: number) {
    this.#self = self;
    this.#routersMax = routersMax;
  }

  get ownLsSeq(): number {
    return this.#ownLsSeq;
  }

  get ownPeers(): ReadonlyMap<string, number> {
    return this.#ownPeers;
  }

  /** False when the neighbour had this cost already. */
  setOwnPeer(router: string, cost: number): boolean {
    if (this.#ownPeers.get(router) === cost) return false;
    this.#ownPeers.set(router, cost);
    this.#ownLsSeq++;
    return true;
  }

  deleteOwnPeer(router: string): boolean {
    if (!this.#ownPeers.delete(router)) return false;
    this.#ownLsSeq++;
    return true;
  }

  get(router: string): RouterNode | undefined {
    return this.#nodes.get(router);
  }

  nodes(): IterableIterator<RouterNode> {
    return this.#nodes.values();
  }

  /** The node of another router, made when new; undefined when there is no room for it. */
  ensure(router: string, nowMs: number): RouterNode | undefined {
    const known = this.#nodes.get(router);
    if (known !== undefined) return known;
    if (this.#nodes.size + 1 >= this.#routersMax) return undefined;
    const node: RouterNode = {
      id: router,
      instance: 0,
      lsSeq: 0,
      peers: noPeers,
      confirmedMs: nowMs,
      mobileSeq: 0,
      told: undefined,
      reachable: false,
      unreachableSinceMs: undefined,
      orphanSinceMs: undefined,
      forwardedRa: '',
      forwardedRaMs: -Infinity,
      forwardedMobileSeq: 0,
    };
    this.#nodes.set(router, node);
    return node;
  }

  delete(router: string): void {
    this.#nodes.delete(router);
  }

  /** Forgets what an earlier run of the router said. */
  reset(node: RouterNode, instance: number): void {
    node.instance = instance;
    node.lsSeq = 0;
    node.peers = noPeers;
    node.mobileSeq = 0;
    node.told = undefined;
    node.forwardedRa = '';
    node.forwardedMobileSeq = 0;
  }

  /** Drops the neighbours of a router that went silent; its next LSU is taken whatever its number. */
  expire(node: RouterNode): void {
    node.lsSeq = 0;
    node.peers = noPeers;
    node.told = undefined;
  }

  linkStates(): LinkStates {
    const states = new Map<string, ReadonlyMap<string, number>>([[this.#self, this.#ownPeers]]);
    for (const node of this.#nodes.values()) {
      if (node.lsSeq > 0) states.set(node.id, node.peers);
    }
    return states;
  }

  /** Routers that somebody names as a neighbour. */
  namedRouters(): ReadonlySet<string> {
    const named = new Set(this.#ownPeers.keys());
    for (const node of this.#nodes.values()) {
      for (const peer of node.peers.keys()) named.add(peer);
    }
    return named;
  }
}
