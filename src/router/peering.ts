/**
 * All connections to other routers, in groups: one control connection and the data connections
 * that belong to it. Streams take the data connections in turn, messages the control connection.
 *
 *   correlator (of the connector) --> group { control, data, data, ... } --> ConnectionId
 *
 * When two groups lead to one neighbour, the routing engine uses one and names the neighbour in its
 * HELLOs there only; the other stays open as a spare. No rule about who closes what is needed.
 */
import type { Connection, ConnectionHandler, PeerOpen } from '#amqp/index.ts';
import type { Logger } from '#base/log.ts';
import type { ConnectionId } from '#routing/index.ts';
import type { Outlets } from './dispatcher.ts';
import type { InboundDestination } from './link/link-inbound.ts';
import { RouterConnection } from './link/router-connection.ts';
import type { OnOutcome, WholeMessage } from './message.ts';
import type { RoutingDriver } from './routing-driver.ts';
import type { MessageRoute, StreamFeedback, StreamSink } from './stream.ts';
import { isPlainStream } from './message.ts';

/** Role number of a data connection in `qd.inter-router-role`. */
export const dataRoleNumber = 4;
export const trunkingCapability = 'qd.connection_trunking';
/** Most control connections, over all listeners and connectors. */
export const controlConnectionsMax = 512;
/** Most data connections of one group. */
export const dataConnectionsPerGroupMax = 32;
/** Most streaming links that we open on one connection. */
export const streamLinksMax = 30_000;
/** What is known of a connection before it is open. */
export interface PeerOrigin {
  readonly direction: 'in' | 'out';
  /** As connector: the kind that was dialled. As listener the peer says it. */
  readonly kind: 'control' | 'data' | undefined;
  readonly cost: number;
  /** As connector: own correlator. */
  readonly correlator: string | undefined;
  /** The control connection is up. */
  readonly onUp?: (peer: PeerOpen) => void;
  /** The control connection is gone. */
  readonly onDown?: () => void;
}

interface Group {
  readonly id: ConnectionId;
  readonly router: string;
  readonly direction: 'in' | 'out';
  readonly control: RouterConnection;
  readonly connection: Connection;
  readonly correlator: string | undefined;
  /** Finds the data connections; undefined without a correlator. */
  readonly key: string | undefined;
  readonly cost: number;
  readonly trunking: boolean;
  readonly ordinal: number;
}

export interface PeeringDeps {
  readonly self: string;
  readonly log: Logger;
  readonly linkName: () => string;
  readonly driver: RoutingDriver;
  /** Where deliveries of a connection go on; `from` is the control connection of its group. */
  readonly destination: (from: () => ConnectionId | undefined) => InboundDestination;
  /** The annotations section for the next hop. */
  readonly annotate: (route: MessageRoute) => Uint8Array;
}

export class Peering implements Outlets {
  readonly #deps: PeeringDeps;
  readonly #groups = new Map<ConnectionId, Group>();
  /** Data connections by group; they may come before their control connection. */
  readonly #data = new Map<string, RouterConnection[]>();
  readonly #turns = new Map<ConnectionId, number>();
  #nextId = 1;
  /** Annotations of the streams of TCP connections that begin here: all alike. */
  #localAnnotations: Uint8Array | undefined;

  constructor(deps: PeeringDeps) {
    this.#deps = deps;
  }

  /** Control connections now. */
  get size(): number {
    return this.#groups.size;
  }

  /** A number that no other connection of routers has. */
  takeId(): ConnectionId {
    return this.#nextId++;
  }

  /** Control link of a neighbour, for management. */
  connectionOf(id: ConnectionId): Connection | undefined {
    return this.#groups.get(id)?.connection;
  }

  openStream(
    id: ConnectionId,
    route: MessageRoute,
    feedback: StreamFeedback,
  ): StreamSink | undefined {
    const group = this.#groups.get(id);
    if (group === undefined) return undefined;
    const sink = this.#carrier(group).streams.open(feedback);
    sink.write(this.#annotations(route));
    return sink;
  }

  send(
    id: ConnectionId,
    bytes: Uint8Array,
    message: WholeMessage,
    onOutcome: OnOutcome | undefined,
  ): boolean {
    const control = this.#groups.get(id)?.control;
    const sender = message.control ? control?.control : control?.sender(message.priority);
    sender?.send(bytes, onOutcome);
    return sender !== undefined;
  }

  #annotations(route: MessageRoute): Uint8Array {
    const { annotate } = this.#deps;
    if (!isPlainStream(route)) return annotate(route);
    this.#localAnnotations ??= annotate(route);
    return this.#localAnnotations;
  }

  /** Bytes of the routing protocol. */
  sendControl(id: ConnectionId, bytes: Uint8Array): void {
    this.#groups.get(id)?.control.control.send(bytes);
  }

  /** Detaches idle links that are too many; every 30 s. */
  scrub(): void {
    for (const { control } of this.#groups.values()) control.streams.scrub();
    for (const connections of this.#data.values()) {
      for (const connection of connections) connection.streams.scrub();
    }
  }

  /** The handler for one connection that is about to be made or was accepted. */
  handler(origin: PeerOrigin): ConnectionHandler {
    let member: RouterConnection | undefined;
    let leave: () => void = () => undefined;
    return {
      onOpened: (connection, peer) => {
        const kind = origin.kind ?? kindOf(peer);
        const correlator = origin.correlator ?? textProperty(peer, 'qd.group-correlator');
        const key = groupKey(origin.direction, peer, correlator);
        const refusal = this.#refusal(peer, kind, key);
        if (refusal !== undefined) {
          this.#deps.log.warn('router connection refused', {
            neighbour: peer.containerId,
            refusal,
          });
          connection.close({ condition: 'amqp:not-allowed', description: refusal });
          return;
        }
        [member, leave] =
          kind === 'data'
            ? this.#joinData(connection, key ?? '')
            : this.#joinControl(connection, peer, origin, correlator);
        if (kind === 'control' && origin.direction === 'out') member.openFixedLinks();
        if (kind === 'control') origin.onUp?.(peer);
      },
      onSession: () =>
        member?.onSession() ?? {
          refuse: { condition: 'amqp:not-allowed', description: 'connection was refused' },
        },
      onClosed: () => {
        member?.onClosed();
        leave();
        origin.onDown?.();
      },
    };
  }

  #refusal(peer: PeerOpen, kind: 'control' | 'data', key: string | undefined): string | undefined {
    if (peer.containerId === this.#deps.self) return 'the peer has the id of this router';
    if (!/^[^/\s]{1,256}$/u.test(peer.containerId)) return 'the id of the peer cannot be used';
    if (kind === 'control') {
      return this.#groups.size < controlConnectionsMax ? undefined : 'too many connections';
    }
    if (key === undefined) return 'data connection without a group';
    const siblings = this.#data.get(key)?.length ?? 0;
    if (siblings >= dataConnectionsPerGroupMax || this.#data.size > controlConnectionsMax) {
      return 'too many data connections';
    }
    return undefined;
  }

  #joinData(connection: Connection, key: string): [RouterConnection, () => void] {
    const data = new RouterConnection(
      {
        connection,
        destination: this.#deps.destination(() => this.#idOf(key)),
        events: { onControlReady: () => undefined },
        linkName: this.#deps.linkName,
      },
      { kind: 'data', streamLinksMax },
    );
    const siblings = this.#data.get(key) ?? [];
    this.#data.set(key, siblings);
    siblings.push(data);
    return [
      data,
      () => {
        siblings.splice(siblings.indexOf(data), 1);
        if (siblings.length === 0) this.#data.delete(key);
      },
    ];
  }

  #joinControl(
    connection: Connection,
    peer: PeerOpen,
    origin: PeerOrigin,
    correlator: string | undefined,
  ): [RouterConnection, () => void] {
    const id = this.takeId();
    const cost = Math.max(origin.cost, numberProperty(peer, 'qd.inter-router-cost') ?? 1);
    const control = new RouterConnection(
      {
        connection,
        destination: this.#deps.destination(() => id),
        events: { onControlReady: () => this.#onControlReady(id) },
        linkName: this.#deps.linkName,
      },
      { kind: 'control', streamLinksMax },
    );
    this.#groups.set(id, {
      id,
      router: peer.containerId,
      direction: origin.direction,
      control,
      connection,
      correlator,
      key: groupKey(origin.direction, peer, correlator),
      cost,
      trunking: peer.offeredCapabilities.includes(trunkingCapability),
      ordinal: numberProperty(peer, 'qd.group-ordinal') ?? 0,
    });
    return [
      control,
      () => {
        this.#groups.delete(id);
        this.#turns.delete(id);
        this.#deps.driver.run((engine) => engine.onConnectionClosed(id));
      },
    ];
  }

  /** A newer generation of the same group takes the neighbour over; else it is a new one. */
  #onControlReady(id: ConnectionId): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    const older = this.#olderGeneration(group);
    this.#deps.driver.run((engine) => {
      if (older !== undefined && older.ordinal < group.ordinal) {
        engine.onConnectionReplaced(older.id, id, group.cost);
      } else engine.onConnectionOpened(id, group.cost);
    });
  }

  #olderGeneration(group: Group): Group | undefined {
    if (group.key === undefined || group.direction === 'out') return undefined;
    for (const other of this.#groups.values()) {
      if (other.id < group.id && other.key === group.key) return other;
    }
    return undefined;
  }

  #idOf(key: string): ConnectionId | undefined {
    for (const group of this.#groups.values()) if (group.key === key) return group.id;
    return undefined;
  }

  /** The connection for the next stream. */
  #carrier(group: Group): RouterConnection {
    if (!group.trunking || group.key === undefined) return group.control;
    const data = this.#data.get(group.key);
    if (data === undefined || data.length === 0) return group.control;
    const turn = (this.#turns.get(group.id) ?? 0) + 1;
    this.#turns.set(group.id, turn);
    return data[turn % data.length] ?? group.control;
  }
}

function groupKey(
  direction: 'in' | 'out',
  peer: PeerOpen,
  correlator: string | undefined,
): string | undefined {
  return correlator === undefined ? undefined : `${direction} ${peer.containerId} ${correlator}`;
}

function kindOf(peer: PeerOpen): 'control' | 'data' {
  return numberProperty(peer, 'qd.inter-router-role') === dataRoleNumber ? 'data' : 'control';
}

function numberProperty(peer: PeerOpen, name: string): number | undefined {
  const value = peer.properties.get(name);
  return typeof value === 'number' ? value : undefined;
}

function textProperty(peer: PeerOpen, name: string): string | undefined {
  const value = peer.properties.get(name);
  return typeof value === 'string' && value.length <= 64 ? value : undefined;
}
