/**
 * Remembers successful answers for a short while, so that a joiner whose answer got lost can ask
 * again without using up another redemption. It gets the very same documents; nothing new is signed.
 */
import { createHash } from 'node:crypto';

export interface AnswerMemoryOptions {
  /** How long an answer is kept, in milliseconds. */
  readonly keepMs: number;
  readonly answersMax: number;
}

interface Entry<T> {
  readonly answer: Promise<T | undefined>;
  readonly untilMs: number;
}

export class AnswerMemory<T> {
  readonly #options: AnswerMemoryOptions;
  /** In order of making, so that the first is the oldest. */
  readonly #entries = new Map<string, Entry<T>>();

  constructor(options: AnswerMemoryOptions) {
    this.#options = options;
  }

  /** The answer made under this key before, also while it is still being made. */
  find(key: string, nowMs: number): Promise<T | undefined> | undefined {
    this.#forget(nowMs);
    return this.#entries.get(key)?.answer;
  }

  /** Keeps what `answer` resolves to; undefined or a rejection is not kept. */
  keep(key: string, answer: Promise<T | undefined>, nowMs: number): void {
    this.#entries.set(key, { answer, untilMs: nowMs + this.#options.keepMs });
    const drop = (): void => void this.#entries.delete(key);
    answer.then((value) => (value === undefined ? drop() : undefined), drop);
    this.#forget(nowMs);
  }

  #forget(nowMs: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.untilMs > nowMs && this.#entries.size <= this.#options.answersMax) return;
      this.#entries.delete(key);
    }
  }
}

/** One key out of several texts, without a chance to shift text from one to the next. */
export function answerKey(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}
