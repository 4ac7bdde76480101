/** The results asked for lately, by key; beyond `max` the one used longest ago is forgotten. */
export class RecentResults<T> {
  readonly #max: number;
  /** In order of last use, so that the first is the oldest. */
  readonly #results = new Map<string, T>();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): T | undefined {
    const found = this.#results.get(key);
    if (found === undefined) return undefined;
    this.#results.delete(key);
    this.#results.set(key, found);
    return found;
  }

  set(key: string, result: T): void {
    this.#results.delete(key);
    this.#results.set(key, result);
    if (this.#results.size <= this.#max) return;
    for (const oldest of this.#results.keys()) {
      this.#results.delete(oldest);
      break;
    }
  }
}
