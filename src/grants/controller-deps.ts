/** What the controllers of this folder are given. */
import type { Clock } from '#base/clock.ts';
import type { Logger } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import type { Random } from '#base/random.ts';
import type { EventRecorder, InformerSet, KubeClient, WritingClient } from '#kubeclient/index.ts';

export interface GrantsDeps {
  readonly client: WritingClient & Pick<KubeClient, 'remove'>;
  /** Shared by the process, which starts and stops it. */
  readonly informers: InformerSet;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  /** Tells people what happened to an object; absent: nobody is told. */
  readonly events?: Pick<EventRecorder, 'record'>;
}
