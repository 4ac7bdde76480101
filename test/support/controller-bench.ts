/** Everything a controller under test is given: an API, informers, a clock that can jump. */
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Running } from '#base/lifecycle.ts';
import { type Logger, silentLogger } from '#base/log.ts';
import { type MetricsRegistry, noMetrics } from '#base/metrics.ts';
import type { Random } from '#base/random.ts';
import { namespace } from '#kube/index.ts';
import {
  directConnection,
  InformerSet,
  KubeClient,
  type WritingClient,
} from '#kubeclient/index.ts';
import { apiServerFor, type ApiServerSetup } from './api-server.ts';
import { MemoryKube } from './memory-kube.ts';

export class JumpingClock {
  offsetMs = 0;
  #stopped: { readonly nowMs: number; readonly monotonicMs: number } | undefined;

  /** Time that only the test moves from now on, however slow the machine is. */
  stop(): void {
    this.#stopped = { nowMs: Date.now(), monotonicMs: performance.now() };
  }

  nowMs(): number {
    return (this.#stopped?.nowMs ?? Date.now()) + this.offsetMs;
  }

  monotonicMs(): number {
    return (this.#stopped?.monotonicMs ?? performance.now()) + this.offsetMs;
  }
}

/** What the controllers write with. */
export type BenchClient = WritingClient & Pick<KubeClient, 'remove'>;

export interface ControllerBench<C extends BenchClient = BenchClient> {
  readonly client: C;
  readonly informers: InformerSet;
  readonly clock: JumpingClock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  /** Stops it at the end of the test, before the informers. */
  own<R extends Running>(running: R): R;
}

/** Over an API in memory, which can be told to fail. */
export function controllerBench(context: TestContext): ControllerBench<MemoryKube> {
  return benchOver(context, new MemoryKube());
}

/**
 * Over our own API server, with the given namespaces.
 * @param through makes the port that the client goes to, in front of that of the server
 */
export async function apiServerBench(
  context: TestContext,
  namespaces: readonly string[],
  setup: ApiServerSetup & { readonly through?: (port: number) => Promise<number> } = {},
): Promise<ControllerBench<KubeClient>> {
  const { server, files } = await apiServerFor(context, setup);
  const { ca, adminCert: cert, adminKey: key } = files;
  const url = new URL(server.origin);
  if (setup.through !== undefined) url.port = String(await setup.through(Number(url.port)));
  const client = new KubeClient(directConnection({ server: url.origin, ca, cert, key }));
  context.after(() => client.close());
  for (const name of namespaces) {
    await client.create(namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  return benchOver(context, client);
}

function benchOver<C extends BenchClient & Pick<KubeClient, 'list' | 'watch'>>(
  context: TestContext,
  client: C,
): ControllerBench<C> {
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
