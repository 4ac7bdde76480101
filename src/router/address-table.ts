/**
 * Addresses with consumers or producers in this router: mobile ones, which the routing engine tells
 * the network about, and local names (`temp.…`, `$management`, the routing protocol's own).
 */
import { mobileKey, Treatment, type ConnectionId } from '#routing/index.ts';
import { type EdgeSide, isSameSide, meshOfAll } from './edge/edge-side.ts';
import type { MessageConsumer } from './message.ts';
import type { Registration, StreamConsumer } from './stream.ts';

/** What stands behind an address here; it may take streams, whole messages, or both. */
export interface LocalConsumer {
  readonly stream?: StreamConsumer;
  readonly message?: MessageConsumer;
  /** Absent: it is in this router or a client of it. */
  readonly side?: EdgeSide;
}

export interface MobileConsumer extends LocalConsumer {
  /** Streams and messages given to it and not settled yet. */
  outstanding: number;
}

export interface MobileAddress {
  readonly key: string;
  readonly treatment: Treatment;
  readonly consumers: MobileConsumer[];
  readonly producers: Set<Producer>;
  /** Streams and messages sent over a neighbour's connection and not settled yet. */
  readonly outstanding: Map<ConnectionId, number>;
  /** Turns among equals. */
  turn: number;
  deliveries: number;
}

interface Producer {
  readonly onReachable: (reachable: boolean) => void;
  readonly side: EdgeSide | undefined;
  /** What it was told last. */
  reachable: boolean;
}

/** What the table needs of those who tell the network: the routing engine, or an uplink. */
export interface AddressPublisher {
  setLocalAddress(key: string, address: PublishedAddress): void;
  deleteLocalAddress(key: string): void;
  /** Producers of the key came, or all are gone. */
  setProducing(key: string, producing: boolean): void;
  remoteCount(key: string): number;
  /** As another router told it; undefined for an address that no other router has. */
  treatmentOf(key: string): Treatment | undefined;
}

export interface PublishedAddress {
  readonly treatment: Treatment;
  readonly producers: number;
  /** Set when every consumer is behind one mesh of edge routers. */
  readonly meshId?: string;
}

/** Says how an address is treated by configuration; undefined without a matching entry. */
export type TreatmentRule = (name: string) => Treatment | undefined;

interface Watch {
  readonly key: string;
  /** Other routers with consumers when last looked. */
  remotes: number;
  readonly onGrown: () => void;
}

export class AddressTable {
  readonly #publisher: AddressPublisher;
  readonly #rule: TreatmentRule;
  readonly #default: Treatment;
  readonly #mobile = new Map<string, MobileAddress>();
  readonly #local = new Map<string, LocalConsumer>();
  readonly #watches = new Set<Watch>();

  /** @param treatmentDefault for addresses about which neither rules nor hints say anything */
  constructor(publisher: AddressPublisher, rule: TreatmentRule, treatmentDefault: Treatment) {
    this.#publisher = publisher;
    this.#rule = rule;
    this.#default = treatmentDefault;
  }

  local(name: string): LocalConsumer | undefined {
    return this.#local.get(name);
  }

  mobile(key: string): MobileAddress | undefined {
    return this.#mobile.get(key);
  }

  mobiles(): Iterable<MobileAddress> {
    return this.#mobile.values();
  }

  get localNames(): number {
    return this.#local.size;
  }

  /** Takes a local name. The caller makes sure that it is free. */
  addLocal(name: string, consumer: LocalConsumer): Registration {
    this.#local.set(name, consumer);
    return {
      remove: () => {
        if (this.#local.get(name) === consumer) this.#local.delete(name);
      },
    };
  }

  /**
   * How an address is treated: as it is known here, else as configured, else as hinted, else as
   * another router told.
   */
  treatment(key: string, hint?: Treatment): Treatment {
    const known = this.#mobile.get(key);
    if (known !== undefined) return known.treatment;
    const configured = this.#rule(key.slice(1));
    return configured ?? hint ?? this.#publisher.treatmentOf(key) ?? this.#default;
  }

  /**
   * Consumers of an unavailable address get nothing, and no other router hears of them.
   * @param hint treatment when no configured rule matches
   */
  addConsumer(name: string, consumer: LocalConsumer, hint?: Treatment): Registration {
    return this.addConsumerOf(mobileKey(name), consumer, hint);
  }

  /** @param key of any class, for example the one of an edge router */
  addConsumerOf(key: string, consumer: LocalConsumer, hint?: Treatment): Registration {
    const address = this.#address(key, hint);
    const entry: MobileConsumer = { ...consumer, outstanding: 0 };
    address.consumers.push(entry);
    this.#publish(address);
    if (!this.#judge(address)) this.#grown(address.key);
    return {
      remove: () => {
        const at = address.consumers.indexOf(entry);
        if (at < 0) return;
        address.consumers.splice(at, 1);
        this.#publish(address);
        this.#judge(address);
        this.#forget(address);
      },
    };
  }

  /** @param side where the producer is: what is behind the same edge router is no news to it */
  addProducer(
    name: string,
    onReachable: (reachable: boolean) => void,
    side?: EdgeSide,
  ): Registration {
    const address = this.#address(mobileKey(name), undefined);
    const producer: Producer = { onReachable, side, reachable: false };
    address.producers.add(producer);
    if (address.producers.size === 1) this.#publisher.setProducing(address.key, true);
    this.#tell(address, producer);
    return {
      remove: () => {
        if (!address.producers.delete(producer)) return;
        if (address.producers.size === 0) this.#publisher.setProducing(address.key, false);
        this.#forget(address);
      },
    };
  }

  /** An edge router has told its mesh. */
  onMeshKnown(side: EdgeSide): void {
    for (const address of this.#mobile.values()) {
      if (address.consumers.some((consumer) => consumer.side === side)) this.#publish(address);
      this.#judge(address);
    }
  }

  /** The set of other routers with consumers of the key changed. */
  onRemoteChanged(key: string): void {
    const address = this.#mobile.get(key);
    const turned = address !== undefined && this.#judge(address);
    for (const watch of Array.from(this.#watches)) {
      if (watch.key !== key) continue;
      const remotes = this.#publisher.remoteCount(key);
      const grown = remotes > watch.remotes;
      watch.remotes = remotes;
      if (grown && !turned) watch.onGrown();
    }
  }

  /** A neighbour came: what lies behind it may have consumers that were not reached before. */
  onNeighbourUp(): void {
    for (const watch of Array.from(this.#watches)) watch.onGrown();
  }

  /**
   * Tells when a reachable address may have consumers that it did not have: one here, one more
   * router with some, or a new neighbour.
   */
  watchConsumers(name: string, onGrown: () => void): Registration {
    const key = mobileKey(name);
    const watch = { key, remotes: this.#publisher.remoteCount(key), onGrown };
    this.#watches.add(watch);
    return { remove: () => this.#watches.delete(watch) };
  }

  #grown(key: string): void {
    for (const watch of Array.from(this.#watches)) if (watch.key === key) watch.onGrown();
  }

  #address(key: string, hint: Treatment | undefined): MobileAddress {
    const known = this.#mobile.get(key);
    if (known !== undefined) return known;
    const address: MobileAddress = {
      key,
      treatment: this.treatment(key, hint),
      consumers: [],
      producers: new Set(),
      outstanding: new Map(),
      turn: 0,
      deliveries: 0,
    };
    this.#mobile.set(key, address);
    return address;
  }

  /** Tells the network of the consumers as they are now. */
  #publish({ key, treatment, consumers, producers }: MobileAddress): void {
    if (treatment === Treatment.unavailable) return;
    if (consumers.length === 0) {
      this.#publisher.deleteLocalAddress(key);
      return;
    }
    const meshId = meshOfAll(consumers.map(({ side }) => side));
    const mesh = meshId === undefined ? {} : { meshId };
    this.#publisher.setLocalAddress(key, { treatment, producers: producers.size, ...mesh });
  }

  /** @returns whether the address became reachable for some producer or ceased to be */
  #judge(address: MobileAddress): boolean {
    let turned = false;
    for (const producer of Array.from(address.producers)) {
      turned = this.#tell(address, producer) || turned;
    }
    return turned;
  }

  #tell(address: MobileAddress, producer: Producer): boolean {
    const reachable =
      address.treatment !== Treatment.unavailable &&
      (address.consumers.some((consumer) => !isSameSide(consumer.side, producer.side)) ||
        this.#publisher.remoteCount(address.key) > 0);
    if (reachable === producer.reachable) return false;
    producer.reachable = reachable;
    producer.onReachable(reachable);
    return true;
  }

  #forget(address: MobileAddress): void {
    if (address.consumers.length > 0 || address.producers.size > 0) return;
    if (this.#mobile.get(address.key) === address) this.#mobile.delete(address.key);
  }
}
