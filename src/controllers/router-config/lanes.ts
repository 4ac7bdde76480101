/**
 * Work on several routers side by side: one that does not answer keeps neither the others waiting
 * nor the next look at them.
 */
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';

/** The work goes on, or that of an earlier call does. */
export const busy = Symbol('busy');

export class Lanes {
  readonly #log: Logger;
  readonly #patienceMs: number;
  readonly #working = new Set<string>();

  /** @param patienceMs how long a call waits for its work */
  constructor(log: Logger, patienceMs: number) {
    this.#log = log;
    this.#patienceMs = patienceMs;
  }

  /**
   * Begins the work of a lane, unless it is still at it. What fails after nobody waits any more is
   * logged.
   * @throws what the work throws in time
   */
  async run<T>(lane: string, work: () => Promise<T>): Promise<T | typeof busy> {
    if (this.#working.has(lane)) return busy;
    this.#working.add(lane);
    const running = work().finally(() => this.#working.delete(lane));
    let isLate = false;
    running.catch((thrown: unknown) => {
      if (isLate) this.#log.warn('late work failed', { lane, error: messageOf(thrown) });
    });
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<typeof busy>((resolve) => {
      timer = setTimeout(() => {
        isLate = true;
        resolve(busy);
      }, this.#patienceMs);
    });
    try {
      return await Promise.race([running, patience]);
    } finally {
      clearTimeout(timer);
    }
  }
}
