/** What runs, in the order in which it was started; stopped in reverse. */
import { messageOf } from '#base/errors.ts';
import type { Running } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';

export class RunningStack {
  readonly #parts: { readonly name: string; readonly part: Running }[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Takes over stopping `part`. @returns the part */
  add<R extends Running>(name: string, part: R): R {
    this.#parts.push({ name, part });
    return part;
  }

  /** Stops everything, last first. A part that fails to stop is told and does not hold up others. */
  async stop(options: { readonly graceMs: number }): Promise<void> {
    for (let entry = this.#parts.pop(); entry !== undefined; entry = this.#parts.pop()) {
      try {
        await entry.part.stop(options);
      } catch (thrown) {
        this.#log.error('part did not stop', { part: entry.name, reason: messageOf(thrown) });
      }
    }
  }
}
