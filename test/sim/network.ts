/**
 * A simulated network of routing engines: connections with delay, loss and cuts; routers that
 * restart. Carries messages as the forwarding core does. Everything follows from the seed.
 */
import {
  encodeBody,
  parseAddress,
  parseBody,
  RoutingEngine,
  Treatment,
  type ConnectionId,
  type RoutingEvent,
  type RoutingMessage,
  type RoutingOptions,
} from '#routing/index.ts';
import { EventQueue } from './event-queue.ts';
import { SeededRandom } from './seeded-random.ts';

export interface NetworkOptions {
  readonly seed: number;
  /** Share of messages lost on each connection. */
  readonly loss?: number;
  /** Delay of a connection: between these, drawn once per connection. */
  readonly delayMs?: readonly [number, number];
  /** Puts every message through the codec. */
  readonly codec?: boolean;
  readonly engine?: Partial<RoutingOptions>;
}

interface Connection {
  readonly id: ConnectionId;
  readonly ends: readonly [string, string];
  readonly cost: number;
  readonly delayMs: number;
  /** Times before which nothing may arrive, so that order holds with jitter. */
  readonly arrivalMs: [number, number];
  up: boolean;
}

interface Router {
  readonly id: string;
  engine: RoutingEngine;
  run: number;
  wakeMs: number;
  readonly addresses: Map<string, Treatment>;
  readonly events: RoutingEvent[];
}

export class Network {
  readonly queue = new EventQueue();
  readonly random: SeededRandom;
  readonly routers = new Map<string, Router>();
  readonly connections = new Map<ConnectionId, Connection>();
  messages = 0;
  readonly opcodes = new Map<string, number>();
  #instance = 1000;
  #nextConnection = 1;
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.random = new SeededRandom(options.seed);
  }

  addRouter(id: string): void {
    const router: Router = {
      id,
      engine: this.#engine(id, 0),
      run: 0,
      wakeMs: Infinity,
      addresses: new Map(),
      events: [],
    };
    this.routers.set(id, router);
  }

  connect(a: string, b: string, cost = 1): ConnectionId {
    const [least, most] = this.#options.delayMs ?? [1, 10];
    const id = this.#nextConnection++;
    const delayMs = least + (most - least) * this.random.fraction();
    this.connections.set(id, { id, ends: [a, b], cost, delayMs, arrivalMs: [0, 0], up: false });
    this.raise(id);
    return id;
  }

  raise(id: ConnectionId): void {
    const connection = this.connections.get(id)!;
    if (connection.up) return;
    connection.up = true;
    for (const end of connection.ends)
      this.#use(end, (engine) => engine.onConnectionOpened(id, connection.cost));
  }

  cut(id: ConnectionId): void {
    const connection = this.connections.get(id)!;
    if (!connection.up) return;
    connection.up = false;
    for (const end of connection.ends) this.#use(end, (engine) => engine.onConnectionClosed(id));
  }

  /** The process ends and starts again: connections drop and come back after `pauseMs`, which passes. */
  restart(id: string, pauseMs = 20): void {
    const router = this.routers.get(id)!;
    const own = [...this.connections.values()].filter((c) => c.up && c.ends.includes(id));
    for (const connection of own) this.cut(connection.id);
    router.run++;
    router.engine = this.#engine(id, router.run);
    for (const [key, treatment] of router.addresses)
      router.engine.setLocalAddress(key, { treatment });
    this.run(pauseMs);
    for (const connection of own) this.raise(connection.id);
  }

  offer(id: string, key: string, treatment: Treatment = Treatment.balanced): void {
    this.routers.get(id)!.addresses.set(key, treatment);
    this.#use(id, (engine) => engine.setLocalAddress(key, { treatment }));
  }

  withdraw(id: string, key: string): void {
    this.routers.get(id)!.addresses.delete(key);
    this.#use(id, (engine) => engine.deleteLocalAddress(key));
  }

  run(ms: number): void {
    this.queue.runUntil(this.queue.nowMs + ms);
  }

  engine(id: string): RoutingEngine {
    return this.routers.get(id)!.engine;
  }

  /** Cheapest usable edge per pair, both ways. */
  edges(): { a: string; b: string; cost: number }[] {
    return [...this.connections.values()]
      .filter((connection) => connection.up)
      .map(({ ends, cost }) => ({ a: ends[0], b: ends[1], cost }));
  }

  #engine(id: string, run: number): RoutingEngine {
    const sink = {
      send: (message: RoutingMessage, connections: readonly ConnectionId[]) => {
        if (this.routers.get(id)?.run !== run) return;
        this.#transmit(id, message, connections, []);
      },
      onEvent: (event: RoutingEvent) => this.routers.get(id)?.events.push(event),
    };
    const clock = { nowMs: () => this.queue.nowMs, monotonicMs: () => this.queue.nowMs };
    return new RoutingEngine(
      { sink, clock },
      { routersMax: 256, ...this.#options.engine, id, instance: this.#instance++ },
    );
  }

  #use(id: string, input: (engine: RoutingEngine) => void): void {
    const router = this.routers.get(id)!;
    input(router.engine);
    this.#schedule(router);
  }

  #schedule(router: Router): void {
    const dueMs = Math.max(this.queue.nowMs, router.engine.nextDeadlineMs());
    if (dueMs >= router.wakeMs) return;
    router.wakeMs = dueMs;
    this.queue.at(dueMs, () => {
      if (router.wakeMs !== dueMs) return;
      router.wakeMs = Infinity;
      this.#use(router.id, (engine) => engine.tick());
    });
  }

  #transmit(
    from: string,
    message: RoutingMessage,
    connections: readonly ConnectionId[],
    passed: readonly string[],
  ): void {
    const trace = [...passed, from];
    for (const id of connections) {
      const connection = this.connections.get(id)!;
      if (!connection.up) continue;
      this.messages++;
      const { opcode } = message.body;
      this.opcodes.set(opcode, (this.opcodes.get(opcode) ?? 0) + 1);
      if (this.random.fraction() < (this.#options.loss ?? 0)) continue;
      const side = connection.ends[0] === from ? 0 : 1;
      const to = connection.ends[1 - side]!;
      const jittered = this.queue.nowMs + connection.delayMs * (0.8 + 0.4 * this.random.fraction());
      const atMs = Math.max(jittered, connection.arrivalMs[side]);
      connection.arrivalMs[side] = atMs;
      const { run } = this.routers.get(to)!;
      this.queue.at(atMs, () => {
        if (!connection.up || this.routers.get(to)!.run !== run) return;
        this.#receive(to, id, message, trace);
      });
    }
  }

  #receive(
    at: string,
    from: ConnectionId,
    message: RoutingMessage,
    trace: readonly string[],
  ): void {
    const target = parseAddress(message.to, at);
    if (target.kind === 'router') {
      const connection = this.engine(at).connectionTo(target.router);
      if (connection !== undefined && trace.length <= 64) {
        this.#transmit(at, message, [connection], trace);
      }
      return;
    }
    const { opcode } = message.body;
    const body =
      this.#options.codec === true ? parseBody(opcode, encodeBody(message.body)) : message.body;
    this.#use(at, (engine) => {
      const forwards = engine.onMessage(from, body, trace);
      if (target.kind === 'everyRouter') this.#transmit(at, message, forwards, trace);
    });
  }
}
