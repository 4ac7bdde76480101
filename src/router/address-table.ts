/**
 * Addresses with consumers or producers in this router: mobile ones, which the routing engine tells
 * the network about, and local names (`temp.…`, `$management`, the routing protocol's own).
 */
import { mobileKey, Treatment, type ConnectionId } from '#routing/index.ts';
import type { MessageConsumer } from './message.ts';
import type { Registration, StreamConsumer } from './stream.ts';

/** What stands behind an address here; it may take streams, whole messages, or both. */
export interface LocalConsumer {
  readonly stream?: StreamConsumer;
  readonly message?: MessageConsumer;
}

export interface MobileConsumer extends LocalConsumer {
  /** Streams and messages given to it and not settled yet. */
  outstanding: number;
}

export interface MobileAddress {
  readonly key: string;
  readonly treatment: Treatment;
  readonly consumers: MobileConsumer[];
  readonly producers: Set<(reachable: boolean) => void>;
  /** Streams and messages sent over a neighbour's connection and not settled yet. */
  readonly outstanding: Map<ConnectionId, number>;
  /** Turns among equals. */
  turn: number;
  reachable: boolean;
  deliveries: number;
}

/** What the table needs of the routing engine. */
export interface AddressPublisher {
  setLocalAddress(key: string, address: { treatment: Treatment; producers: number }): void;
  deleteLocalAddress(key: string): void;
  remoteCount(key: string): number;
  /** As another router told it; undefined for an address that no other router has. */
  treatmentOf(key: string): Treatment | undefined;
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
    const address = this.#address(name, hint);
    const entry: MobileConsumer = { ...consumer, outstanding: 0 };
    address.consumers.push(entry);
    if (address.consumers.length === 1 && address.treatment !== Treatment.unavailable) {
      this.#publisher.setLocalAddress(address.key, {
        treatment: address.treatment,
        producers: address.producers.size,
      });
    }
    if (!this.#judge(address)) this.#grown(address.key);
    return {
      remove: () => {
        const at = address.consumers.indexOf(entry);
        if (at < 0) return;
        address.consumers.splice(at, 1);
        if (address.consumers.length === 0) this.#publisher.deleteLocalAddress(address.key);
        this.#judge(address);
        this.#forget(address);
      },
    };
  }

  addProducer(name: string, onReachable: (reachable: boolean) => void): Registration {
    const address = this.#address(name, undefined);
    address.producers.add(onReachable);
    if (address.producers.size === 1) this.#judge(address);
    if (address.reachable) onReachable(true);
    return {
      remove: () => {
        address.producers.delete(onReachable);
        this.#forget(address);
      },
    };
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

  #address(name: string, hint: Treatment | undefined): MobileAddress {
    const key = mobileKey(name);
    const known = this.#mobile.get(key);
    if (known !== undefined) return known;
    const address: MobileAddress = {
      key,
      treatment: this.treatment(key, hint),
      consumers: [],
      producers: new Set(),
      outstanding: new Map(),
      turn: 0,
      reachable: false,
      deliveries: 0,
    };
    this.#mobile.set(key, address);
    return address;
  }

  /** @returns whether the address became reachable or ceased to be */
  #judge(address: MobileAddress): boolean {
    const reachable =
      address.treatment !== Treatment.unavailable &&
      (address.consumers.length > 0 || this.#publisher.remoteCount(address.key) > 0);
    if (reachable === address.reachable) return false;
    address.reachable = reachable;
    for (const onReachable of Array.from(address.producers)) onReachable(reachable);
    return true;
  }

  #forget(address: MobileAddress): void {
    if (address.consumers.length > 0 || address.producers.size > 0) return;
    if (this.#mobile.get(address.key) === address) this.#mobile.delete(address.key);
  }
}
