/**
 * Drives the routing engine: gives it time and messages, turns its messages into AMQP ones and
 * spreads its events. The engine must not be called while it calls us, so events wait their turn.
 */
import {
  type AmqpValue,
  decodeMessage,
  type Encodable,
  encodeMessage,
  int,
  long,
} from '#amqp/index.ts';
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';
import {
  type BodyMap,
  type BodyValue,
  type ConnectionId,
  encodeBody,
  isOpcode,
  parseBody,
  RoutingEngine,
  type RoutingEvent,
  type RoutingMessage,
  type RoutingOptions,
  type Treatment,
} from '#routing/index.ts';
import { encodeAnnotations, messageRoute, tracedRouters, type WholeMessage } from './message.ts';

export interface RoutingDriverDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Sends bytes over the control link of a connection, settled. */
  readonly sendControl: (connection: ConnectionId, bytes: Uint8Array) => void;
  readonly onEvent: (event: RoutingEvent) => void;
  /** Treatment of addresses that come without one. */
  readonly treatmentDefault: Treatment;
}

export class RoutingDriver {
  readonly engine: RoutingEngine;
  readonly #deps: RoutingDriverDeps;
  readonly #self: string;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #events: RoutingEvent[] = [];
  #telling = false;
  #stopped = false;
  /** Routing messages that could not be read. */
  invalidMessages = 0;

  constructor(deps: RoutingDriverDeps, options: RoutingOptions) {
    this.#deps = deps;
    this.#self = options.id;
    this.engine = new RoutingEngine(
      {
        clock: deps.clock,
        sink: {
          send: (message, connections) => this.#send(message, connections),
          onEvent: (event) => this.#events.push(event),
        },
      },
      options,
    );
  }

  /** Runs one input of the engine, then spreads its events and sets the timer. */
  run<T>(input: (engine: RoutingEngine) => T): T {
    const result = input(this.engine);
    this.#tell();
    this.#schedule();
    return result;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** @returns connections over which a message to all routers is to go on */
  onMessage(from: ConnectionId, message: WholeMessage): readonly ConnectionId[] {
    try {
      const decoded = decodeMessage(message.bytes);
      const opcode = decoded.applicationProperties?.get('opcode');
      const body = decoded.body?.kind === 'value' ? decoded.body.value : null;
      if (typeof opcode !== 'string' || !isOpcode(opcode)) return [];
      const parsed = parseBody(opcode, body satisfies AmqpValue, this.#deps.treatmentDefault);
      return this.run((engine) =>
        engine.onMessage(from, parsed, tracedRouters(message.route.trace)),
      );
    } catch (thrown) {
      this.invalidMessages++;
      this.#deps.log.debug('routing message cannot be read', { reason: messageOf(thrown) });
      return [];
    }
  }

  #send(message: RoutingMessage, connections: readonly ConnectionId[]): void {
    const head = encodeAnnotations(messageRoute(message.to), this.#self);
    const rest = encodeMessage({
      header: { durable: false },
      properties: { to: message.to },
      applicationProperties: { opcode: message.body.opcode },
      body: { kind: 'value', value: toEncodable(encodeBody(message.body)) },
    });
    const bytes = Buffer.concat([head, rest]);
    for (const connection of connections) this.#deps.sendControl(connection, bytes);
  }

  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      this.#deps.onEvent(event);
    }
    this.#telling = false;
  }

  #schedule(): void {
    if (this.#stopped) return;
    const dueMs = this.engine.nextDeadlineMs();
    if (dueMs === this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.max(0, Math.ceil(dueMs - this.#deps.clock.monotonicMs()));
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.run((engine) => engine.tick());
    }, waitMs);
  }
}

function toEncodable(value: BodyValue): Encodable {
  if (value === null || typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(toEncodable);
  if (value instanceof Map) return mapToEncodable(value);
  const number = value as { readonly type: 'int' | 'long'; readonly value: number };
  return number.type === 'int' ? int(number.value) : long(number.value);
}

function mapToEncodable(map: BodyMap): Encodable {
  const encodable = new Map<Encodable, Encodable>();
  for (const [key, value] of map) encodable.set(key, toEncodable(value));
  return encodable;
}
