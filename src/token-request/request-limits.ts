/** How often one client address and one bearer token may call. */
import { AttemptLimit, placeOf } from '#base/attempt-limit.ts';

export interface RequestRates {
  /** Requests of one address (one /64 of IPv6) at once, and a minute after that. */
  readonly clientBurst: number;
  readonly clientPerMinute: number;
  /** The same for one bearer token, wherever it is used. */
  readonly tokenBurst: number;
  readonly tokenPerMinute: number;
}

export const requestRatesDefault: RequestRates = {
  clientBurst: 30,
  clientPerMinute: 60,
  tokenBurst: 20,
  tokenPerMinute: 30,
};

/** Addresses and tokens that are remembered; about 200 bytes each. */
const keysMax = 10_000;

const minuteMs = 60_000;

export class RequestLimits {
  readonly #clients: AttemptLimit;
  readonly #tokens: AttemptLimit;

  constructor(rates: RequestRates) {
    const { clientBurst, clientPerMinute, tokenBurst, tokenPerMinute } = rates;
    this.#clients = new AttemptLimit({
      burst: clientBurst,
      leakMs: minuteMs / clientPerMinute,
      keysMax,
    });
    this.#tokens = new AttemptLimit({
      burst: tokenBurst,
      leakMs: minuteMs / tokenPerMinute,
      keysMax,
    });
  }

  /** Milliseconds to wait; 0 when the request may pass, which is then counted. */
  take(address: string, tokenHash: string | undefined, nowMs: number): number {
    const place = placeOf(address);
    const waitMs = Math.max(
      this.#clients.waitMs(place, nowMs),
      tokenHash === undefined ? 0 : this.#tokens.waitMs(tokenHash, nowMs),
    );
    if (waitMs > 0) return waitMs;
    this.#clients.onAttempt(place, nowMs);
    if (tokenHash !== undefined) this.#tokens.onAttempt(tokenHash, nowMs);
    return 0;
  }
}
