/**
 * Questions to other routers that wait for an answer (LSR, MAR). Asked again with growing pauses,
 * because a question or its answer is dropped wherever paths are not settled yet.
 */
export type Question = 'LSR' | 'MAR';

interface Pending {
  readonly router: string;
  readonly question: Question;
  /** Infinity: asked until answered. */
  readonly triesMax: number;
  tries: number;
  dueMs: number;
  askedMs: number;
}

const retryFirstMs = 150;
const retryFactor = 1.5;
const retryMaxMs = 4000;
/** Least pause between two tries when paths changed in between. */
const retryMinMs = 50;

export class Requests {
  readonly #pending = new Map<string, Pending>();
  /** At or before the earliest due time. */
  #deadlineMs = Infinity;

  /** Asks at the next `takeDue`, unless the same question is open already. */
  want(router: string, question: Question, nowMs: number, triesMax = Infinity): void {
    const key = `${question} ${router}`;
    const known = this.#pending.get(key);
    if (known !== undefined && known.triesMax >= triesMax) return;
    this.#pending.set(key, {
      router,
      question,
      triesMax,
      tries: 0,
      dueMs: nowMs,
      askedMs: -Infinity,
    });
    this.#deadlineMs = Math.min(this.#deadlineMs, nowMs);
  }

  /** Paths changed: what was dropped on the way may get through now. */
  bringForward(nowMs: number): void {
    for (const pending of this.#pending.values()) {
      if (pending.tries >= pending.triesMax) continue;
      pending.dueMs = Math.min(pending.dueMs, Math.max(nowMs, pending.askedMs + retryMinMs));
      this.#deadlineMs = Math.min(this.#deadlineMs, pending.dueMs);
    }
  }

  answered(router: string, question: Question): void {
    this.#pending.delete(`${question} ${router}`);
  }

  drop(router: string): void {
    this.answered(router, 'LSR');
    this.answered(router, 'MAR');
  }

  nextDeadlineMs(): number {
    return this.#deadlineMs;
  }

  /** Calls `ask` for each question that is due; the next try is put off further each time. */
  takeDue(nowMs: number, ask: (router: string, question: Question) => void): void {
    if (this.#deadlineMs > nowMs) return;
    let deadline = Infinity;
    for (const [key, pending] of this.#pending) {
      if (pending.dueMs <= nowMs) {
        if (pending.tries >= pending.triesMax) {
          this.#pending.delete(key);
          continue;
        }
        pending.dueMs = nowMs + Math.min(retryMaxMs, retryFirstMs * retryFactor ** pending.tries);
        pending.askedMs = nowMs;
        pending.tries++;
        ask(pending.router, pending.question);
      }
      deadline = Math.min(deadline, pending.dueMs);
    }
    this.#deadlineMs = deadline;
  }
}
