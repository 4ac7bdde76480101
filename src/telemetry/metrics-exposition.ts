/** Counting behind the interface of base/metrics.ts, and the text that Prometheus scrapes. */
import type { MetricsRegistry } from '#base/metrics.ts';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

export interface MetricsOptions {
  /** Memory, CPU and event loop of the process too. Default false. */
  readonly processMetrics?: boolean;
  /**
   * Most different label combinations per counter; further ones are counted under `other`, so that
   * names chosen by peers cannot grow memory. Default 1000.
   */
  readonly labelSetsMax?: number;
}

export interface Metrics extends MetricsRegistry {
  readonly contentType: string;
  /** The exposition, computed now. */
  scrape(): Promise<string>;
}

/** Asking twice for a name gives the same counter; the later gauge of a name wins. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const labelSetsMax = options.labelSetsMax ?? 1000;
  const counters = new Map<string, ReturnType<MetricsRegistry['counter']>>();
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry });
  return {
    contentType: registry.contentType,
    scrape: () => registry.metrics(),
    counter: (name, help, labels = []) => {
      const known = counters.get(name);
      if (known !== undefined) return known;
      const tallies = new Map<string, Tally>();
      const counter = new Counter({
        name,
        help,
        labelNames: [...labels],
        registers: [registry],
        collect: () => settle(tallies),
      });
      const bounded = boundedCounter(counter, labels, labelSetsMax, tallies);
      counters.set(name, bounded);
      return bounded;
    },
    gauge: (name, help, read) => {
      registry.removeSingleMetric(name);
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers: [registry],
        collect: () => gauge.set(read()),
      });
    },
  };
}

/** What was counted under some labels since the last scrape. */
interface Tally {
  readonly counter: Counter.Internal;
  amount: number;
}

function settle(tallies: ReadonlyMap<string, Tally>): void {
  for (const tally of tallies.values()) {
    if (tally.amount > 0) tally.counter.inc(tally.amount);
    tally.amount = 0;
  }
}

function boundedCounter(
  counter: Counter,
  labels: readonly string[],
  labelSetsMax: number,
  tallies: Map<string, Tally>,
): ReturnType<MetricsRegistry['counter']> {
  const seen = new Set<string>();
  const other = Object.fromEntries(labels.map((label) => [label, 'other']));
  const setOf = (values: Readonly<Record<string, string>> | undefined): Record<string, string> => {
    const set = Object.fromEntries(labels.map((label) => [label, values?.[label] ?? '']));
    const key = JSON.stringify(set);
    if (!seen.has(key)) {
      if (seen.size >= labelSetsMax) return other;
      seen.add(key);
    }
    return set;
  };
  return {
    add: (amount, values) => {
      if (labels.length === 0) counter.inc(amount);
      else counter.labels(setOf(values)).inc(amount);
    },
    bind: (values) => {
      const set = setOf(values);
      const key = JSON.stringify(set);
      const known = tallies.get(key);
      const tally = known ?? { counter: counter.labels(set), amount: 0 };
      if (known === undefined) tallies.set(key, tally);
      return (amount) => {
        tally.amount += amount;
      };
    },
  };
}
