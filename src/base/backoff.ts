/** Growing pauses between tries, with jitter so that many clients do not return together. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Growth per try, at least 1. */
  readonly factor: number;
  /** Share of the pause that is random, 0 to 1. */
  readonly jitter: number;
}

/**
 * The pause before try number `attempt` (0 is the first retry).
 * @param fraction a random number in [0, 1)
 */
export function backoffMs(options: BackoffOptions, attempt: number, fraction: number): number {
  const exponent = Math.min(attempt, 64);
  const full = Math.min(options.maxMs, options.firstMs * options.factor ** exponent);
  return full * (1 - options.jitter * fraction);
}
