/**
 * The addresses of one tcpListener: a single one, or several with a strategy. Counts the listener as
 * a producer of each, knows which are reachable, and chooses one for a new connection.
 */
import { type Random, randomFraction } from '#base/random.ts';
import type { Registration, StreamRouter } from '#router/index.ts';

/** How one of several addresses is chosen. @spec router-protocol 7.6 */
export type AddressStrategy = 'none' | 'priority' | 'weighted';

interface Candidate {
  readonly value: number;
  registration: Registration | undefined;
  reachable: boolean;
  connectionsOpened: number;
}

export interface ListenerAddressesDeps {
  readonly router: StreamRouter;
  readonly random: Random;
}

export class ListenerAddresses {
  readonly strategy: AddressStrategy;
  readonly #deps: ListenerAddressesDeps;
  readonly #candidates = new Map<string, Candidate>();
  #onChange: (() => void) | undefined;

  constructor(deps: ListenerAddressesDeps, strategy: AddressStrategy) {
    this.#deps = deps;
    this.strategy = strategy;
  }

  get anyReachable(): boolean {
    for (const candidate of this.#candidates.values()) if (candidate.reachable) return true;
    return false;
  }

  /** @param onChange called when a destination came or went */
  start(onChange: () => void): void {
    this.#onChange = onChange;
    for (const [address, candidate] of this.#candidates) this.#watch(address, candidate);
  }

  stop(): void {
    this.#onChange = undefined;
    for (const candidate of this.#candidates.values()) {
      candidate.registration?.remove();
      candidate.registration = undefined;
      candidate.reachable = false;
    }
  }

  get size(): number {
    return this.#candidates.size;
  }

  has(address: string): boolean {
    return this.#candidates.has(address);
  }

  /** @param value priority or weight, as the strategy reads it */
  add(address: string, value: number): void {
    if (this.#candidates.has(address)) return;
    const candidate = {
      value,
      registration: undefined,
      reachable: false,
      connectionsOpened: 0,
    };
    this.#candidates.set(address, candidate);
    if (this.#onChange !== undefined) this.#watch(address, candidate);
  }

  remove(address: string): void {
    this.#candidates.get(address)?.registration?.remove();
    if (this.#candidates.delete(address)) this.#onChange?.();
  }

  connectionsOpened(address: string): number {
    return this.#candidates.get(address)?.connectionsOpened ?? 0;
  }

  /**
   * The address for a new connection; undefined when none is reachable. One of weight 0 is used only
   * while nothing else is reachable.
   */
  choose(): string | undefined {
    const chosen = this.strategy === 'weighted' ? this.#byWeight() : this.#byPriority();
    const candidate = chosen === undefined ? undefined : this.#candidates.get(chosen);
    if (candidate !== undefined) candidate.connectionsOpened++;
    return chosen;
  }

  #watch(address: string, candidate: Candidate): void {
    candidate.registration = this.#deps.router.addProducer(address, (reachable) => {
      candidate.reachable = reachable;
      this.#onChange?.();
    });
  }

  #byPriority(): string | undefined {
    let best: string | undefined;
    let bestValue = Number.NEGATIVE_INFINITY;
    for (const [address, { reachable, value }] of this.#candidates) {
      if (!reachable || value <= bestValue) continue;
      best = address;
      bestValue = value;
    }
    return best;
  }

  #byWeight(): string | undefined {
    let total = 0;
    for (const { reachable, value } of this.#candidates.values()) {
      if (reachable) total += Math.max(0, value);
    }
    if (total === 0) return this.#byPriority();
    let point = randomFraction(this.#deps.random) * total;
    for (const [address, { reachable, value }] of this.#candidates) {
      if (!reachable || value <= 0) continue;
      point -= value;
      if (point < 0) return address;
    }
    return undefined;
  }
}
