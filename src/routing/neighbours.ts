/**
 * HELLO: who is heard on which control connection, and which of them is a neighbour.
 *
 *   unheard --HELLO--> heard --HELLO that lists us--> neighbour --silence or close--> unheard
 *
 * A pair of routers may have two control connections by mistake. One is used: the router with the
 * lower id stays with its choice, the other follows, and the spare one lists nobody in its HELLOs, so
 * that a peer that takes the last connection that listed it does not go back and forth.
 * @spec router-protocol 5.1
 */
import type { RoutingEvent } from './contract.ts';
import type { ConnectionId, Hello } from './messages.ts';

export interface NeighbourTimes {
  readonly helloIntervalMs: number;
  readonly helloMaxAgeMs: number;
  readonly helloReplyMinMs: number;
}

/** What the HELLOs lead to; the engine keeps link state and paths. */
export interface NeighbourSink {
  sendHello(connection: ConnectionId, seen: readonly string[]): void;
  onNeighbourUp(router: string, connection: ConnectionId, cost: number): void;
  onNeighbourDown(router: string, connection: ConnectionId): void;
  onEvent(event: RoutingEvent): void;
}

interface Connection {
  readonly id: ConnectionId;
  readonly cost: number;
  peer: string | undefined;
  instance: number;
  heardMs: number;
  /** When a HELLO on it last listed us. */
  listedMs: number;
  /** Whether the latest one did. */
  listsUs: boolean;
  sentMs: number;
  /** What our last HELLO on it listed. */
  sentSeen: string | undefined;
  nextHelloMs: number;
  duplicateTold: boolean;
}

export class Neighbours {
  readonly #self: string;
  readonly #times: NeighbourTimes;
  readonly #sink: NeighbourSink;
  readonly #connections = new Map<ConnectionId, Connection>();
  /** The connection in use per neighbour. */
  readonly #neighbours = new Map<string, Connection>();

  constructor(deps: { readonly sink: NeighbourSink }, self: string, times: NeighbourTimes) {
    this.#self = self;
    this.#times = times;
    this.#sink = deps.sink;
  }

  onConnectionOpened(id: ConnectionId, cost: number, nowMs: number): void {
    if (this.#connections.has(id)) return;
    this.#connections.set(id, {
      id,
      cost,
      peer: undefined,
      instance: 0,
      heardMs: -Infinity,
      listedMs: -Infinity,
      listsUs: false,
      sentMs: -Infinity,
      sentSeen: undefined,
      nextHelloMs: nowMs,
      duplicateTold: false,
    });
    this.tick(nowMs);
  }

  onConnectionClosed(id: ConnectionId, nowMs: number): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    this.#connections.delete(id);
    const { peer } = connection;
    if (peer !== undefined && this.#neighbours.get(peer) === connection) this.#lose(peer, nowMs);
  }

  /** Moves what is known of `from` to `to`; the neighbour stays. */
  onConnectionReplaced(from: ConnectionId, to: ConnectionId, cost: number, nowMs: number): void {
    const old = this.#connections.get(from);
    if (old === undefined) return this.onConnectionOpened(to, cost, nowMs);
    const fresh: Connection = { ...old, id: to, cost, nextHelloMs: nowMs, duplicateTold: false };
    this.#connections.delete(from);
    this.#connections.set(to, fresh);
    if (old.peer !== undefined && this.#neighbours.get(old.peer) === old) {
      this.#neighbours.set(old.peer, fresh);
      this.#sink.onNeighbourUp(old.peer, to, fresh.cost);
    }
    this.tick(nowMs);
  }

  onHello(id: ConnectionId, hello: Hello, nowMs: number): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    if (hello.id === this.#self) return this.#tellDuplicateId(connection);
    if (connection.peer !== undefined && connection.peer !== hello.id) {
      this.#dropFrom(connection, nowMs);
    }
    connection.peer = hello.id;
    connection.instance = hello.instance;
    connection.heardMs = nowMs;
    connection.listsUs = hello.seen.includes(this.#self);
    if (connection.listsUs) {
      connection.listedMs = nowMs;
      this.#consider(connection, hello.id, nowMs);
    }
    this.#helloOnChange(hello.id, nowMs);
    this.tick(nowMs);
  }

  /** Sends due HELLOs and drops neighbours that fell silent. */
  tick(nowMs: number): void {
    for (const [router, connection] of this.#neighbours) {
      if (this.#expiryMs(connection) <= nowMs) this.#lose(router, nowMs);
    }
    for (const connection of this.#connections.values()) {
      if (connection.nextHelloMs <= nowMs) this.#sendHello(connection, nowMs);
    }
  }

  nextDeadlineMs(): number {
    let deadline = Infinity;
    for (const connection of this.#connections.values()) {
      deadline = Math.min(deadline, connection.nextHelloMs);
    }
    for (const connection of this.#neighbours.values()) {
      deadline = Math.min(deadline, this.#expiryMs(connection));
    }
    return deadline;
  }

  connectionOf(router: string): ConnectionId | undefined {
    return this.#neighbours.get(router)?.id;
  }

  #consider(connection: Connection, router: string, nowMs: number): void {
    const used = this.#neighbours.get(router);
    if (used === connection) return;
    if (used !== undefined && !this.#shouldMove(used, connection, router, nowMs)) {
      return this.#tellDuplicate(connection, used, router);
    }
    this.#use(connection, router);
  }

  #shouldMove(used: Connection, to: Connection, router: string, nowMs: number): boolean {
    if (used.instance !== to.instance) return true;
    if (nowMs - used.heardMs > 1.5 * this.#times.helloIntervalMs) return true;
    return router < this.#self && !used.listsUs;
  }

  #use(connection: Connection, router: string): void {
    this.#neighbours.set(router, connection);
    this.#sink.onNeighbourUp(router, connection.id, connection.cost);
  }

  /** The neighbour is lost over its connection; another one that it lists us on takes over. */
  #lose(router: string, nowMs: number): void {
    const lost = this.#neighbours.get(router);
    if (lost === undefined) return;
    this.#neighbours.delete(router);
    for (const other of this.#connections.values()) {
      if (other === lost || other.peer !== router || !other.listsUs) continue;
      if (this.#expiryMs(other) <= nowMs) continue;
      return this.#use(other, router);
    }
    this.#sink.onNeighbourDown(router, lost.id);
    this.#helloOnChange(router, nowMs);
  }

  #dropFrom(connection: Connection, nowMs: number): void {
    const { peer } = connection;
    connection.listsUs = false;
    connection.listedMs = -Infinity;
    connection.heardMs = -Infinity;
    if (peer !== undefined && this.#neighbours.get(peer) === connection) this.#lose(peer, nowMs);
  }

  #expiryMs(connection: Connection): number {
    return connection.listedMs + this.#times.helloMaxAgeMs;
  }

  /** Brings HELLOs forward on the connections of a router whose listing changed. */
  #helloOnChange(router: string, nowMs: number): void {
    for (const connection of this.#connections.values()) {
      if (connection.peer !== router) continue;
      if (this.#seenOn(connection, nowMs) === connection.sentSeen) continue;
      const soonestMs = Math.max(nowMs, connection.sentMs + this.#times.helloReplyMinMs);
      connection.nextHelloMs = Math.min(connection.nextHelloMs, soonestMs);
    }
  }

  /** The router that a HELLO on this connection lists. */
  #seenOn(connection: Connection, nowMs: number): string | undefined {
    const { peer } = connection;
    if (peer === undefined || nowMs - connection.heardMs >= this.#times.helloMaxAgeMs) {
      return undefined;
    }
    const used = this.#neighbours.get(peer);
    return used === undefined || used === connection ? peer : undefined;
  }

  #sendHello(connection: Connection, nowMs: number): void {
    const seen = this.#seenOn(connection, nowMs);
    connection.sentMs = nowMs;
    connection.sentSeen = seen;
    connection.nextHelloMs = nowMs + this.#times.helloIntervalMs;
    this.#sink.sendHello(connection.id, seen === undefined ? [] : [seen]);
  }

  #tellDuplicate(spare: Connection, used: Connection, router: string): void {
    if (spare.duplicateTold) return;
    spare.duplicateTold = true;
    this.#sink.onEvent({ type: 'duplicateConnection', router, used: used.id, spare: spare.id });
  }

  #tellDuplicateId(connection: Connection): void {
    if (connection.duplicateTold) return;
    connection.duplicateTold = true;
    this.#sink.onEvent({ type: 'duplicateId', connection: connection.id });
  }
}
