/** MAU and MAR: telling our addresses to all routers and keeping theirs. @spec router-protocol 5.4 */
import type { RoutingEvent } from './contract.ts';
import { routerAddress } from './address.ts';
import type { LinkStateDatabase, RouterNode } from './link-state-database.ts';
import type { LocalAddresses } from './local-addresses.ts';
import type {
  AddressDescriptor,
  ConnectionId,
  MobileAddressRequest,
  MobileAddressUpdate,
  RoutingMessage,
} from './messages.ts';
import type { Reach } from './reach.ts';
import type { RemoteAddresses } from './remote-addresses.ts';
import type { Requests } from './requests.ts';

/** Where messages and events leave; messages without a way are dropped there. */
export interface Outlet {
  send(message: RoutingMessage, connections: readonly ConnectionId[]): void;
  tell(event: RoutingEvent): void;
}

export interface MobileExchangeDeps {
  readonly database: LinkStateDatabase;
  readonly requests: Requests;
  readonly reach: Reach;
  readonly outlet: Outlet;
  readonly local: LocalAddresses;
  readonly remote: RemoteAddresses;
}

/** Tries to ask a router that has not said yet that it has addresses: no answer means none. */
const blindTriesMax = 3;

const toAll = '_topo/0/all/qdrouter.ma';

export class MobileExchange {
  readonly #deps: MobileExchangeDeps;
  readonly #self: string;
  readonly #addressesMax: number;
  readonly #limitTold = new Set<string>();

  constructor(
    deps: MobileExchangeDeps,
    options: { readonly id: string; readonly addressesPerRouterMax: number },
  ) {
    this.#deps = deps;
    this.#self = options.id;
    this.#addressesMax = options.addressesPerRouterMax;
  }

  get mobileSeq(): number {
    return this.#deps.local.mobileSeq;
  }

  /** Publishes what waits. True when something went out and an RA must follow. */
  flush(nowMs: number): boolean {
    const change = this.#deps.local.takeChange(nowMs);
    if (change === undefined) return false;
    const body = { opcode: 'MAU', id: this.#self, mobileSeq: this.mobileSeq, change } as const;
    this.#deps.outlet.send({ to: toAll, body }, this.#deps.reach.floodTargets([]));
    return true;
  }

  ask(router: string): void {
    const node = this.#deps.database.get(router);
    const connection = this.#deps.reach.connectionTo(router);
    if (node === undefined || connection === undefined) return;
    const body = { opcode: 'MAR', id: this.#self, haveSeq: node.mobileSeq } as const;
    this.#deps.outlet.send({ to: routerAddress(router, 'qdrouter.ma'), body }, [connection]);
  }

  /** An RA told how far the router is. */
  onTold(node: RouterNode, mobileSeq: number, nowMs: number): void {
    if (mobileSeq > node.mobileSeq) this.#deps.requests.want(node.id, 'MAR', nowMs);
    else this.#deps.requests.answered(node.id, 'MAR');
  }

  /** The router can be reached (again): its addresses may differ from those that we hold. */
  onReachable(node: RouterNode, nowMs: number): void {
    const told = node.told?.mobileSeq ?? 0;
    const triesMax = told > node.mobileSeq ? Infinity : blindTriesMax;
    this.#deps.requests.want(node.id, 'MAR', nowMs, triesMax);
  }

  /** Forgets a router's addresses, so that they are asked for when it is back. */
  forget(node: RouterNode): void {
    node.mobileSeq = 0;
    this.#deps.remote.flush(node.id);
    this.#limitTold.delete(node.id);
  }

  onRequest(request: MobileAddressRequest, from: ConnectionId): void {
    if (request.id === this.#self || request.haveSeq >= this.mobileSeq) return;
    const body = {
      opcode: 'MAU',
      id: this.#self,
      mobileSeq: this.mobileSeq,
      change: this.#deps.local.absolute(),
    } as const;
    const connection = this.#deps.reach.connectionTo(request.id) ?? from;
    this.#deps.outlet.send({ to: routerAddress(request.id, 'qdrouter.ma'), body }, [connection]);
  }

  /** @returns connections over which it goes on */
  onUpdate(
    update: MobileAddressUpdate,
    trace: readonly string[],
    nowMs: number,
  ): readonly ConnectionId[] {
    const node = this.#deps.database.get(update.id);
    if (node === undefined) return [];
    if (update.change.kind === 'absolute') {
      this.#applyAbsolute(node, update.mobileSeq, update.change.exist);
      return [];
    }
    this.#applyDifference(node, update, nowMs);
    if (update.mobileSeq <= node.forwardedMobileSeq) return [];
    node.forwardedMobileSeq = update.mobileSeq;
    return this.#deps.reach.floodTargets([...trace, update.id]);
  }

  #applyAbsolute(node: RouterNode, mobileSeq: number, exist: readonly AddressDescriptor[]): void {
    // An answer that was overtaken by later news must not take them back.
    if (mobileSeq < node.mobileSeq) return;
    const wanted = this.#bounded(node, exist, 0);
    this.#deps.remote.replace(node.id, wanted);
    node.mobileSeq = mobileSeq;
    if ((node.told?.mobileSeq ?? 0) <= mobileSeq) this.#deps.requests.answered(node.id, 'MAR');
  }

  #applyDifference(node: RouterNode, update: MobileAddressUpdate, nowMs: number): void {
    const { change, mobileSeq } = update;
    if (change.kind !== 'differential' || mobileSeq <= node.mobileSeq) return;
    if (mobileSeq !== node.mobileSeq + 1) {
      this.#deps.requests.want(node.id, 'MAR', nowMs);
      return;
    }
    for (const key of change.del) this.#deps.remote.delete(node.id, key);
    const held = this.#deps.remote.countOf(node.id);
    for (const address of this.#bounded(node, change.add, held)) {
      this.#deps.remote.add(node.id, address);
    }
    node.mobileSeq = mobileSeq;
    if ((node.told?.mobileSeq ?? 0) <= mobileSeq) this.#deps.requests.answered(node.id, 'MAR');
  }

  /** As many as there is room for, of the classes that routers tell each other. */
  #bounded(
    node: RouterNode,
    addresses: readonly AddressDescriptor[],
    held: number,
  ): readonly AddressDescriptor[] {
    const synchronised = addresses.filter((address) => /^[MHN]/u.test(address.key));
    const room = Math.max(0, this.#addressesMax - held);
    if (synchronised.length <= room) return synchronised;
    if (!this.#limitTold.has(node.id)) {
      this.#limitTold.add(node.id);
      this.#deps.outlet.tell({
        type: 'limitReached',
        limit: 'addressesPerRouterMax',
        router: node.id,
      });
    }
    return synchronised.slice(0, room);
  }
}
