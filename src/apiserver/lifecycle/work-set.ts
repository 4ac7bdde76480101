/** A set of things to look at again, worked off in the background, a few at a time. */
import { backoffMs, type BackoffOptions } from '#base/backoff.ts';
import { messageOf } from '#base/errors.ts';
import type { Logger } from '#base/log.ts';

/** Items handled at the same time. */
const parallelMax = 32;

const backoff: BackoffOptions = { firstMs: 50, maxMs: 30_000, factor: 2, jitter: 0.2 };

export class WorkSet {
  readonly #logger: Logger;
  readonly #handle: (item: string) => Promise<void>;
  readonly #waiting = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #retries = new Map<string, NodeJS.Timeout>();
  #running: Promise<void> | undefined;
  #stopped = false;

  /** @param handle looks at one item; a rejection means "again, later" */
  constructor(logger: Logger, handle: (item: string) => Promise<void>) {
    this.#logger = logger;
    this.#handle = handle;
  }

  add(item: string): void {
    if (this.#stopped) return;
    this.#waiting.add(item);
    this.#wake();
  }

  #wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // Something may have come after the last look.
      if (this.#waiting.size > 0) this.#wake();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.clear();
    for (const timer of this.#retries.values()) clearTimeout(timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    // The change that woke us is still being announced to others.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, parallelMax);
      for (const item of batch) this.#waiting.delete(item);
      await Promise.all(batch.map((item) => this.#attempt(item)));
    }
  }

  async #attempt(item: string): Promise<void> {
    try {
      await this.#handle(item);
      this.#failures.delete(item);
    } catch (thrown) {
      if (this.#stopped) return;
      const failures = (this.#failures.get(item) ?? 0) + 1;
      this.#failures.set(item, failures);
      this.#logger.warn('background work failed', { resource: item, error: messageOf(thrown) });
      clearTimeout(this.#retries.get(item));
      const pause = backoffMs(backoff, failures - 1, 0.5);
      this.#retries.set(
        item,
        setTimeout(() => {
          this.#retries.delete(item);
          this.add(item);
        }, pause).unref(),
      );
    }
  }
}
