/** A stream that counts as outstanding at its destination until it is settled or given up. */
import type { Outcome, StreamFeedback, StreamSink } from './stream.ts';

export class TrackedStream implements StreamSink, StreamFeedback {
  readonly #feedback: StreamFeedback;
  readonly #onSettled: () => void;
  #sink: StreamSink | undefined;
  #settled = false;

  constructor(feedback: StreamFeedback, onSettled: () => void) {
    this.#feedback = feedback;
    this.#onSettled = onSettled;
  }

  /** Joins it with the destination's sink, which was opened with this as its feedback. */
  join(sink: StreamSink): StreamSink {
    this.#sink = sink;
    return this;
  }

  get blocked(): boolean {
    return this.#sink?.blocked ?? false;
  }

  write(bytes: Uint8Array): void {
    this.#sink?.write(bytes);
  }

  finish(settled: boolean): void {
    this.#sink?.finish(settled);
    if (settled) this.#settle();
  }

  abort(): void {
    this.#sink?.abort();
    this.#settle();
  }

  onProgress(octets: number): void {
    this.#feedback.onProgress(octets);
  }

  onOutcome(outcome: Outcome, settled: boolean): void {
    this.#settle();
    this.#feedback.onOutcome(outcome, settled);
  }

  onUnblocked(): void {
    this.#feedback.onUnblocked();
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#onSettled();
  }
}
