/** Everything a controller under test is given, over an API in memory, with a clock that can jump. */
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Running } from '#base/lifecycle.ts';
import { type Logger, silentLogger } from '#base/log.ts';
import { type MetricsRegistry, noMetrics } from '#base/metrics.ts';
import type { Random } from '#base/random.ts';
import { InformerSet } from '#kubeclient/index.ts';
import { MemoryKube } from './memory-kube.ts';

export class JumpingClock {
  offsetMs = 0;

  nowMs(): number {
    return Date.now() + this.offsetMs;
  }

  monotonicMs(): number {
    return performance.now() + this.offsetMs;
  }
}

export interface ControllerBench {
  readonly client: MemoryKube;
  readonly informers: InformerSet;
  readonly clock: JumpingClock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  /** Stops it at the end of the test, before the informers. */
  own<R extends Running>(running: R): R;
}

export function controllerBench(context: TestContext, client = new MemoryKube()): ControllerBench {
  const random: Random = { bytes: (size) => randomBytes(size) };
  const informers = new InformerSet({ client, random, log: silentLogger });
  informers.start();
  const owned: Running[] = [];
  context.after(async () => {
    for (const running of owned.toReversed()) await running.stop({ graceMs: 1000 });
    await informers.stop();
  });
  return {
    client,
    informers,
    clock: new JumpingClock(),
    random,
    log: silentLogger,
    metrics: noMetrics,
    own: (running) => {
      owned.push(running);
      return running;
    },
  };
}
