/**
 * The way of an edge router to the network: everything that is not here goes to the one interior
 * router that it is attached to, which knows the rest. Further connections are kept as spares.
 *
 *   connections   [active, spare, ...]   the active one closes -> the next becomes active
 *   reachable     keys that the interior router says can be reached; empty without a connection
 */
import type { Connection, ConnectionHandler, PeerOpen } from '#amqp/index.ts';
import type { Logger } from '#base/log.ts';
import type { ConnectionId, MulticastTargets, RemoteChoice, Treatment } from '#routing/index.ts';
import type { AddressPublisher } from '../address-table.ts';
import type { Outlets, Ways } from '../dispatcher.ts';
import type { InboundDestination } from '../link/link-inbound.ts';
import {
  encodeEdgeAnnotations,
  messageRoute,
  type OnOutcome,
  type WholeMessage,
} from '../message.ts';
import type { PeerOrigin } from '../peering.ts';
import type { MessageRoute, StreamFeedback, StreamSink } from '../stream.ts';
import { UplinkConnection } from './uplink-connection.ts';

export interface EdgeUplinkDeps {
  readonly self: string;
  readonly mesh: string;
  readonly log: Logger;
  readonly linkName: () => string;
  readonly destination: (from: ConnectionId) => InboundDestination;
  /** Whether a key can be reached elsewhere has changed. */
  readonly onReachable: (key: string) => void;
}

interface Candidate {
  readonly id: ConnectionId;
  readonly router: string;
  readonly connection: Connection;
}

interface Active extends Candidate {
  readonly links: UplinkConnection;
}

/** Most connections to interior routers, the spares too. */
const connectionsMax = 64;
/** Keys that an interior router may tell of; those that nobody asked for are not kept. */
const mobileClass = 'M';

export class EdgeUplink implements AddressPublisher, Outlets, Ways {
  readonly radius = Number.POSITIVE_INFINITY;
  readonly #deps: EdgeUplinkDeps;
  readonly #candidates: Candidate[] = [];
  readonly #consumers = new Set<string>();
  readonly #producers = new Set<string>();
  readonly #reachable = new Set<string>();
  #active: Active | undefined;
  #nextId = 1;

  constructor(deps: EdgeUplinkDeps) {
    this.#deps = deps;
  }

  /** The handler of one connection to an interior router. */
  handler(origin: PeerOrigin): ConnectionHandler {
    let candidate: Candidate | undefined;
    return {
      onOpened: (connection, peer) => {
        candidate = this.#join(connection, peer);
        if (candidate !== undefined) origin.onUp?.(peer);
      },
      onSession: () => {
        const active = this.#active;
        return active !== undefined && active.id === candidate?.id
          ? active.links.onSession()
          : { refuse: { condition: 'amqp:not-allowed', description: 'this uplink is a spare' } };
      },
      onClosed: () => {
        if (candidate !== undefined) this.#leave(candidate);
        origin.onDown?.();
      },
    };
  }

  setLocalAddress(key: string): void {
    if (!key.startsWith(mobileClass)) return;
    this.#consumers.add(key);
    this.#active?.links.addConsumer(nameOf(key));
  }

  deleteLocalAddress(key: string): void {
    this.#consumers.delete(key);
    this.#active?.links.removeConsumer(nameOf(key));
  }

  setProducing(key: string, producing: boolean): void {
    if (!key.startsWith(mobileClass)) return;
    if (producing) {
      this.#producers.add(key);
      this.#active?.links.addProducer(nameOf(key));
      return;
    }
    this.#producers.delete(key);
    this.#reachable.delete(key);
    this.#active?.links.removeProducer(nameOf(key));
  }

  remoteCount(key: string): number {
    return this.#reachable.has(key) ? 1 : 0;
  }

  treatmentOf(_key: string): Treatment | undefined {
    return undefined;
  }

  connectionTo(_router: string): ConnectionId | undefined {
    return this.#active?.id;
  }

  /** An address without producers here is not tracked: only the interior router knows. */
  remoteChoices(key: string): readonly RemoteChoice[] {
    const active = this.#active;
    if (active === undefined || (this.#producers.has(key) && !this.#reachable.has(key))) return [];
    const { id, router } = active;
    return [{ router, neighbour: router, connection: id, cost: 1 }];
  }

  multicastTargets(key: string): MulticastTargets {
    const connections = this.remoteChoices(key).map(({ connection }) => connection);
    return { local: this.#consumers.has(key), connections };
  }

  floodTargets(): readonly ConnectionId[] {
    return this.#active === undefined ? [] : [this.#active.id];
  }

  openStream(
    connection: ConnectionId,
    route: MessageRoute,
    feedback: StreamFeedback,
  ): StreamSink | undefined {
    const active = this.#active;
    if (active?.id !== connection) return undefined;
    const sink = active.links.streams.open(feedback);
    sink.write(this.annotate(route));
    return sink;
  }

  send(
    connection: ConnectionId,
    bytes: Uint8Array,
    _message: WholeMessage,
    onOutcome: OnOutcome | undefined,
  ): boolean {
    const active = this.#active;
    if (active?.id !== connection) return false;
    active.links.messages.send(bytes, onOutcome);
    return true;
  }

  /** The annotations section of messages to the interior router. */
  annotate(route: MessageRoute): Uint8Array {
    return encodeEdgeAnnotations(route, this.#deps.mesh);
  }

  /** Detaches idle links that are too many; every 30 s. */
  scrub(): void {
    this.#active?.links.streams.scrub();
  }

  #join(connection: Connection, peer: PeerOpen): Candidate | undefined {
    const router = peer.containerId;
    if (router === this.#deps.self || this.#candidates.length >= connectionsMax) {
      const description =
        router === this.#deps.self ? 'the peer has the id of this router' : 'too many uplinks';
      this.#deps.log.warn('uplink refused', { neighbour: router, refusal: description });
      connection.close({ condition: 'amqp:not-allowed', description });
      return undefined;
    }
    const candidate = { id: this.#nextId++, router, connection };
    this.#candidates.push(candidate);
    if (this.#active === undefined) this.#activate(candidate);
    else this.#deps.log.info('uplink kept as a spare', { neighbour: router });
    return candidate;
  }

  #activate(candidate: Candidate): void {
    const { self, mesh, linkName } = this.#deps;
    const links = new UplinkConnection({
      self,
      mesh,
      connection: candidate.connection,
      linkName,
      annotations: this.annotate(messageRoute('')),
      destination: this.#deps.destination(candidate.id),
      onTracking: (key, reachable) => this.#onTracking(candidate.id, key, reachable),
    });
    this.#active = { ...candidate, links };
    for (const key of this.#producers) links.addProducer(nameOf(key));
    for (const key of this.#consumers) links.addConsumer(nameOf(key));
    this.#deps.log.info('uplink is up', { neighbour: candidate.router });
  }

  #leave(candidate: Candidate): void {
    const at = this.#candidates.indexOf(candidate);
    if (at >= 0) this.#candidates.splice(at, 1);
    const active = this.#active;
    if (active?.id !== candidate.id) return;
    active.links.onClosed();
    this.#active = undefined;
    this.#deps.log.info('uplink is down', { neighbour: candidate.router });
    const lost = [...this.#reachable];
    this.#reachable.clear();
    for (const key of lost) this.#deps.onReachable(key);
    const next = this.#candidates.find(({ connection }) => connection.isOpen);
    if (this.#active === undefined && next !== undefined) this.#activate(next);
  }

  #onTracking(connection: ConnectionId, key: string, reachable: boolean): void {
    if (this.#active?.id !== connection || !this.#producers.has(key)) return;
    if (reachable === this.#reachable.has(key)) return;
    if (reachable) this.#reachable.add(key);
    else this.#reachable.delete(key);
    this.#deps.onReachable(key);
  }
}

/** The name in a key: without its class. */
function nameOf(key: string): string {
  return key.slice(1);
}
