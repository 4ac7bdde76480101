/**
 * Addresses with consumers here, and what the other routers were last told about them. A change
 * waits a moment so that many go out as one; sequence numbers only grow.
 * @spec router-protocol 5.4
 */
import type { AddressDescriptor, Treatment } from './messages.ts';
import type { AbsoluteChange, DifferentialChange } from './messages.ts';

/** What is known about a local address. */
export interface LocalAddress {
  readonly treatment: Treatment;
  /** Local producers; default 0. */
  readonly producers?: number;
  /** Set when every consumer is behind one mesh of edge routers. */
  readonly meshId?: string;
}

export interface FlushTimes {
  readonly mobileFlushFirstMs: number;
  readonly mobileFlushIntervalMs: number;
}

export class LocalAddresses {
  readonly #times: FlushTimes;
  readonly #current = new Map<string, LocalAddress>();
  readonly #published = new Map<string, AddressDescriptor>();
  readonly #pending = new Set<string>();
  #mobileSeq = 0;
  #flushedMs = -Infinity;
  #deadlineMs = Infinity;

  constructor(times: FlushTimes) {
    this.#times = times;
  }

  get mobileSeq(): number {
    return this.#mobileSeq;
  }

  /** When `takeChange` is due; Infinity while nothing waits. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  set(key: string, address: LocalAddress, nowMs: number): void {
    this.#current.set(key, address);
    this.#touch(key, nowMs);
  }

  delete(key: string, nowMs: number): void {
    if (this.#current.delete(key)) this.#touch(key, nowMs);
  }

  get(key: string): LocalAddress | undefined {
    return this.#current.get(key);
  }

  keys(): Iterable<string> {
    return this.#current.keys();
  }

  /** The change to publish now, counted; undefined when what waited has cancelled itself out. */
  takeChange(nowMs: number): DifferentialChange | undefined {
    const add: AddressDescriptor[] = [];
    const del: string[] = [];
    for (const key of this.#pending) {
      const current = this.#current.get(key);
      const published = this.#published.get(key);
      if (current === undefined) {
        if (published === undefined) continue;
        this.#published.delete(key);
        del.push(key);
      } else if (!isSame(current, published)) {
        const descriptor = describe(key, current);
        this.#published.set(key, descriptor);
        add.push(descriptor);
      }
    }
    this.#pending.clear();
    this.#deadlineMs = Infinity;
    if (add.length === 0 && del.length === 0) return undefined;
    this.#flushedMs = nowMs;
    this.#mobileSeq++;
    return { kind: 'differential', add, del };
  }

  /** Everything as last published. */
  absolute(): AbsoluteChange {
    return { kind: 'absolute', exist: [...this.#published.values()] };
  }

  #touch(key: string, nowMs: number): void {
    this.#pending.add(key);
    if (this.#deadlineMs !== Infinity) return;
    this.#deadlineMs = Math.max(
      nowMs + this.#times.mobileFlushFirstMs,
      this.#flushedMs + this.#times.mobileFlushIntervalMs,
    );
  }
}

function describe(key: string, address: LocalAddress): AddressDescriptor {
  return {
    key,
    treatment: address.treatment,
    producers: address.producers ?? 0,
    meshId: address.meshId,
  };
}

/** Producers may change unsaid; they are told along with other changes. */
function isSame(current: LocalAddress, published: AddressDescriptor | undefined): boolean {
  return (
    published !== undefined &&
    published.treatment === current.treatment &&
    published.meshId === current.meshId
  );
}
