/**
 * What the API server asked about and may store in the next moment. The uid is random and known to
 * nobody else before the object is there: an object that appears with it was really asked about.
 */
import type { Clock } from '#base/clock.ts';

/** How long an admitted object may take to appear; milliseconds. */
const appearMsMax = 120_000;
/** Admitted objects that have not appeared yet; the oldest is forgotten first. */
const admittedMax = 4096;

export class AdmittedObjects<T> {
  readonly #clock: Clock;
  readonly #byUid = new Map<string, { readonly what: T; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Remembers an object without uid not at all. */
  add(uid: string | undefined, what: T): void {
    if (uid === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    for (const [oldest, { untilMs }] of this.#byUid) {
      if (untilMs > nowMs && this.#byUid.size < admittedMax) break;
      this.#byUid.delete(oldest);
    }
    this.#byUid.set(uid, { what, untilMs: nowMs + appearMsMax });
  }

  find(uid: string | undefined): T | undefined {
    return uid === undefined ? undefined : this.#byUid.get(uid)?.what;
  }
}
