/**
 * A flow source: keeps the records of one process and tells them to whoever listens. Nothing is sent
 * to an address without consumers. A pure machine: the driver watches the consumers of its addresses
 * and carries its messages.
 * @spec router-protocol 9
 */
import type { Clock } from '#base/clock.ts';
import { type FlowMessage, type FlowSourceType, recordsPerMessageMax } from './message.ts';
import {
  FlowAttribute,
  type FlowRecord,
  FlowRecordType,
  flowTime,
  type FlowValue,
} from './record.ts';

export interface FlowSourceDeps {
  readonly clock: Clock;
  readonly sink: {
    /** Send pre-settled to `message.to`; may be dropped. */
    send(message: FlowMessage): void;
  };
}

export interface FlowSourceOptions {
  /** `<5 characters>:0` for a router; the site id for a controller. */
  readonly id: string;
  readonly sourceType: FlowSourceType;
  /** Default 10000. */
  readonly beaconIntervalMs?: number;
  /** Default 2000. */
  readonly heartbeatIntervalMs?: number;
  /** Least time between two beacons, however many listeners come. Default 250. */
  readonly beaconSpacingMs?: number;
  /** How long changes are gathered. Default 200. */
  readonly flushMs?: number;
  /** Most records held; more are not told. Default 100000. */
  readonly recordsMax?: number;
}

export interface FlowAddresses {
  readonly beacons: string;
  readonly heartbeats: string;
  readonly records: string;
  readonly flows: string;
  readonly logs: string;
  /** Where the source takes FLUSH; to be offered as a closest address. */
  readonly command: string;
}

/** Address on which every source sends its beacons. */
export const beaconAddress = 'mc/sfe.all';

/** The addresses of a source. @spec router-protocol 9.1 */
export function flowAddresses(id: string, sourceType: FlowSourceType): FlowAddresses {
  const records = `mc/sfe.${id}`;
  return {
    beacons: beaconAddress,
    heartbeats: sourceType === 'CONTROLLER' ? `${records}.heartbeats` : records,
    records,
    flows: `${records}.flows`,
    logs: `${records}.logs`,
    command: `sfe.${id}`,
  };
}

interface Held {
  readonly type: number;
  readonly attributes: Map<number, FlowValue>;
  /** Attribute codes changed since they were last sent; undefined when all are new. */
  changed: Set<number> | undefined;
}

export class FlowSource {
  readonly #deps: FlowSourceDeps;
  readonly #id: string;
  readonly #sourceType: FlowSourceType;
  readonly #beaconMs: number;
  readonly #beaconSpacingMs: number;
  readonly #heartbeatMs: number;
  readonly #flushMs: number;
  readonly #recordsMax: number;
  readonly #records = new Map<string, Held>();
  readonly #pending = new Set<string>();
  readonly #consumers = new Set<string>();
  readonly addresses: FlowAddresses;
  #beaconDueMs = Infinity;
  #beaconSentMs = -Infinity;
  #heartbeatDueMs = Infinity;
  #flushDueMs = Infinity;

  constructor(deps: FlowSourceDeps, options: FlowSourceOptions) {
    this.#deps = deps;
    this.#id = options.id;
    this.#sourceType = options.sourceType;
    this.#beaconMs = options.beaconIntervalMs ?? 10_000;
    this.#beaconSpacingMs = options.beaconSpacingMs ?? 250;
    this.#heartbeatMs = options.heartbeatIntervalMs ?? 2000;
    this.#flushMs = options.flushMs ?? 200;
    this.#recordsMax = options.recordsMax ?? 100_000;
    this.addresses = flowAddresses(options.id, options.sourceType);
  }

  /** Addresses whose consumers the driver must watch and report by `onConsumers`. */
  get watched(): readonly string[] {
    const { beacons, heartbeats, records, flows, logs } = this.addresses;
    return [...new Set([beacons, heartbeats, records, flows, logs])];
  }

  /** Creates a record or changes the attributes given; the others keep their values. */
  set(record: FlowRecord): void {
    const held = this.#records.get(record.identity) ?? this.#create(record);
    if (held === undefined) return;
    for (const [code, value] of record.attributes) {
      if (held.attributes.get(code) === value) continue;
      held.attributes.set(code, value);
      held.changed?.add(code);
      this.#touch(record.identity);
    }
  }

  /** Ends a record: its last message carries the end time. Unknown identities are ignored. */
  end(identity: string): void {
    const held = this.#records.get(identity);
    if (held === undefined || held.attributes.has(FlowAttribute.endTime)) return;
    held.attributes.set(FlowAttribute.endTime, this.#time());
    held.changed?.add(FlowAttribute.endTime);
    this.#touch(identity);
    if (!this.#consumers.has(this.#addressOf(held.type))) this.#forget(identity);
  }

  /** The first consumer of a watched address appeared, or the last one went. */
  onConsumers(address: string, present: boolean): void {
    if (this.#consumers.has(address) === present) return;
    const nowMs = this.#deps.clock.monotonicMs();
    if (present) this.#consumers.add(address);
    else this.#consumers.delete(address);
    const { beacons, heartbeats, records } = this.addresses;
    if (address === beacons) this.#beaconDueMs = present ? this.#nextBeaconMs(nowMs) : Infinity;
    if (address === heartbeats) this.#heartbeatDueMs = present ? nowMs : Infinity;
    // A new listener gets everything at once, without having to ask.
    if (present && address === records) this.#sendAll(nowMs);
    this.tick();
  }

  /** The way to all listeners is new: whatever was sent before may have been lost. */
  onReconnected(): void {
    this.#beaconSentMs = -Infinity;
    for (const address of this.watched) this.onConsumers(address, false);
    for (const address of this.watched) this.onConsumers(address, true);
  }

  /**
   * There may be a further consumer of beacons, behind the first one: it hears of this source now
   * and not only with the next regular beacon.
   */
  onBeaconConsumer(): void {
    if (this.#beaconDueMs === Infinity) return;
    const nowMs = this.#deps.clock.monotonicMs();
    this.#beaconDueMs = Math.min(this.#beaconDueMs, this.#nextBeaconMs(nowMs));
    this.tick();
  }

  /** A message came to the command address. */
  onMessage(message: FlowMessage): void {
    if (message.subject !== 'FLUSH') return;
    this.#sendAll(this.#deps.clock.monotonicMs());
    this.tick();
  }

  tick(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const { beacons, heartbeats, records, command } = this.addresses;
    if (this.#beaconDueMs <= nowMs) {
      this.#beaconDueMs = nowMs + this.#beaconMs;
      this.#beaconSentMs = nowMs;
      const sourceType = this.#sourceType;
      this.#deps.sink.send({
        subject: 'BEACON',
        to: beacons,
        sourceType,
        id: this.#id,
        address: records,
        direct: command,
      });
    }
    if (this.#heartbeatDueMs <= nowMs) {
      this.#heartbeatDueMs = nowMs + this.#heartbeatMs;
      const now = this.#time();
      this.#deps.sink.send({ subject: 'HEARTBEAT', to: heartbeats, id: this.#id, now });
    }
    if (this.#flushDueMs <= nowMs) this.#flush();
  }

  /** When `tick` is due, on the clock's monotonic scale. */
  nextDeadlineMs(): number {
    return Math.min(this.#beaconDueMs, this.#heartbeatDueMs, this.#flushDueMs);
  }

  #nextBeaconMs(nowMs: number): number {
    return Math.max(nowMs, this.#beaconSentMs + this.#beaconSpacingMs);
  }

  #create(record: FlowRecord): Held | undefined {
    if (this.#records.size >= this.#recordsMax) return undefined;
    const attributes = new Map<number, FlowValue>();
    if (!record.attributes.has(FlowAttribute.startTime)) {
      attributes.set(FlowAttribute.startTime, this.#time());
    }
    const held: Held = { type: record.type, attributes, changed: undefined };
    this.#records.set(record.identity, held);
    this.#touch(record.identity);
    return held;
  }

  #touch(identity: string): void {
    this.#pending.add(identity);
    if (this.#flushDueMs !== Infinity) return;
    this.#flushDueMs = this.#deps.clock.monotonicMs() + this.#flushMs;
  }

  /** Marks all records as new to the listeners; flows and logs are told once only. */
  #sendAll(nowMs: number): void {
    for (const [identity, held] of this.#records) {
      if (this.#addressOf(held.type) !== this.addresses.records) continue;
      held.changed = undefined;
      this.#pending.add(identity);
    }
    if (this.#pending.size > 0) this.#flushDueMs = nowMs;
  }

  #flush(): void {
    this.#flushDueMs = Infinity;
    const batches = new Map<string, FlowRecord[]>();
    for (const identity of this.#pending) {
      const held = this.#records.get(identity);
      if (held === undefined) continue;
      const to = this.#addressOf(held.type);
      if (this.#consumers.has(to)) {
        const batch = batches.get(to) ?? [];
        batch.push({ type: held.type, identity, attributes: selectChanged(held) });
        batches.set(to, batch);
        held.changed = new Set();
      }
      if (held.attributes.has(FlowAttribute.endTime)) this.#records.delete(identity);
    }
    this.#pending.clear();
    for (const [to, records] of batches) this.#sendRecords(to, records);
  }

  #sendRecords(to: string, records: readonly FlowRecord[]): void {
    for (let index = 0; index < records.length; index += recordsPerMessageMax) {
      const part = records.slice(index, index + recordsPerMessageMax);
      this.#deps.sink.send({ subject: 'RECORD', to, records: part });
    }
  }

  #forget(identity: string): void {
    this.#records.delete(identity);
    this.#pending.delete(identity);
  }

  #addressOf(type: number): string {
    if (type === FlowRecordType.tcpFlow) return this.addresses.flows;
    return type === FlowRecordType.log ? this.addresses.logs : this.addresses.records;
  }

  #time(): number {
    return flowTime(this.#deps.clock.nowMs());
  }
}

function selectChanged(held: Held): ReadonlyMap<number, FlowValue> {
  if (held.changed === undefined) return new Map(held.attributes);
  const selected = new Map<number, FlowValue>();
  for (const code of held.changed) {
    const value = held.attributes.get(code);
    if (value !== undefined) selected.set(code, value);
  }
  return selected;
}
