/** The real clock and real randomness, for tests that run the real parts. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemRandom: Random = { bytes: (size) => randomBytes(size) };
