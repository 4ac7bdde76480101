/** Keeps one outgoing connection alive: dials, waits for its end, pauses, dials again. */
import { backoffMs, type BackoffOptions } from '#base/backoff.ts';
import { messageOf } from '#base/errors.ts';
import type { Running, Startable } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import { type Random, randomFraction } from '#base/random.ts';

export interface Dialed {
  /** Resolves when the connection is over. Never rejects. */
  readonly closed: Promise<void>;
  /** Ends it in good order. */
  close(): void;
}

export type DialStatus = 'connecting' | 'up' | 'waiting' | 'stopped';

export interface RedialerDeps {
  readonly log: Logger;
  readonly random: Random;
  /** Makes and runs one connection. `attempt` counts from 0 since the last success. */
  readonly dial: (signal: AbortSignal, attempt: number) => Promise<Dialed>;
  readonly onStatus?: ((status: DialStatus, error?: unknown) => void) | undefined;
}

/** Pause after an established connection was lost, unless told otherwise. */
export const afterLossDefaultMs = 2000;
/** Pauses after failed tries, unless told otherwise. */
export const dialBackoffDefault: BackoffOptions = {
  firstMs: 1000,
  maxMs: 10_000,
  factor: 2,
  jitter: 0.2,
};

export interface RedialerOptions {
  /** Default {@link afterLossDefaultMs}. */
  readonly afterLossMs?: number | undefined;
  /** Default {@link dialBackoffDefault}. */
  readonly backoff?: BackoffOptions | undefined;
}

export interface RunningRedialer extends Running {
  readonly status: DialStatus;
  /** Why the last try failed. */
  readonly lastError: unknown;
  /** Give up the present pause and dial now. */
  dialNow(): void;
}

/** `start` resolves at once; tries go on until `stop`. */
export function redialer(deps: RedialerDeps, options: RedialerOptions): Startable<RunningRedialer> {
  return {
    start: (signal) => {
      const state = new RedialState(deps, options);
      state.run(signal);
      return Promise.resolve(state);
    },
  };
}

class RedialState implements RunningRedialer {
  readonly #deps: RedialerDeps;
  readonly #options: RedialerOptions;
  readonly #abort = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #dialed: Dialed | undefined = undefined;
  #wake: (() => void) | undefined = undefined;
  status: DialStatus = 'connecting';
  lastError: unknown = undefined;

  constructor(deps: RedialerDeps, options: RedialerOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  run(signal: AbortSignal): void {
    const onAbort = (): void => this.#abort.abort();
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#loop = this.#repeat().finally(() => signal.removeEventListener('abort', onAbort));
  }

  dialNow(): void {
    this.#wake?.();
  }

  async stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#abort.abort();
    const dialed = this.#dialed;
    dialed?.close();
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([this.#loop, grace]);
    clearTimeout(timer);
  }

  async #repeat(): Promise<void> {
    let attempt = 0;
    while (!this.#abort.signal.aborted) {
      const isUp = await this.#once(attempt);
      if (this.#abort.signal.aborted) break;
      attempt = isUp ? 0 : attempt + 1;
      this.#setStatus('waiting', this.lastError);
      await this.#pause(this.#pauseMs(isUp, attempt));
    }
    this.#setStatus('stopped');
  }

  /** True when a connection was made and has ended. */
  async #once(attempt: number): Promise<boolean> {
    this.#setStatus('connecting');
    try {
      const dialed = await this.#deps.dial(this.#abort.signal, attempt);
      this.#dialed = dialed;
      if (this.#abort.signal.aborted) dialed.close();
      this.lastError = undefined;
      this.#setStatus('up');
      await dialed.closed;
      return true;
    } catch (error) {
      this.lastError = error;
      if (!this.#abort.signal.aborted) {
        this.#deps.log.debug('dialing failed', { error: messageOf(error), attempt });
      }
      return false;
    } finally {
      this.#dialed = undefined;
    }
  }

  #pauseMs(isUp: boolean, attempt: number): number {
    if (isUp) return this.#options.afterLossMs ?? afterLossDefaultMs;
    const fraction = randomFraction(this.#deps.random);
    return backoffMs(this.#options.backoff ?? dialBackoffDefault, attempt - 1, fraction);
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#abort;
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(finish, ms);
      signal.addEventListener('abort', finish, { once: true });
      this.#wake = finish;
    });
  }

  #setStatus(status: DialStatus, error?: unknown): void {
    if (this.status === status && status !== 'waiting') return;
    this.status = status;
    this.#deps.onStatus?.(status, error);
  }
}
