/** One routing engine on the bench: its clock is set by hand, what it sends and tells is kept. */
import {
  type ConnectionId,
  type Opcode,
  type RoutingBody,
  RoutingEngine,
  type RoutingEvent,
  type RoutingMessage,
  type RoutingOptions,
} from '#routing/index.ts';

export interface Sent {
  readonly message: RoutingMessage;
  readonly connections: readonly ConnectionId[];
}

export class RoutingBench {
  nowMs = 0;
  readonly sent: Sent[] = [];
  readonly events: RoutingEvent[] = [];
  readonly engine: RoutingEngine;

  constructor(options: Partial<RoutingOptions> = {}) {
    this.engine = new RoutingEngine(
      {
        clock: { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs },
        sink: {
          send: (message, connections) => this.sent.push({ message, connections }),
          onEvent: (event) => this.events.push(event),
        },
      },
      { id: 'A', instance: 1000, ...options },
    );
  }

  /** Lets time pass, waking the engine whenever it is due. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.engine.nextDeadlineMs() <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.engine.nextDeadlineMs());
      this.engine.tick();
    }
    this.nowMs = untilMs;
  }

  receive(connection: ConnectionId, body: RoutingBody): readonly ConnectionId[] {
    return this.engine.onMessage(connection, body, [body.id]);
  }

  /** Opens a connection and makes its router a neighbour with this link state. */
  neighbour(
    connection: ConnectionId,
    id: string,
    peers: Readonly<Record<string, number>> = { A: 1 },
    instance = 1,
  ): void {
    this.engine.onConnectionOpened(connection, 1);
    this.receive(connection, { opcode: 'HELLO', id, instance, seen: ['A'] });
    this.receive(connection, { opcode: 'RA', id, instance, lsSeq: 1, mobileSeq: 0 });
    this.linkState(connection, id, 1, peers, instance);
    this.pass(20);
  }

  linkState(
    connection: ConnectionId,
    id: string,
    lsSeq: number,
    peers: Readonly<Record<string, number>>,
    instance = 1,
  ): void {
    this.receive(connection, {
      opcode: 'LSU',
      id,
      instance,
      lsSeq,
      peers: new Map(Object.entries(peers)),
    });
  }

  /** Takes and forgets what was sent with one opcode. */
  take<O extends Opcode>(opcode: O): (Sent & { body: Extract<RoutingBody, { opcode: O }> })[] {
    const taken: (Sent & { body: Extract<RoutingBody, { opcode: O }> })[] = [];
    const kept = this.sent.filter((entry) => {
      const { body } = entry.message;
      if (!hasOpcode(body, opcode)) return true;
      taken.push({ ...entry, body });
      return false;
    });
    this.sent.splice(0, this.sent.length, ...kept);
    return taken;
  }
}

function hasOpcode<O extends Opcode>(
  body: RoutingBody,
  opcode: O,
): body is Extract<RoutingBody, { opcode: O }> {
  return body.opcode === opcode;
}
