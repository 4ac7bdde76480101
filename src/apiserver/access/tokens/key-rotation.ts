/**
 * When token keys change: a new key is published before it signs, so that nobody meets it unprepared,
 * and stays published until the last token it signed is over.
 */

export interface RotationTimes {
  /** A key signs for so long; then the next is made. */
  readonly signMs: number;
  /** A new key is published for so long before it signs. */
  readonly publishMs: number;
  /** The longest life of a token. */
  readonly tokenMs: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export const defaultRotationTimes: RotationTimes = {
  signMs: 90 * dayMs,
  // Key sets may be cached for an hour.
  publishMs: 2 * hourMs,
  tokenMs: 365 * dayMs,
};

interface Dated {
  readonly createdMs: number;
}

export interface RotationPlan<K extends Dated> {
  readonly create: boolean;
  /** Absent only when there are no keys. */
  readonly signing: K | undefined;
  /** Keys that signed no token which could still be good. */
  readonly expired: readonly K[];
}

/** What to do with the keys there are. */
export function planRotation<K extends Dated>(
  keys: readonly K[],
  nowMs: number,
  times: RotationTimes,
): RotationPlan<K> {
  const newestFirst = keys.toSorted((a, b) => b.createdMs - a.createdMs);
  const [newest] = newestFirst;
  const oldest = newestFirst.at(-1);
  const ready = newestFirst.find(({ createdMs }) => createdMs + times.publishMs <= nowMs);
  const expired = newestFirst.filter((_key, index) => {
    const successor = newestFirst[index - 1];
    if (!successor) return false;
    return successor.createdMs + times.publishMs + times.tokenMs < nowMs;
  });
  return {
    create: !newest || newest.createdMs + times.signMs <= nowMs,
    signing: ready ?? oldest,
    expired,
  };
}
