/**
 * `drawbridge up`: the API server, the controllers and the grant server in this process, and one
 * child process per site's router. Parts start in order and stop in reverse.
 */
import { hostname } from 'node:os';
import type { AuditLevel } from '#apiserver/index.ts';
import { CodedError, messageOf } from '#base/errors.ts';
import type { RunningLogger } from '#telemetry/index.ts';
import { createLogger, createMetrics } from '#telemetry/index.ts';
import { type ApiPart, localHostOf, startApiPart, urlHost } from './api-part.ts';
import { startControlPart } from './control-part.ts';
import { type DataDirectory, openDataDirectory } from './data-directory.ts';
import { runDemo } from './demo/demo.ts';
import { actionAfter } from './start-failure.ts';
import { startGatewayPart } from './gateway-part.ts';
import { startHelloService } from './demo/hello-service.ts';
import { startMetricsEndpoint } from './metrics-endpoint.ts';
import { type Readiness, removeReadyFile, writeReadyFile } from './ready-file.ts';
import { removeRunningNote, writeRunningNote } from './running-file.ts';
import { RunningStack } from './running-stack.ts';
import { aborted, listenForStop } from './stop-signal.ts';
import { systemClock } from './system.ts';
import { readVersion } from './version.ts';

export interface UpOptions {
  /** Default: XDG data home, or a temporary directory for the demo. */
  readonly data?: string;
  /** IP address to listen on. */
  readonly listen: string;
  /** Ports; 0 is any free one. */
  readonly apiPort: number;
  readonly gatewayPort: number;
  readonly grantPort: number;
  readonly metricsPort: number;
  /** Host in URLs, endpoints and certificates. Default: the listen address. */
  readonly advertise?: string;
  readonly readyFile?: string;
  /** JSON lines of who did what. */
  readonly auditLog?: string;
  readonly auditLevel?: AuditLevel;
  readonly demo: boolean;
}

/** How long connections may take to finish when everything stops; milliseconds. */
const stopGraceMs = 2000;

/** Runs until SIGINT or SIGTERM. @returns 0 when told to stop, 1 when it could not start */
export async function runUp(options: UpOptions): Promise<number> {
  const log = createLogger({ level: options.demo ? 'warn' : 'info', facts: { component: 'up' } });
  const stack = new RunningStack(log);
  using stop = listenForStop();
  let data: DataDirectory | undefined;
  let exitCode = 0;
  try {
    data = await openDataDirectory(options.data, options.demo, process.env);
    await serve({ options, log, stack, data, signal: stop.signal });
  } catch (thrown) {
    if (!stop.signal.aborted) exitCode = reportFailure(thrown);
  }
  if (options.readyFile !== undefined) await removeReadyFile(options.readyFile);
  await removeRunningNote(process.pid, process.env);
  await stack.stop({ graceMs: stopGraceMs });
  if (data?.temporary) await data.remove();
  return exitCode;
}

interface Run {
  readonly options: UpOptions;
  readonly log: RunningLogger;
  readonly stack: RunningStack;
  readonly data: DataDirectory;
  readonly signal: AbortSignal;
}

/** Starts everything, tells about it, and waits for the end. */
async function serve(run: Run): Promise<void> {
  const { options, log, stack, data, signal } = run;
  const version = readVersion();
  const metrics = createMetrics({ processMetrics: true });
  const advertise = options.advertise ?? defaultAdvertise(options.listen);
  const api = await startApiPart(stack, log, {
    dataPath: data.path,
    listen: options.listen,
    port: options.apiPort,
    advertise,
    version,
    ...(options.auditLog === undefined ? {} : { auditLog: options.auditLog }),
    ...(options.auditLevel === undefined ? {} : { auditLevel: options.auditLevel }),
  });
  const control = await startControlPart(stack, log, {
    client: api.client,
    metrics,
    dataPath: data.path,
    listen: options.listen,
    grantPort: options.grantPort,
    advertise,
    version,
  });
  const gateway = await startGatewayPart(stack, log, {
    api,
    metrics,
    dataPath: data.path,
    listen: options.listen,
    port: options.gatewayPort,
    advertise,
  });
  const endpoint = stack.add(
    'metrics',
    await startMetricsEndpoint(
      { log, metrics, unhealthy: () => api.store.failure?.message },
      { host: options.listen, port: options.metricsPort },
    ),
  );
  signal.throwIfAborted();
  const readiness: Readiness = {
    pid: process.pid,
    apiServer: api.url,
    kubeconfig: api.kubeconfig,
    console: `${gateway.url}/`,
    gateway: gateway.url,
    grantServer: control.grantServerUrl,
    metrics: endpoint.url.replace(urlHost(options.listen), urlHost(localHostOf(options.listen))),
  };
  print(`drawbridge ${version} serves the Kubernetes API at ${api.url}`);
  await noteRunning(log, readiness);
  if (options.demo) await demo(run, api);
  if (options.readyFile !== undefined) await writeReadyFile(options.readyFile, readiness);
  if (!options.demo) printHowToGoOn(readiness);
  await aborted(signal);
  print('stopping');
}

async function demo(run: Run, api: ApiPart): Promise<void> {
  const hello = stackService(run.stack, await startHelloService());
  const { client } = api;
  const url = await runDemo({ client, clock: systemClock, print, signal: run.signal }, hello);
  print('');
  print('That service, from this machine:');
  print(url);
  print('');
  print('Paste into another terminal:');
  for (const command of [
    `curl ${url}`,
    `export KUBECONFIG=${api.kubeconfig}`,
    'kubectl get sites,links,listeners,connectors -A',
    'kubectl get accessgrants -n west; kubectl get accesstokens -n east',
    './bin/drawbridge why link/token-to-west -n east',
    './bin/drawbridge gateway link --resource configmaps --for 30m -n west',
    './bin/drawbridge revoke-access --site east -n west    # cuts the link: try curl and why again',
  ]) {
    print(`  ${command}`);
  }
  print('');
  const kept = run.data.temporary ? 'stops everything and removes its data' : 'stops everything';
  print(`Ctrl-C ${kept}.`);
}

function stackService<S extends { stop(): Promise<void> }>(stack: RunningStack, service: S): S {
  stack.add('hello service', service);
  return service;
}

function printHowToGoOn(readiness: Readiness): void {
  print(`  export KUBECONFIG=${readiness.kubeconfig}`);
  print('  ./bin/drawbridge site create west --enable-link-access');
  print('  ./bin/drawbridge gateway link --resource configmaps --for 30m');
  print(`grants are redeemed at ${readiness.grantServer}, metrics are at ${readiness.metrics}`);
  print('Ctrl-C stops everything; the data stays.');
}

/** The note is a convenience: without it the command line needs a kubeconfig. */
async function noteRunning(log: RunningLogger, readiness: Readiness): Promise<void> {
  try {
    await writeRunningNote(readiness, process.env);
  } catch (thrown) {
    log.warn('the command line will not find this process by itself', {
      reason: messageOf(thrown),
    });
  }
}

/** All addresses is no name that others could use; the machine's name may be. */
function defaultAdvertise(listen: string): string {
  return listen === '0.0.0.0' || listen === '::' ? hostname().toLowerCase() : listen;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line what, one line what to do. @returns the exit code */
function reportFailure(thrown: unknown): number {
  const action = actionAfter(thrown);
  process.stderr.write(`drawbridge: ${messageOf(thrown)}\ndrawbridge: ${action}\n`);
  if (!(thrown instanceof CodedError) && thrown instanceof Error) {
    process.stderr.write(`${thrown.stack ?? ''}\n`);
  }
  return 1;
}
