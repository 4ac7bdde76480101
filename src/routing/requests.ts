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
}

const retryFirstMs = 250;
const retryMaxMs = 4000;

export class Requests {
  readonly #pending = new Map<string, Pending>();

  /** Asks at the next `takeDue`, unless the same question is open already. */
  want(router: string, question: Question, nowMs: number, triesMax = Infinity): void {
    const key = `${question} ${router}`;
    const known = this.#pending.get(key);
    if (known !== undefined && known.triesMax >= triesMax) return;
    this.#pending.set(key, { router, question, triesMax, tries: 0, dueMs: nowMs });
  }

  answered(router: string, question: Question): void {
    this.#pending.delete(`${question} ${router}`);
  }

  drop(router: string): void {
    this.answered(router, 'LSR');
    this.answered(router, 'MAR');
  }

  nextDeadlineMs(): number {
    let deadline = Infinity;
    for (const pending of this.#pending.values()) deadline = Math.min(deadline, pending.dueMs);
    return deadline;
  }

  /** Calls `ask` for each question that is due; the next try is put off further each time. */
  takeDue(nowMs: number, ask: (router: string, question: Question) => void): void {
    for (const [key, pending] of this.#pending) {
      if (pending.dueMs > nowMs) continue;
      if (pending.tries >= pending.triesMax) {
        this.#pending.delete(key);
        continue;
      }
      pending.dueMs = nowMs + Math.min(retryMaxMs, retryFirstMs * 2 ** pending.tries);
      pending.tries++;
      ask(pending.router, pending.question);
    }
  }
}
