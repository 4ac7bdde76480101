/** Keeps one outgoing connection alive: dials, waits for its end, pauses, dials again. */
import { AssertionFault } from '#base/assert.ts';
import type { BackoffOptions } from '#base/backoff.ts';
import type { Running, Startable } from '#base/lifecycle.ts';
import type { Logger } from '#base/log.ts';
import type { Random } from '#base/random.ts';

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
  readonly onStatus?: (status: DialStatus, error?: unknown) => void;
}

export interface RedialerOptions {
  /** Pause after an established connection was lost. Default 2000. */
  readonly afterLossMs?: number | undefined;
  /** Pauses after failed tries. Default 1 s, doubling up to 10 s, jitter 0.2. */
  readonly backoff?: BackoffOptions | undefined;
}

export interface RunningRedialer extends Running {
  readonly status: DialStatus;
  /** Why the last try or connection failed. */
  readonly lastError: unknown;
  /** Give up the present pause and dial now. */
  dialNow(): void;
}

/** `start` resolves at once; tries go on until `stop`. */
export function redialer(
  _deps: RedialerDeps,
  _options: RedialerOptions,
): Startable<RunningRedialer> {
  throw new AssertionFault('redialer follows in the next commit');
}
