/**
 * Counts attempts per key with a leaking bucket: `burst` at once, then one per `leakMs`.
 * Bounded: beyond `keysMax` keys the one touched longest ago is forgotten.
 */
export interface AttemptLimitOptions {
  /** Attempts allowed at once. */
  readonly burst: number;
  /** One attempt is forgotten each this many milliseconds. */
  readonly leakMs: number;
  readonly keysMax: number;
}

interface Bucket {
  level: number;
  atMs: number;
}

export class AttemptLimit {
  readonly #options: AttemptLimitOptions;
  /** In order of last use, so that the first is the oldest. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: AttemptLimitOptions) {
    this.#options = options;
  }

  /** Milliseconds to wait before the next attempt; 0 when it may be made now. */
  waitMs(key: string, nowMs: number): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return 0;
    const { burst, leakMs } = this.#options;
    const level = this.#levelAt(bucket, nowMs);
    return level + 1 <= burst ? 0 : Math.ceil((level + 1 - burst) * leakMs);
  }

  /** Counts one attempt. */
  onAttempt(key: string, nowMs: number): void {
    const known = this.#buckets.get(key);
    const level = known === undefined ? 0 : this.#levelAt(known, nowMs);
    this.#buckets.delete(key);
    this.#buckets.set(key, { level: level + 1, atMs: nowMs });
    if (this.#buckets.size <= this.#options.keysMax) return;
    for (const oldest of this.#buckets.keys()) {
      this.#buckets.delete(oldest);
      break;
    }
  }

  #levelAt(bucket: Bucket, nowMs: number): number {
    const leaked = Math.max(0, nowMs - bucket.atMs) / this.#options.leakMs;
    return Math.max(0, bucket.level - leaked);
  }
}

/**
 * What attempts from one place are counted under: an IPv4 address, or the /64 of an IPv6 address,
 * because one host can take any address within it.
 */
export function placeOf(remoteAddress: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress)?.[1];
  if (mapped !== undefined) return mapped;
  if (!remoteAddress.includes(':')) return remoteAddress;
  const [address = ''] = remoteAddress.split('%');
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const rest = tail === '' ? [] : tail.split(':');
    while (groups.length + rest.length < 8) groups.push('0');
    groups.push(...rest);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
