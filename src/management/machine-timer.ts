/** Wakes a tick-driven machine at its deadline; a thin driver. */
import type { Clock } from '#base/clock.ts';

export interface TimedMachine {
  tick(): void;
  nextDeadlineMs(): number;
}

/** Longest single sleep, ms: later deadlines are looked at again then. */
const sleepMaxMs = 60_000;

export class MachineTimer {
  readonly #clock: Clock;
  readonly #machine: TimedMachine;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Infinity;
  #stopped = false;

  constructor(deps: { readonly clock: Clock }, machine: TimedMachine) {
    this.#clock = deps.clock;
    this.#machine = machine;
  }

  /** To be called after every input of the machine. */
  adjust(): void {
    const dueMs = this.#machine.nextDeadlineMs();
    if (this.#stopped || (this.#timer !== undefined && this.#dueMs === dueMs)) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    const sleepMs = Math.min(sleepMaxMs, Math.max(0, dueMs - this.#clock.monotonicMs()));
    this.#timer = setTimeout(() => this.#wake(), Math.ceil(sleepMs));
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wake(): void {
    this.#timer = undefined;
    this.#machine.tick();
    this.adjust();
  }
}
