/** The real time and randomness, for tests with real sockets. */
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { randomBytes } from 'node:crypto';

export const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const realRandom: Random = { bytes: (size) => randomBytes(size) };
