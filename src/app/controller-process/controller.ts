/**
 * `drawbridge controller`: the controllers against the API server of a cluster. One replica leads
 * and does the work; every replica answers redemptions, health and metrics.
 */
import { hostname } from 'node:os';
import { checkAccessSettings, clusterKinds } from '#controllers/index.ts';
import {
  connectionFromKubeconfig,
  EventRecorder,
  InformerSet,
  KubeClient,
  LeaderElection,
} from '#kubeclient/index.ts';
import { createMetrics, type Metrics, type RunningLogger } from '#telemetry/index.ts';
import { AppError } from '../errors.ts';
import { startMetricsEndpoint } from '../metrics-endpoint.ts';
import { runUntilStopped } from '../run-until-stopped.ts';
import type { RunningStack } from '../running-stack.ts';
import { systemClock, systemRandom } from '../system.ts';
import { readVersion } from '../version.ts';
import { availableKinds } from './available-kinds.ts';
import { ControlledNamespaces } from './controlled-namespaces.ts';
import type { ControllerOptions } from './controller-options.ts';
import { controllerName } from './controller-name.ts';
import { splitHost } from './host-port.ts';
import { GrantService } from './grant-service.ts';
import { lead } from './lead.ts';

const leaseName = 'skupper-controller';

/** Runs until SIGINT or SIGTERM. @returns 0 when told to stop, 1 when it could not start */
export function runController(options: ControllerOptions): Promise<number> {
  return runUntilStopped({ component: 'controller' }, (log, stack) => serve(options, log, stack));
}

async function serve(
  options: ControllerOptions,
  log: RunningLogger,
  stack: RunningStack,
): Promise<void> {
  checkAccessSettings(options.access);
  if (options.grants.baseUrl !== '') splitHost(options.grants.baseUrl);
  const connection = await connectionFromKubeconfig(options.kubeconfig);
  const namespace = options.namespace ?? connection.namespace;
  checkNamespaces(namespace, options.watchNamespace);
  const client = new KubeClient(connection);
  stack.add('connections', { stop: async () => client.close() });
  const metrics = createMetrics({ processMetrics: true });
  const available = await availableKinds(client, clusterKinds.optional);
  const system = { clock: systemClock, random: systemRandom, log };
  const name = controllerName(options.name, options.podName);
  const own = { name, namespace };
  const { watchNamespace } = options;
  const scope = watchNamespace === undefined ? {} : { namespace: watchNamespace };
  const control = new ControlledNamespaces(
    { client, ...system },
    {
      ...own,
      ...(watchNamespace === undefined ? {} : { watchNamespace }),
      requireExplicitControl: options.requireExplicitControl || watchNamespace !== undefined,
    },
  );
  stack.add('controlled namespaces', control);
  await control.start();
  const events = stack.add('events', new EventRecorder({ client, ...system }, name));
  const informers = stack.add(
    'informers',
    new InformerSet({ client, ...system }, { ...scope, gate: control }),
  );
  const deps = { client, informers, events, metrics, ...system };
  informers.start();
  const { grants } = options;
  const grantService = grants.enabled
    ? new GrantService(deps, { namespace, port: grants.port, baseUrl: grants.baseUrl })
    : undefined;
  if (grantService !== undefined) stack.add('grant server', grantService).start();
  const election = new LeaderElection(
    { client, ...system },
    {
      lease: { namespace, name: leaseName },
      identity: `${hostname()}_${Buffer.from(systemRandom.bytes(4)).toString('hex')}`,
      lead: (ended) => lead(deps, { ...options, own, available, version: readVersion() }, ended),
    },
  );
  stack.add('leader election', election).start();
  await serveMetrics(options, { stack, log, metrics, informers, election });
  process.stdout.write(
    `drawbridge controller ${name} looks after ${watchNamespace ?? 'all namespaces'} of ${client.server}\n`,
  );
}

async function serveMetrics(
  options: ControllerOptions,
  parts: {
    readonly stack: RunningStack;
    readonly log: RunningLogger;
    readonly metrics: Metrics;
    readonly informers: InformerSet;
    readonly election: LeaderElection;
  },
): Promise<void> {
  if (options.metrics === undefined) return;
  const { stack, log, metrics, informers, election } = parts;
  metrics.gauge('drawbridge_leader', 'Whether this replica leads (1) or waits (0)', () =>
    election.leading ? 1 : 0,
  );
  let hasSynced = false;
  void informers.synced().then(() => {
    hasSynced = true;
  });
  const unhealthy = (): string | undefined =>
    hasSynced ? undefined : 'the objects of the cluster are not read yet';
  stack.add('metrics', await startMetricsEndpoint({ log, metrics, unhealthy }, options.metrics));
}

/** Its own namespace has the certificate of the grant server, so it must be among the watched. */
function checkNamespaces(own: string, watched: string | undefined): void {
  if (watched === undefined || watched === own) return;
  throw new AppError(
    'APP_SETTINGS',
    `a controller that looks after namespace ${watched} alone cannot run in ${own}`,
    `run it in ${watched}, or leave --watch-namespace out`,
  );
}
