/** Metrics as an interface; the exposition lives in telemetry. Labels are bounded by their owners. */
export interface Counter {
  add(amount: number, labels?: Readonly<Record<string, string>>): void;
  /** The counter of these labels, for those who count often. */
  bind(labels: Readonly<Record<string, string>>): BoundCounter;
}

export type BoundCounter = (amount: number) => void;

export interface MetricsRegistry {
  /** A value that only grows. */
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  /** A value computed when scraped, so that it costs nothing otherwise. */
  gauge(name: string, help: string, read: () => number): void;
}

/** A registry that counts nothing. */
export const noMetrics: MetricsRegistry = {
  counter: () => ({ add: () => undefined, bind: () => () => undefined }),
  gauge: () => undefined,
};
