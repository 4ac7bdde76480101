/** RA, LSR and LSU: telling our neighbours to all routers, and paths from theirs. */
import { routerAddress } from './address.ts';
import type { LinkStateDatabase, RouterNode } from './link-state-database.ts';
import type { ConnectionId, Hello, LinkStateUpdate, RouterAdvertisement } from './messages.ts';
import type { MobileExchange, Outlet } from './mobile-exchange.ts';
import type { Reach } from './reach.ts';
import type { Requests } from './requests.ts';
import type { Topology } from './topology.ts';

export interface LinkStateExchangeDeps {
  readonly database: LinkStateDatabase;
  readonly requests: Requests;
  readonly reach: Reach;
  readonly outlet: Outlet;
  readonly topology: Topology;
  readonly mobile: MobileExchange;
}

export interface LinkStateTimes {
  readonly id: string;
  readonly instance: number;
  readonly helloMaxAgeMs: number;
  readonly raIntervalMs: number;
  readonly raIntervalFluxMs: number;
  readonly fluxMs: number;
  readonly remoteLsMaxAgeMs: number;
  readonly unreachableHoldoffMs: number;
}

/** Paths are computed this long after a first LSU, so that one computation serves many of them. */
const computeDelayMs = 10;
/** Least pause between two RAs that tell changes. */
const raSpacingMs = 50;
/** A repeated RA of a router is sent on only when the copy before was sent on this long ago. */
const raRepeatMs = 500;
/** How often ages are looked at, and how often while a router is unreachable. */
const sweepMs = 1000;
const sweepHastyMs = 250;
/** How long a router that nobody names is kept. */
const orphanMs = 3000;

const toAll = 'amqp:/_topo/0/all/qdrouter';

export class LinkStateExchange {
  readonly #deps: LinkStateExchangeDeps;
  readonly #times: LinkStateTimes;
  #computeDueMs = Infinity;
  #raDueMs = Infinity;
  #raSentMs = -Infinity;
  #fluxUntilMs = -Infinity;
  #sweepDueMs = 0;
  #roomTold = false;

  constructor(deps: LinkStateExchangeDeps, times: LinkStateTimes) {
    this.#deps = deps;
    this.#times = times;
  }

  nextDeadlineMs(): number {
    return Math.min(this.#computeDueMs, this.#raDueMs, this.#sweepDueMs);
  }

  onNeighbourUp(router: string, cost: number, nowMs: number): void {
    const node = this.#ensure(router, nowMs);
    this.#deps.reach.forgetAll();
    if (node === undefined || !this.#deps.database.setOwnPeer(router, cost)) return;
    this.#deps.requests.want(router, 'LSR', nowMs);
    this.#ownStateChanged(nowMs);
  }

  onNeighbourDown(router: string, nowMs: number): void {
    this.#deps.reach.forgetAll();
    if (this.#deps.database.deleteOwnPeer(router)) this.#ownStateChanged(nowMs);
  }

  /** A HELLO tells at once when its sender has restarted. */
  onHello(hello: Hello, nowMs: number): void {
    const node = this.#deps.database.get(hello.id);
    if (node !== undefined) this.#checkInstance(node, hello.instance, nowMs);
  }

  /** @returns connections over which it goes on. @spec router-protocol 5.2 */
  onAdvertisement(
    ra: RouterAdvertisement,
    trace: readonly string[],
    nowMs: number,
  ): readonly ConnectionId[] {
    if (ra.id === this.#times.id) return [];
    const node = this.#ensure(ra.id, nowMs);
    if (node === undefined || this.#isFromThePast(node, ra.instance, nowMs)) return [];
    this.#checkInstance(node, ra.instance, nowMs);
    node.confirmedMs = nowMs;
    const older = node.told !== undefined && ra.lsSeq < node.told.lsSeq;
    if (!older) node.told = { lsSeq: ra.lsSeq, mobileSeq: ra.mobileSeq };
    if (node.lsSeq < ra.lsSeq) this.#deps.requests.want(node.id, 'LSR', nowMs);
    this.#deps.mobile.onTold(node, ra.mobileSeq, nowMs);
    return this.#forward(node, ra, trace, nowMs);
  }

  onRequest(from: string, connection: ConnectionId): void {
    const { database, outlet, reach } = this.#deps;
    const { id, instance } = this.#times;
    if (from === id) return;
    const lsSeq = database.ownLsSeq;
    const body = { opcode: 'LSU', id, instance, lsSeq, peers: new Map(database.ownPeers) } as const;
    outlet.send({ to: routerAddress(from, 'qdrouter'), body }, [
      reach.connectionTo(from) ?? connection,
    ]);
  }

  onUpdate(lsu: LinkStateUpdate, nowMs: number): void {
    const { requests } = this.#deps;
    if (lsu.id === this.#times.id) return;
    const node = this.#ensure(lsu.id, nowMs);
    if (node === undefined || this.#isFromThePast(node, lsu.instance, nowMs)) return;
    this.#checkInstance(node, lsu.instance, nowMs);
    node.confirmedMs = nowMs;
    if ((node.told?.lsSeq ?? 0) <= lsu.lsSeq) requests.answered(node.id, 'LSR');
    if (lsu.lsSeq <= node.lsSeq) return;
    const peers = new Map<string, number>();
    for (const [peer, cost] of lsu.peers) {
      if (peer === this.#times.id || this.#ensure(peer, nowMs) !== undefined) peers.set(peer, cost);
    }
    node.lsSeq = lsu.lsSeq;
    node.peers = peers;
    this.#computeSoon(nowMs + computeDelayMs);
  }

  ask(router: string): void {
    const connection = this.#deps.reach.connectionTo(router);
    if (connection === undefined) return;
    const body = { opcode: 'LSR', id: this.#times.id } as const;
    this.#deps.outlet.send({ to: routerAddress(router, 'qdrouter'), body }, [connection]);
  }

  advertiseSoon(nowMs: number): void {
    this.#raDueMs = Math.min(this.#raDueMs, Math.max(nowMs, this.#raSentMs + raSpacingMs));
  }

  advertiseIfDue(nowMs: number): void {
    if (this.#raDueMs > nowMs) return;
    const { database, mobile, outlet, reach } = this.#deps;
    const { id, instance, raIntervalMs, raIntervalFluxMs } = this.#times;
    const lsSeq = database.ownLsSeq;
    const body = { opcode: 'RA', id, instance, lsSeq, mobileSeq: mobile.mobileSeq } as const;
    outlet.send({ to: toAll, body }, reach.floodTargets([]));
    this.#raSentMs = nowMs;
    this.#raDueMs = nowMs + (nowMs < this.#fluxUntilMs ? raIntervalFluxMs : raIntervalMs);
  }

  computeIfDue(nowMs: number): void {
    if (this.#computeDueMs > nowMs) return;
    this.#computeDueMs = Infinity;
    const { database, outlet, reach, topology } = this.#deps;
    topology.compute(database.linkStates());
    reach.forgetAll();
    for (const node of database.nodes()) this.#settleReach(node, nowMs);
    this.#deps.requests.bringForward(nowMs);
    this.#fluxUntilMs = nowMs + this.#times.fluxMs;
    this.#raDueMs = Math.min(this.#raDueMs, this.#raSentMs + this.#times.raIntervalFluxMs);
    outlet.tell({ type: 'topologyChanged' });
  }

  /** Drops what has not been confirmed for too long. */
  sweep(nowMs: number): void {
    if (this.#sweepDueMs > nowMs) return;
    const { database, mobile } = this.#deps;
    const named = database.namedRouters();
    let hasty = false;
    for (const node of database.nodes()) {
      if (node.lsSeq > 0 && nowMs - node.confirmedMs >= this.#times.remoteLsMaxAgeMs) {
        database.expire(node);
        this.#computeSoon(nowMs);
      }
      if (node.unreachableSinceMs !== undefined) {
        if (nowMs - node.unreachableSinceMs < this.#times.unreachableHoldoffMs) hasty = true;
        else mobile.forget(node);
      }
      this.#dropOrphan(node, named, nowMs);
    }
    this.#sweepDueMs = nowMs + (hasty ? sweepHastyMs : sweepMs);
  }

  #dropOrphan(node: RouterNode, named: ReadonlySet<string>, nowMs: number): void {
    if (node.peers.size > 0 || named.has(node.id)) {
      node.orphanSinceMs = undefined;
      return;
    }
    node.orphanSinceMs ??= nowMs;
    if (nowMs - node.orphanSinceMs < orphanMs) return;
    this.#deps.mobile.forget(node);
    this.#deps.requests.drop(node.id);
    this.#deps.database.delete(node.id);
    this.#roomTold = false;
  }

  #ownStateChanged(nowMs: number): void {
    this.#computeSoon(nowMs);
    this.advertiseSoon(nowMs);
  }

  #computeSoon(dueMs: number): void {
    this.#computeDueMs = Math.min(this.#computeDueMs, dueMs);
  }

  #settleReach(node: RouterNode, nowMs: number): void {
    const reachable = this.#deps.topology.isReachable(node.id);
    if (reachable === node.reachable) return;
    node.reachable = reachable;
    if (!reachable) {
      node.unreachableSinceMs = nowMs;
      this.#sweepDueMs = Math.min(this.#sweepDueMs, nowMs + sweepHastyMs);
      this.#deps.requests.drop(node.id);
      this.#deps.outlet.tell({ type: 'routerUnreachable', router: node.id });
      return;
    }
    const returned = node.unreachableSinceMs !== undefined;
    node.unreachableSinceMs = undefined;
    if (returned || node.lsSeq === 0) this.#deps.requests.want(node.id, 'LSR', nowMs);
    if (returned || node.told === undefined) this.#deps.mobile.onReachable(node, nowMs);
    else this.#deps.mobile.onTold(node, node.told.mobileSeq, nowMs);
    this.#deps.outlet.tell({ type: 'routerReachable', router: node.id });
  }

  #ensure(router: string, nowMs: number): RouterNode | undefined {
    const node = this.#deps.database.ensure(router, nowMs);
    if (node === undefined && !this.#roomTold) {
      this.#roomTold = true;
      this.#deps.outlet.tell({ type: 'limitReached', limit: 'routersMax', router });
    }
    return node;
  }

  /** A message of an earlier run that took a longer way than the news of the later run. */
  #isFromThePast(node: RouterNode, instance: number, nowMs: number): boolean {
    return instance < node.instance && nowMs - node.confirmedMs < this.#times.helloMaxAgeMs;
  }

  #checkInstance(node: RouterNode, instance: number, nowMs: number): void {
    if (node.instance === instance) return;
    const known = node.instance !== 0;
    this.#deps.database.reset(node, instance);
    node.confirmedMs = nowMs;
    if (!known) return;
    this.#deps.mobile.forget(node);
    this.#deps.requests.drop(node.id);
    this.#deps.requests.want(node.id, 'LSR', nowMs);
    this.#deps.mobile.onReachable(node, nowMs);
    this.#computeSoon(nowMs);
  }

  #forward(
    node: RouterNode,
    ra: RouterAdvertisement,
    trace: readonly string[],
    nowMs: number,
  ): readonly ConnectionId[] {
    const numbers = `${ra.instance} ${ra.lsSeq} ${ra.mobileSeq}`;
    const repeated = numbers === node.forwardedRa && nowMs - node.forwardedRaMs < raRepeatMs;
    const older =
      node.told !== undefined && (ra.lsSeq < node.told.lsSeq || ra.mobileSeq < node.told.mobileSeq);
    if (repeated || older) return [];
    node.forwardedRa = numbers;
    node.forwardedRaMs = nowMs;
    return this.#deps.reach.floodTargets([...trace, ra.id]);
  }
}
