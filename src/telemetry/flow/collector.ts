/**
 * A flow collector: finds every source in the network by its beacons, asks for its records and keeps
 * them while the source lives. A pure machine: the driver subscribes to addresses for it and hands
 * it what arrives.
 *
 *   beacon -> subscribe -> FLUSH until its own record has come -> heartbeats keep it -> silence: gone
 *
 * @spec router-protocol 9.3
 */
import { unreachable } from '#base/assert.ts';
import type { Clock } from '#base/clock.ts';
import type { FlowBeacon, FlowHeartbeat, FlowMessage, FlowRecords } from './message.ts';
import { FlowAttribute, type FlowRecord, FlowRecordType, flowNumber, flowText } from './record.ts';
import { beaconAddress } from './source.ts';

export interface FlowCollectorDeps {
  readonly clock: Clock;
  readonly sink: {
    /** Receive what is sent to a multicast address from now on. */
    subscribe(address: string): void;
    unsubscribe(address: string): void;
    /** Send pre-settled; may be dropped, it is repeated. */
    send(message: FlowMessage): void;
    /** Something other than a counter is different from before. */
    onChange(): void;
  };
}

export interface FlowCollectorOptions {
  /** A source silent for this long is gone. Default 30000. */
  readonly silenceMs?: number;
  /** A new source may be silent for this long. Default 60000. */
  readonly firstSilenceMs?: number;
  /** Most sources followed. Default 1024. */
  readonly sourcesMax?: number;
  /** Most records kept of one source. Default 20000. */
  readonly recordsPerSourceMax?: number;
}

interface Source {
  readonly id: string;
  readonly addresses: readonly string[];
  readonly direct: string;
  readonly records: Set<string>;
  expiryMs: number;
  /** Its own record (ROUTER, SITE) has come, so it has answered a FLUSH. */
  complete: boolean;
  flushTries: number;
  flushDueMs: number;
}

/** Pauses between FLUSHes while a source has not answered; the last one repeats. */
const flushPausesMs = [100, 300, 1000, 3000, 5000] as const;

/** Attributes whose change tells nobody anything but a number. */
const counters: ReadonlySet<number> = new Set([
  FlowAttribute.octetsIn,
  FlowAttribute.octetsOut,
  FlowAttribute.flowCount,
  FlowAttribute.latency,
]);

export class FlowCollector {
  readonly #deps: FlowCollectorDeps;
  readonly #silenceMs: number;
  readonly #firstSilenceMs: number;
  readonly #sourcesMax: number;
  readonly #recordsMax: number;
  readonly #sources = new Map<string, Source>();
  readonly #byAddress = new Map<string, Source>();
  readonly #records = new Map<string, FlowRecord>();

  constructor(deps: FlowCollectorDeps, options: FlowCollectorOptions = {}) {
    this.#deps = deps;
    this.#silenceMs = options.silenceMs ?? 30_000;
    this.#firstSilenceMs = options.firstSilenceMs ?? 60_000;
    this.#sourcesMax = options.sourcesMax ?? 1024;
    this.#recordsMax = options.recordsPerSourceMax ?? 20_000;
  }

  /** Begins to listen for beacons. */
  begin(): void {
    this.#deps.sink.subscribe(beaconAddress);
  }

  /** All records of living sources. */
  records(): Iterable<FlowRecord> {
    return this.#records.values();
  }

  get sourceCount(): number {
    return this.#sources.size;
  }

  onMessage(message: FlowMessage): void {
    switch (message.subject) {
      case 'BEACON':
        return this.#onBeacon(message);
      case 'HEARTBEAT':
        return this.#onHeartbeat(message);
      case 'RECORD':
        return this.#onRecords(message);
      case 'FLUSH':
        return;
      default:
        unreachable(message, 'flow message');
    }
  }

  /** The way to the network was lost and is back: ask again, since changes may have been missed. */
  onReconnected(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const source of this.#sources.values()) {
      source.complete = false;
      source.flushTries = 0;
      source.flushDueMs = nowMs;
      source.expiryMs = Math.max(source.expiryMs, nowMs + this.#silenceMs);
    }
    this.tick();
  }

  tick(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const source of this.#sources.values()) {
      if (source.expiryMs <= nowMs) this.#drop(source);
      else if (source.flushDueMs <= nowMs) this.#flush(source, nowMs);
    }
  }

  /** When `tick` is due, on the clock's monotonic scale. */
  nextDeadlineMs(): number {
    let deadline = Infinity;
    for (const source of this.#sources.values()) {
      deadline = Math.min(deadline, source.expiryMs, source.flushDueMs);
    }
    return deadline;
  }

  #onBeacon(beacon: FlowBeacon): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const known = this.#sources.get(beacon.id);
    if (known !== undefined) {
      known.expiryMs = Math.max(known.expiryMs, nowMs + this.#silenceMs);
      return;
    }
    // A beacon may only make us listen and write to addresses of its own kind.
    const honest = beacon.address.startsWith('mc/sfe.') && beacon.direct.startsWith('sfe.');
    if (!honest || this.#byAddress.has(beacon.address)) return;
    if (this.#sources.size >= this.#sourcesMax) return;
    const addresses = [beacon.address];
    if (beacon.sourceType === 'CONTROLLER') addresses.push(`${beacon.address}.heartbeats`);
    const source: Source = {
      id: beacon.id,
      addresses,
      direct: beacon.direct,
      records: new Set(),
      expiryMs: nowMs + this.#firstSilenceMs,
      complete: false,
      flushTries: 0,
      flushDueMs: nowMs + flushPausesMs[0],
    };
    this.#sources.set(source.id, source);
    for (const address of addresses) {
      this.#byAddress.set(address, source);
      this.#deps.sink.subscribe(address);
    }
  }

  #onHeartbeat(heartbeat: FlowHeartbeat): void {
    const source = this.#sources.get(heartbeat.id);
    if (source !== undefined) this.#heard(source);
  }

  #onRecords(message: FlowRecords): void {
    const source = this.#byAddress.get(message.to);
    if (source === undefined) return;
    this.#heard(source);
    let changed = false;
    for (const record of message.records) changed = this.#apply(source, record) || changed;
    if (changed) this.#deps.sink.onChange();
  }

  /** The first words of a source show that the way to it works: a good time to ask. */
  #heard(source: Source): void {
    const nowMs = this.#deps.clock.monotonicMs();
    source.expiryMs = nowMs + this.#silenceMs;
    if (source.complete || source.flushTries > 1) return;
    source.flushDueMs = Math.min(source.flushDueMs, nowMs + flushPausesMs[0]);
  }

  #flush(source: Source, nowMs: number): void {
    const pauseMs = flushPausesMs[Math.min(source.flushTries + 1, flushPausesMs.length - 1)];
    source.flushTries++;
    source.flushDueMs = nowMs + (pauseMs ?? flushPausesMs[0]);
    this.#deps.sink.send({ subject: 'FLUSH', to: source.direct });
  }

  /** @returns true when something other than a counter changed */
  #apply(source: Source, record: FlowRecord): boolean {
    const { identity } = record;
    const known = this.#records.get(identity);
    const ended = (flowNumber(record, FlowAttribute.endTime) ?? 0) > 0;
    if (known === undefined) return !ended && this.#add(source, record);
    // Only the source of a record may change or end it.
    if (!source.records.has(identity) || known.type !== record.type) return false;
    if (ended) {
      source.records.delete(identity);
      return this.#records.delete(identity);
    }
    let changed = false;
    const attributes = new Map(known.attributes);
    for (const [code, value] of record.attributes) {
      if (attributes.get(code) === value) continue;
      attributes.set(code, value);
      if (!counters.has(code)) changed = true;
    }
    this.#records.set(identity, { type: known.type, identity, attributes });
    if (isComplete(source, record)) this.#complete(source);
    return changed;
  }

  #add(source: Source, record: FlowRecord): boolean {
    // A change of a record whose creation we have not heard: its whole comes with the next FLUSH.
    if (!isWhole(record) || source.records.size >= this.#recordsMax) return false;
    source.records.add(record.identity);
    this.#records.set(record.identity, record);
    if (isComplete(source, record)) this.#complete(source);
    if (record.type === FlowRecordType.router) this.#replaceEarlierRun(source, record);
    return true;
  }

  #complete(source: Source): void {
    source.complete = true;
    source.flushDueMs = Infinity;
  }

  /** A restarted router is a new source; what its earlier run said holds no more. */
  #replaceEarlierRun(source: Source, router: FlowRecord): void {
    const name = flowText(router, FlowAttribute.name);
    const start = flowNumber(router, FlowAttribute.startTime) ?? 0;
    for (const other of this.#sources.values()) {
      if (other === source) continue;
      const record = this.#records.get(other.id);
      if (record?.type !== FlowRecordType.router) continue;
      if (flowText(record, FlowAttribute.name) !== name) continue;
      const earlier =
        flowText(record, FlowAttribute.parent) === flowText(router, FlowAttribute.parent);
      if (earlier && (flowNumber(record, FlowAttribute.startTime) ?? 0) < start) this.#drop(other);
    }
  }

  #drop(source: Source): void {
    this.#sources.delete(source.id);
    for (const address of source.addresses) {
      this.#byAddress.delete(address);
      this.#deps.sink.unsubscribe(address);
    }
    for (const identity of source.records) this.#records.delete(identity);
    if (source.records.size > 0) this.#deps.sink.onChange();
  }
}

function isWhole(record: FlowRecord): boolean {
  const { attributes, type } = record;
  return (
    attributes.has(FlowAttribute.startTime) ||
    attributes.has(FlowAttribute.parent) ||
    type === FlowRecordType.site
  );
}

/** The record that a source always has: a router's own, or the site of a controller. */
function isComplete(source: Source, record: FlowRecord): boolean {
  return (
    record.identity === source.id ||
    record.type === FlowRecordType.site ||
    record.type === FlowRecordType.router
  );
}
