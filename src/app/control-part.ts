/** The controllers of `drawbridge up`, with the grant server and the routers they start. */
import { join } from 'node:path';
import type { Logger } from '#base/log.ts';
import { ensureCertificate, startCertificateController, startExpiryWatch } from '#certs/index.ts';
import { LocalRuntime, type LocalRuntimeDeps, startControllers } from '#controllers/index.ts';
import {
  startAccessGrantController,
  startAccessTokenController,
  startClaimController,
  startGrantServer,
  startLinkRenewal,
} from '#grants/index.ts';
import { EventRecorder, InformerSet, type KubeClient } from '#kubeclient/index.ts';
import type { Metrics } from '#telemetry/index.ts';
import type { RunningStack } from './running-stack.ts';
import { systemClock, systemRandom } from './system.ts';

export interface ControlPartOptions {
  readonly client: KubeClient;
  readonly metrics: Metrics;
  readonly dataPath: string;
  readonly listen: string;
  readonly grantPort: number;
  readonly advertise: string;
  readonly version: string;
}

export interface ControlPart {
  readonly grantServerUrl: string;
}

/** Where the controllers keep what is theirs and no site's. */
const controllerNamespace = 'drawbridge-system';
const controllerName = 'drawbridge';

/** Starts everything; all of it goes onto the stack. @throws CodedError when a part cannot start */
export async function startControlPart(
  stack: RunningStack,
  log: Logger,
  options: ControlPartOptions,
): Promise<ControlPart> {
  const { client, metrics } = options;
  const system = { clock: systemClock, random: systemRandom, log };
  const events = stack.add('events', new EventRecorder({ client, ...system }, controllerName));
  const informers = new InformerSet({ client, ...system });
  const deps = { client, informers, metrics, events, ...system };
  const runtime = stack.add('routers', startRuntime(deps, options));
  stack.add('certificates', startCertificateController(deps));
  stack.add('certificate ends', startExpiryWatch(deps));
  const { post } = stack.add(
    'controllers',
    startControllers(
      { ...deps, runtime, ensureCertificate: (wish) => ensureCertificate(client, wish) },
      {
        identity: {
          name: controllerName,
          namespace: controllerNamespace,
          version: options.version,
        },
      },
    ),
  );
  stack.add('access tokens', startAccessTokenController(deps));
  stack.add('claims', startClaimController(deps));
  stack.add('link renewal', startLinkRenewal({ ...deps, post }));
  stack.add('informers', informers);
  informers.start();
  const grantServer = stack.add(
    'grant server',
    await startGrantServer(deps, {
      host: options.listen,
      port: options.grantPort,
      advertise: options.advertise,
      namespace: controllerNamespace,
    }),
  );
  stack.add('access grants', startAccessGrantController(deps, { address: grantServer }));
  return { grantServerUrl: grantServer.url };
}

function startRuntime(deps: LocalRuntimeDeps, options: ControlPartOptions): LocalRuntime {
  return new LocalRuntime(deps, {
    sitesDirectory: join(options.dataPath, 'sites'),
    listenHost: options.listen,
    advertiseHost: options.advertise,
    routerCommand: routerCommand(),
    routerEnvironment: routerEnvironment(),
  });
}

/** The router is this same program, run by the same Node.js. */
function routerCommand(): readonly [string, ...string[]] {
  const entry = join(import.meta.dirname, '..', '..', 'bin', 'drawbridge.ts');
  return [process.execPath, '--disable-warning=ExperimentalWarning', entry, 'router'];
}

/** Routers get what they need to run and nothing else of our environment. */
function routerEnvironment(): Readonly<Record<string, string>> {
  const passed = ['PATH', 'HOME', 'TMPDIR', 'NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS', 'TZ'];
  return Object.fromEntries(
    passed.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
