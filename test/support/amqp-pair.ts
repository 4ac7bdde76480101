/** Two AMQP machines joined in memory, with time and delivery of bytes under the test's control. */
import {
  type ConnectionDriver,
  type ConnectionHandler,
  type ConnectionOptions,
  type ConnectionSink,
  createConnection,
} from '#amqp/index.ts';

/** One machine and what it has written. */
export class Side {
  readonly driver: ConnectionDriver;
  /** Chunks written and not yet delivered to the other side. */
  written: Uint8Array[] = [];
  hasEnded = false;
  reading = true;
  /** What the next writes report: false is a full transport. */
  isTransportReady = true;
  wants = false;

  constructor(handler: ConnectionHandler, options: ConnectionOptions) {
    const sink: ConnectionSink = {
      wantsFlush: () => {
        this.wants = true;
      },
      write: (chunks) => {
        this.written.push(...chunks);
        return this.isTransportReady;
      },
      setReading: (reading) => {
        this.reading = reading;
      },
      end: () => {
        this.hasEnded = true;
      },
    };
    this.driver = createConnection({ sink, handler }, options);
  }

  flush(): void {
    this.wants = false;
    this.driver.flush();
  }

  /** Everything written since the last call, joined. */
  take(): Buffer {
    const bytes = Buffer.concat(this.written);
    this.written = [];
    return bytes;
  }
}

export class AmqpPair {
  readonly client: Side;
  readonly server: Side;
  nowMs = 0;

  constructor(
    client: { handler: ConnectionHandler; options?: Partial<ConnectionOptions> },
    server: { handler: ConnectionHandler; options?: Partial<ConnectionOptions> },
  ) {
    this.client = new Side(client.handler, {
      role: 'client',
      containerId: 'client',
      saslMechanisms: ['ANONYMOUS'],
      ...client.options,
    });
    this.server = new Side(server.handler, {
      role: 'server',
      containerId: 'server',
      saslMechanisms: ['ANONYMOUS'],
      ...server.options,
    });
    this.client.driver.start(this.nowMs);
    this.server.driver.start(this.nowMs);
  }

  /** Carries bytes both ways, in pieces of `pieceBytes`, until nothing moves any more. */
  run(pieceBytes = Number.POSITIVE_INFINITY): void {
    for (let turns = 0; turns < 10_000; turns++) {
      const moved = [
        this.#carry(this.client, this.server, pieceBytes),
        this.#carry(this.server, this.client, pieceBytes),
      ];
      if (!moved.includes(true)) return;
    }
    throw new Error('the two machines never came to rest');
  }

  #carry(from: Side, to: Side, pieceBytes: number): boolean {
    if (from.wants) from.flush();
    if (from.written.length === 0) return false;
    const bytes = from.take();
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const end = Math.min(bytes.length, at + pieceBytes);
      to.driver.onBytes(Buffer.from(bytes.subarray(at, end)), this.nowMs);
    }
    return true;
  }
}
