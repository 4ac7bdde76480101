/**
 * Decides where a stream or a message goes: to a consumer of this router, over a neighbour's
 * connection, to several of them, or nowhere. Nothing here knows sockets.
 */
import { unreachable } from '#base/assert.ts';
import {
  type AddressTarget,
  type ConnectionId,
  type RoutingEngine,
  Treatment,
} from '#routing/index.ts';
import type {
  AddressTable,
  LocalConsumer,
  MobileAddress,
  MobileConsumer,
} from './address-table.ts';
import { type Choice, chooseBalanced, chooseClosest, track } from './choice.ts';
import { type OnOutcome, tracedId, tracedRouters, type WholeMessage } from './message.ts';
import type { MessageRoute, StreamFeedback, StreamSink } from './stream.ts';
import { TrackedStream } from './tracked-stream.ts';

/** Ways out of this router, by control connection. */
export interface Outlets {
  /** A stream over the group of a control connection; undefined when it is gone. */
  openStream(
    connection: ConnectionId,
    route: MessageRoute,
    feedback: StreamFeedback,
  ): StreamSink | undefined;
  /** False when the connection is gone. */
  send(
    connection: ConnectionId,
    bytes: Uint8Array,
    message: WholeMessage,
    onOutcome: OnOutcome | undefined,
  ): boolean;
}

/** Where other routers are and who has consumers. */
export type Ways = Pick<
  RoutingEngine,
  'connectionTo' | 'floodTargets' | 'multicastTargets' | 'radius' | 'remoteChoices'
>;

export interface DispatcherDeps {
  readonly self: string;
  readonly addresses: AddressTable;
  readonly ways: Ways;
  readonly outlets: Outlets;
  /** Reads an address as this router sees it. */
  readonly parse: (address: string) => AddressTarget;
  /** The annotations section of a message that leaves by an outlet. */
  readonly annotate: (route: MessageRoute) => Uint8Array;
  /** Messages of the routing protocol. @returns connections over which one to all goes on */
  readonly onRouting: (from: ConnectionId, message: WholeMessage) => readonly ConnectionId[];
}

export interface DispatchCounters {
  streams: number;
  messages: number;
  /** Streams and messages without a destination. */
  unroutable: number;
}

/** Names that belong to the routing protocol. */
const routingNames: ReadonlySet<string> = new Set(['qdhello', 'qdrouter', 'qdrouter.ma']);
export const managementName = '$management';

export class Dispatcher {
  readonly counters: DispatchCounters = { streams: 0, messages: 0, unroutable: 0 };
  readonly #deps: DispatcherDeps;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
  }

  /** @param from the control connection it came by; undefined for local producers and clients */
  openStream(
    route: MessageRoute,
    feedback: StreamFeedback,
    from?: ConnectionId,
  ): StreamSink | undefined {
    this.counters.streams++;
    const sink = this.#runsInCircle(route) ? undefined : this.#openStream(route, feedback, from);
    if (sink === undefined) this.counters.unroutable++;
    return sink;
  }

  dispatch(message: WholeMessage, onOutcome: OnOutcome | undefined, from?: ConnectionId): void {
    this.counters.messages++;
    if (this.#runsInCircle(message.route, message.control)) {
      this.#release(onOutcome);
      return;
    }
    const target = this.#parse(message.route.to);
    switch (target.kind) {
      case 'local':
        this.#toLocal(target.name, message, onOutcome, from);
        return;
      case 'everyRouter':
        this.#toEveryRouter(target.name, message, onOutcome, from);
        return;
      case 'router':
        this.#toConnection(this.#deps.ways.connectionTo(target.router), message, onOutcome);
        return;
      case 'edge':
      case 'mobile':
        this.#toMobile(target.key, message, onOutcome, from);
        return;
      case 'nowhere':
        this.#release(onOutcome);
    }
  }

  #parse(to: string): AddressTarget {
    const target = this.#deps.parse(to);
    if (target.kind === 'mobile' && target.key === `M${managementName}`) {
      return { kind: 'local', name: managementName };
    }
    return target;
  }

  /**
   * Loop protection: seen here before, or farther than any router is. Control messages come from
   * routers that are not known yet, so only the first rule holds for them.
   */
  #runsInCircle({ trace }: MessageRoute, control = false): boolean {
    if (trace.length === 0) return false;
    if (!control && trace.length > this.#deps.ways.radius + 1) return true;
    return trace.includes(tracedId(this.#deps.self));
  }

  #openStream(
    route: MessageRoute,
    feedback: StreamFeedback,
    from: ConnectionId | undefined,
  ): StreamSink | undefined {
    const target = this.#parse(route.to);
    switch (target.kind) {
      case 'local':
        return this.#deps.addresses.local(target.name)?.stream?.onStream(route, feedback);
      case 'router': {
        const connection = this.#deps.ways.connectionTo(target.router);
        if (connection === undefined || connection === from) return undefined;
        return this.#deps.outlets.openStream(connection, route, feedback);
      }
      case 'edge':
      case 'mobile':
        return this.#openMobile(target.key, route, feedback, from);
      case 'everyRouter':
      case 'nowhere':
        return undefined;
      default:
        return unreachable(target, 'address target');
    }
  }

  #openMobile(
    key: string,
    route: MessageRoute,
    feedback: StreamFeedback,
    from: ConnectionId | undefined,
  ): StreamSink | undefined {
    const address = this.#deps.addresses.mobile(key);
    const choice = this.#choose(
      key,
      address,
      route,
      from,
      (consumer) => consumer.stream !== undefined,
    );
    if (choice === undefined) return undefined;
    if (address === undefined) {
      return choice.kind === 'remote'
        ? this.#deps.outlets.openStream(choice.connection, route, feedback)
        : undefined;
    }
    address.deliveries++;
    const tracked = new TrackedStream(feedback, track(address, choice));
    const sink =
      choice.kind === 'local'
        ? choice.consumer.stream?.onStream(route, tracked)
        : this.#deps.outlets.openStream(choice.connection, route, tracked);
    if (sink !== undefined) return tracked.join(sink);
    tracked.abort();
    return undefined;
  }

  #choose(
    key: string,
    address: MobileAddress | undefined,
    route: MessageRoute,
    from: ConnectionId | undefined,
    takes: (consumer: LocalConsumer) => boolean,
  ): Choice | undefined {
    const treatment = address?.treatment ?? this.#deps.addresses.treatment(key);
    if (treatment === Treatment.unavailable) return undefined;
    const locals = this.#locals(key, address, route, from).filter(takes);
    const passed = tracedRouters(route.trace);
    const remotes = this.#deps.ways
      .remoteChoices(key)
      .filter((remote) => remote.connection !== from && !passed.includes(remote.neighbour));
    const turn = address === undefined ? 0 : address.turn++;
    return treatment === Treatment.closest
      ? chooseClosest(locals, remotes, turn)
      : chooseBalanced(locals, remotes, turn, address);
  }

  /** Consumers here. Of an edge router that came back only the connection that it made last. */
  #locals(
    key: string,
    address: MobileAddress | undefined,
    route: MessageRoute,
    from: ConnectionId | undefined,
  ): readonly MobileConsumer[] {
    const all = address?.consumers.filter((consumer) => !isBack(consumer, from, route)) ?? [];
    return key.startsWith('H') ? all.slice(-1) : all;
  }

  #toLocal(
    name: string,
    message: WholeMessage,
    onOutcome: OnOutcome | undefined,
    from: ConnectionId | undefined,
  ): void {
    if (routingNames.has(name)) {
      if (from !== undefined && message.control) this.#deps.onRouting(from, message);
      onOutcome?.('accepted');
      return;
    }
    const consumer = this.#deps.addresses.local(name);
    if (consumer === undefined) this.#release(onOutcome);
    else give(consumer, message, onOutcome);
  }

  #toEveryRouter(
    name: string,
    message: WholeMessage,
    onOutcome: OnOutcome | undefined,
    from: ConnectionId | undefined,
  ): void {
    if (routingNames.has(name)) {
      if (from === undefined || !message.control) {
        this.#release(onOutcome);
        return;
      }
      this.#copy(this.#deps.onRouting(from, message), message);
    } else {
      const consumer = this.#deps.addresses.local(name);
      if (consumer !== undefined) give(consumer, message, undefined);
      this.#copy(this.#deps.ways.floodTargets(tracedRouters(message.route.trace)), message);
    }
    onOutcome?.('accepted');
  }

  #toMobile(
    key: string,
    message: WholeMessage,
    onOutcome: OnOutcome | undefined,
    from: ConnectionId | undefined,
  ): void {
    const address = this.#deps.addresses.mobile(key);
    if (address !== undefined) address.deliveries++;
    const treatment = address?.treatment ?? this.#deps.addresses.treatment(key);
    if (treatment === Treatment.multicast || treatment === Treatment.flood) {
      this.#toMany(key, treatment, address, message, onOutcome, from);
      return;
    }
    const choice = this.#choose(key, address, message.route, from, () => true);
    if (choice === undefined) {
      this.#release(onOutcome);
      return;
    }
    const tracked =
      address === undefined || onOutcome === undefined
        ? onOutcome
        : trackOutcome(track(address, choice), onOutcome);
    if (choice.kind === 'local') give(choice.consumer, message, tracked);
    else this.#toConnection(choice.connection, message, tracked);
  }

  #toMany(
    key: string,
    treatment: Treatment,
    address: MobileAddress | undefined,
    message: WholeMessage,
    onOutcome: OnOutcome | undefined,
    from: ConnectionId | undefined,
  ): void {
    const { ways, self } = this.#deps;
    const { trace, ingress } = message.route;
    const passed = tracedRouters(trace);
    const [origin = self] = ingress === null ? [] : tracedRouters([ingress]);
    const targets =
      treatment === Treatment.flood
        ? ways.floodTargets(passed)
        : ways.multicastTargets(key, origin, passed).connections;
    const connections = targets.filter((connection) => connection !== from);
    const consumers = address?.consumers.filter((each) => !isBack(each, from, message.route)) ?? [];
    for (const consumer of consumers) give(consumer, message, undefined);
    this.#copy(connections, message);
    if (consumers.length + connections.length === 0) this.#release(onOutcome);
    else onOutcome?.('accepted');
  }

  #toConnection(
    connection: ConnectionId | undefined,
    message: WholeMessage,
    onOutcome: OnOutcome | undefined,
  ): void {
    if (connection === undefined) {
      this.#release(onOutcome);
      return;
    }
    const bytes = this.#encode(message);
    if (!this.#deps.outlets.send(connection, bytes, message, onOutcome)) this.#release(onOutcome);
  }

  #copy(connections: readonly ConnectionId[], message: WholeMessage): void {
    if (connections.length === 0) return;
    const bytes = this.#encode(message);
    for (const connection of connections) {
      this.#deps.outlets.send(connection, bytes, message, undefined);
    }
  }

  #encode(message: WholeMessage): Uint8Array {
    return Buffer.concat([this.#deps.annotate(message.route), message.bytes]);
  }

  #release(onOutcome: OnOutcome | undefined): void {
    this.counters.unroutable++;
    onOutcome?.('released');
  }
}

/** Whether a consumer is behind the edge router, or its mesh, from which a message came. */
function isBack(
  { side }: LocalConsumer,
  from: ConnectionId | undefined,
  { mesh }: MessageRoute,
): boolean {
  if (side === undefined) return false;
  return side.connection === from || (mesh !== null && side.mesh === mesh);
}

function trackOutcome(onSettled: () => void, onOutcome: OnOutcome): OnOutcome {
  return (outcome) => {
    onSettled();
    onOutcome(outcome);
  };
}

/** Hands a whole message to a consumer; one that takes streams only gets it as a short stream. */
function give(
  consumer: LocalConsumer,
  message: WholeMessage,
  onOutcome: OnOutcome | undefined,
): void {
  if (consumer.message !== undefined) {
    consumer.message.onMessage(message, onOutcome);
    return;
  }
  const sink = consumer.stream?.onStream(message.route, {
    onProgress: () => undefined,
    onOutcome: (outcome) => onOutcome?.(outcome),
    onUnblocked: () => undefined,
  });
  sink?.write(message.bytes);
  sink?.finish(onOutcome === undefined);
}
