/**
 * Lets a bounded number of requests work at once and shares the places fairly: those who wait are
 * served in turns by flow, however many requests each flow has sent, and a flow with weight 2 gets
 * two turns for one of weight 1. One flow never holds more than half of the places.
 *
 *   enter --place free--> works --leave--> the waiting flow that had least of its share is next
 *     |                                                  ^
 *     +--none free--> waits (bounded, for a while) ------+--too many, too long--> refused
 */

/** Who asks, as far as sharing is concerned. */
export interface Flow {
  readonly id: string;
  /** Turns it gets compared to others; above 0. */
  readonly weight: number;
}

export interface FairGateOptions {
  /** Requests that work at once. */
  readonly placesMax: number;
  /** Requests of one flow that may wait. */
  readonly waitingPerFlowMax: number;
  /** Requests that may wait in all. */
  readonly waitingMax: number;
  /** Longest wait. */
  readonly waitMsMax: number;
}

interface Waiting {
  /** Takes the place; false when the request is gone. */
  readonly admit: () => boolean;
}

interface FlowState {
  readonly weight: number;
  /** Grows with each turn; the smallest is next. */
  share: number;
  working: number;
  readonly waiting: Waiting[];
}

export class FairGate {
  readonly #options: FairGateOptions;
  readonly #placesPerFlow: number;
  readonly #flows = new Map<string, FlowState>();
  #working = 0;
  #waiting = 0;
  /** The share of the flow that was served last: newcomers begin there, without arrears. */
  #now = 0;

  constructor(options: FairGateOptions) {
    this.#options = options;
    this.#placesPerFlow = Math.max(1, Math.floor(options.placesMax / 2));
  }

  /**
   * Waits for a place.
   * @param gone aborted when nobody waits for the answer any more
   * @returns gives the place back; undefined when the request is refused or gone
   */
  async enter(flow: Flow, gone: AbortSignal): Promise<(() => void) | undefined> {
    const state = this.#stateOf(flow);
    const { placesMax, waitingPerFlowMax, waitingMax } = this.#options;
    const free = this.#working < placesMax && state.working < this.#placesPerFlow;
    if (free && state.waiting.length === 0) return this.#take(flow.id, state);
    if (state.waiting.length >= waitingPerFlowMax || this.#waiting >= waitingMax) {
      this.#forget(flow.id, state);
      return undefined;
    }
    return this.#wait(flow.id, state, gone);
  }

  #wait(id: string, state: FlowState, gone: AbortSignal): Promise<(() => void) | undefined> {
    const { promise, resolve } = Promise.withResolvers<(() => void) | undefined>();
    let settled = false;
    const settle = (leave: (() => void) | undefined): void => {
      settled = true;
      clearTimeout(timer);
      gone.removeEventListener('abort', giveUp);
      resolve(leave);
    };
    const entry: Waiting = {
      admit: () => {
        if (settled) return false;
        settle(this.#take(id, state));
        return true;
      },
    };
    const giveUp = (): void => {
      if (settled) return;
      state.waiting.splice(state.waiting.indexOf(entry), 1);
      this.#waiting--;
      settle(undefined);
      this.#forget(id, state);
    };
    const timer = setTimeout(giveUp, this.#options.waitMsMax);
    state.waiting.push(entry);
    this.#waiting++;
    gone.addEventListener('abort', giveUp, { once: true });
    if (gone.aborted) giveUp();
    return promise;
  }

  #take(id: string, state: FlowState): () => void {
    this.#working++;
    state.working++;
    this.#now = Math.max(this.#now, state.share);
    state.share += 1 / state.weight;
    return () => {
      this.#working--;
      state.working--;
      this.#next();
      this.#forget(id, state);
    };
  }

  #next(): void {
    while (this.#working < this.#options.placesMax && this.#waiting > 0) {
      let next: FlowState | undefined;
      for (const state of this.#flows.values()) {
        if (state.waiting.length === 0 || state.working >= this.#placesPerFlow) continue;
        if (next === undefined || state.share < next.share) next = state;
      }
      const first = next?.waiting.shift();
      if (first === undefined) return;
      this.#waiting--;
      first.admit();
    }
  }

  #stateOf({ id, weight }: Flow): FlowState {
    const known = this.#flows.get(id);
    if (known !== undefined) {
      if (known.waiting.length === 0) known.share = Math.max(known.share, this.#now);
      return known;
    }
    const state = { weight, share: this.#now, working: 0, waiting: [] };
    this.#flows.set(id, state);
    return state;
  }

  #forget(id: string, state: FlowState): void {
    if (state.working === 0 && state.waiting.length === 0) this.#flows.delete(id);
  }
}
