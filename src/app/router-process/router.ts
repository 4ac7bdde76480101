/**
 * The router process: reads the configuration, builds one router with its bridge, and runs until it
 * is told to stop. Log lines are JSON on standard error; nothing is written to standard output.
 */
import { hostname } from 'node:os';
import { readFile } from 'node:fs/promises';
import { messageOf } from '#base/errors.ts';
import type { LogLevel } from '#base/log.ts';
import { bridgeFlowSubjects, createBridge } from '#bridge/index.ts';
import {
  accessKey,
  applyConfig,
  configRouterOptions,
  FlowIdentities,
  FlowReporter,
  ManagementAgent,
  parseConfig,
  Router,
  RouterError,
} from '#router/index.ts';
import type { ConfigEntity } from '#management/index.ts';
import { createLogger, createMetrics, type RunningLogger } from '#telemetry/index.ts';
import { startHeartbeat } from './heartbeat.ts';
import type { PodSource } from './pod/pod-source.ts';
import { PooledRandom } from './pooled-random.ts';
import { systemClock, systemRandom } from '../system.ts';
import type { RunningRouter } from './running-router.ts';
import { collectYoung, YoungHeap } from './young-heap.ts';

/** Where the configuration comes from. */
export type RouterSource =
  | {
      /** JSON as skupper-router reads it. */
      readonly configPath: string;
    }
  | PodSource;

export interface RouterProcessOptions {
  readonly source: RouterSource;
  /** Stop when standard input ends, so that the router never outlives a killed parent. */
  readonly exitWithStdin: boolean;
  /** Descriptor that hears a byte each second, for a parent that kills us when we hang. */
  readonly heartbeatFd?: number;
  /** SKUPPER_SITE_ID, SKUPPER_SITE_NAME, SKUPPER_NAMESPACE and what the file refers to. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Version of skupper-router whose protocol and entities this router has. */
const routerVersion = '3.5.0';

/** Level of log lines unless `log` entities say something else. */
const logLevelDefault: LogLevel = 'info';

/** How long connections may take to say goodbye when the process stops. */
const stopGraceMs = 3000;

/**
 * Runs the router until SIGTERM, SIGINT or the end of standard input.
 * @returns the exit code: 0 when told to stop, 1 when it could not start
 */
export async function runRouter(options: RouterProcessOptions): Promise<number> {
  const log = createLogger({ level: logLevelDefault, facts: { component: 'router' } });
  const stopped = stopSignal(options.exitWithStdin);
  let running: RunningRouter;
  try {
    if (options.heartbeatFd !== undefined) startHeartbeat(options.heartbeatFd);
    running = await startFrom(options, log);
  } catch (thrown) {
    log.error('router cannot start', { reason: messageOf(thrown) });
    return 1;
  }
  const reason = await stopped;
  log.info('router stops', { reason });
  await running.stop();
  return 0;
}

async function startFrom(
  { source, env }: RouterProcessOptions,
  log: RunningLogger,
): Promise<RunningRouter> {
  if ('configPath' in source) return startRouter({ configPath: source.configPath, env }, log);
  // Only in pods is the Kubernetes client needed.
  const { startPodRouter } = await import('./pod/pod-router.ts');
  return startPodRouter({ log, env, startRouterOf, variables: variablesOf(env) }, source);
}

/** @throws RouterError ROUTER_CONFIG_UNREADABLE, ROUTER_CONFIG_INVALID */
export async function startRouter(
  options: { readonly configPath: string; readonly env: RouterProcessOptions['env'] },
  log: RunningLogger,
): Promise<RunningRouter> {
  const text = await readText(options.configPath);
  return startRouterOf(parseConfig(text, variablesOf(options.env)), options.env, log);
}

/** What texts of a configuration may refer to. */
function variablesOf(env: RouterProcessOptions['env']): RouterProcessOptions['env'] {
  return { HOSTNAME: hostname(), ...env };
}

/** @throws RouterError ROUTER_CONFIG_INVALID */
async function startRouterOf(
  entities: readonly ConfigEntity[],
  env: RouterProcessOptions['env'],
  log: RunningLogger,
): Promise<RunningRouter> {
  const settings = configRouterOptions(entities);
  const metrics = createMetrics({ processMetrics: true });
  const { onRead } = new YoungHeap(collectYoung());
  const routerLog = log.child({ router: settings.id });
  const random = new PooledRandom(systemRandom);
  const identities = new FlowIdentities(random);
  const router = new Router(
    {
      clock: systemClock,
      log: routerLog,
      setLogLevel: (level) => log.setLevel(level ?? logLevelDefault),
      random,
      metrics: () => metrics.scrape(),
      onRead,
    },
    {
      ...settings,
      version: routerVersion,
      instance: instanceNow(),
      accessId: (listener) => identities.of(accessKey(listener)),
    },
  );
  const bridge = createBridge({
    router,
    tls: router.tls,
    random,
    log: routerLog.child({ component: 'bridge' }),
    onRead,
  });
  for (const kind of bridge.kinds) router.addKind(kind);
  router.onStop(() => bridge.stop());
  const flows = new FlowReporter(
    { router, clock: systemClock, log: routerLog, subjects: () => bridgeFlowSubjects(bridge) },
    identities,
    {
      siteId: env['SKUPPER_SITE_ID'],
      namespace: env['SKUPPER_NAMESPACE'],
      hostName: hostname(),
    },
  );
  router.onStop(() => flows.stop());
  router.addLocal('$management', new ManagementAgent(router, routerLog));
  router.start();
  try {
    await applyConfig(router, entities);
  } catch (thrown) {
    await router.stop();
    throw thrown;
  }
  flows.start();
  routerLog.info('router started');
  return {
    router,
    stop: async () => {
      let timer: NodeJS.Timeout | undefined;
      const grace = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, stopGraceMs);
      });
      await Promise.race([router.stop(), grace]);
      clearTimeout(timer);
    },
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    throw new RouterError('ROUTER_CONFIG_UNREADABLE', `cannot read ${path}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/**
 * A number that differs from that of the run before. Peers only compare it, so tenths of a second
 * within 31 bits do: whole seconds would not tell two quick starts apart.
 */
function instanceNow(): number {
  return Math.floor(systemClock.nowMs() / 100) % 0x7fff_ffff;
}

function stopSignal(exitWithStdin: boolean): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => resolve(signal));
    if (!exitWithStdin) return;
    const ended = (): void => resolve('end of standard input');
    process.stdin.once('end', ended);
    process.stdin.once('close', ended);
    process.stdin.once('error', ended);
    process.stdin.resume();
  });
}
