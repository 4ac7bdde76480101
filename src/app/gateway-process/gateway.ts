/** The process that is the gateway: before the API server of a kubeconfig or of its pod. */
import { collectYoung, YoungHeap } from '../router-process/young-heap.ts';
import { messageOf } from '#base/errors.ts';
import { clusterConnections } from './cluster-connections.ts';
import { type CreatorFlags, creatorsFor, startAdmission } from './creators.ts';
import { type LoginFlags, readLogin } from './login.ts';
import { announce, type GatewayOptions, type IdentityMode, startGateway } from '#gateway/index.ts';
import {
  connectionFromKubeconfig,
  EventRecorder,
  KubeClient,
  type KubeconfigOptions,
} from '#kubeclient/index.ts';
import { createMetrics, type RunningLogger } from '#telemetry/index.ts';
import { startMetricsEndpoint } from '../metrics-endpoint.ts';
import { runUntilStopped } from '../run-until-stopped.ts';
import type { RunningStack } from '../running-stack.ts';
import { systemClock, systemRandom } from '../system.ts';
import { followTlsFiles, readCas, readTlsFiles } from '../tls-files.ts';

export interface GatewayProcessOptions
  extends Pick<
    GatewayOptions,
    | 'recording'
    | 'impersonates'
    | 'hosts'
    | 'protectedNamespaces'
    | 'trustedProxies'
    | 'proxyProtocol'
    | 'allowedOrigins'
  > {
  readonly listen: string;
  /** 0 is any free one. */
  readonly port: number;
  readonly tlsFiles: { readonly cert: string; readonly key: string };
  /** `https://host[:port]` */
  readonly publicUrl: string;
  readonly publicCaFile?: string;
  readonly kubeconfig: KubeconfigOptions;
  /** Kubeconfig files of other clusters, by name. */
  readonly clusters: ReadonlyMap<string, string>;
  readonly identity: IdentityMode;
  readonly namespace: string;
  readonly nodesProxy: boolean;
  /** Absent: nobody logs in. */
  readonly oidc?: LoginFlags;
  readonly creators: CreatorFlags;
  readonly audit: {
    /** `-` is the standard output. */
    readonly file?: string;
    readonly failClosed: boolean;
  };
  /** Absent: no metrics. */
  readonly metricsPort?: number;
}

/** Runs until SIGINT or SIGTERM. @returns 0 when told to stop, 1 when it could not start */
export function runGateway(options: GatewayProcessOptions): Promise<number> {
  return runUntilStopped({ component: 'gateway' }, (log, stack) => serve(options, log, stack));
}

async function serve(
  options: GatewayProcessOptions,
  log: RunningLogger,
  stack: RunningStack,
): Promise<void> {
  const metrics = createMetrics({ processMetrics: true });
  const local = await connectionFromKubeconfig(options.kubeconfig);
  const clusters = await clusterConnections(log, local, options.clusters);
  const client = new KubeClient(local);
  const deps = { client, clock: systemClock, random: systemRandom, log, metrics };
  const events = stack.add('events', new EventRecorder(deps, 'drawbridge-gateway'));
  const { tlsFiles, publicCaFile, oidc, namespace, publicUrl, audit } = options;
  const ca = publicCaFile === undefined ? '' : await readCas(publicCaFile, 'the CA');
  const vouching = await creatorsFor(deps, options.creators, namespace);
  const { creators } = vouching;
  if (creators !== undefined && options.creators.admission !== undefined) {
    const where = { host: options.listen, namespace };
    const running = startAdmission({ ...deps, creators }, options.creators.admission, where);
    stack.add('admission', await running);
  }
  const { onRead } = new YoungHeap(collectYoung());
  const gateway = await startGateway(
    { ...deps, events, onRead, ...vouching },
    {
      ...options,
      host: options.listen,
      tls: await readTlsFiles(tlsFiles),
      clusters,
      issuing: local,
      audit: audit.file === '-' ? { output: process.stdout, failClosed: audit.failClosed } : audit,
      ...(oidc === undefined ? {} : { login: await readLogin(oidc, { namespace, publicUrl }) }),
      protectedNamespaces: [options.namespace, 'kube-system', ...options.protectedNamespaces],
    },
  );
  stack.add('gateway', gateway);
  stack.add(
    'TLS files',
    followTlsFiles(log, tlsFiles, (identity) => gateway.setTls(identity)),
  );
  if (options.metricsPort !== undefined) {
    const endpoint = await startMetricsEndpoint(
      { log, metrics, unhealthy: () => gateway.problem },
      { host: options.listen, port: options.metricsPort },
    );
    stack.add('metrics', endpoint);
  }
  const address = { url: options.publicUrl, ca, clusters: [...clusters.keys()] };
  await announce(client, options.namespace, address).catch((thrown: unknown) => {
    log.warn('the command line will not find the gateway', { reason: messageOf(thrown) });
  });
  // Where records go to the standard output, they have it alone.
  const told = audit.file === '-' ? process.stderr : process.stdout;
  told.write(`drawbridge gateway serves ${local.server} at ${gateway.origin}\n`);
}
