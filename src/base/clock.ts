/** Time as an argument: the pure floors never read the wall clock, they are given one of these. */
export interface Clock {
  /** Milliseconds since 1970, may jump. For timestamps that people or peers see. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start, never goes back. For intervals and deadlines. */
  monotonicMs(): number;
}
