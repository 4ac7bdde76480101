/**
 * The control plane of a cluster for tests: a real API server that knows the kinds of a cluster,
 * certificates, and the controllers over the cluster runtime. Nobody runs pods; tests write what a
 * kubelet, a load balancer or a route controller would.
 */
import type { TestContext } from 'node:test';
import { apiDefinitions } from '#apis/index.ts';
import { silentLogger } from '#base/log.ts';
import { noMetrics } from '#base/metrics.ts';
import { ensureCertificate, startCertificateController } from '#certs/index.ts';
import {
  type AccessSettings,
  clusterKinds,
  ClusterRuntime,
  startControllers,
} from '#controllers/index.ts';
import {
  builtinDefinitions,
  type KubeObject,
  namespace as namespaceKind,
  qualifiedResource,
  Registry,
  type ResourceDefinition,
} from '#kube/index.ts';
import {
  directConnection,
  EventRecorder,
  InformerSet,
  KubeClient,
  type NamespaceGate,
} from '#kubeclient/index.ts';
import { startTestApiServer, type TestApiServer } from '../support/api-server.ts';
import { systemClock, systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';

export const controllerNamespace = 'drawbridge-system';

export const accessSettings: AccessSettings = {
  enabled: ['local', 'loadbalancer', 'nodeport', 'route'],
  defaultType: '',
  clusterHost: 'nodes.example',
  ingressDomain: '',
  ingressClassName: '',
  httpProxyDomain: '',
  gatewayClass: '',
  gatewayDomain: '',
  gatewayPort: 8443,
};

export interface ClusterWorldOptions {
  readonly access?: Partial<AccessSettings>;
  /** Kinds that the cluster lacks, as `plural.group`. */
  readonly lacks?: readonly string[];
  readonly gate?: NamespaceGate;
}

export interface ClusterWorld {
  readonly api: TestApiServer;
  readonly client: KubeClient;
  readonly runtime: ClusterRuntime;
  readonly informers: InformerSet;
  namespace(name: string): Promise<void>;
  /** The object, once `test` holds for it. */
  eventually<T extends KubeObject>(
    of: ResourceDefinition<T>,
    namespace: string,
    name: string,
    test: (object: T) => unknown,
  ): Promise<T>;
  gone(of: ResourceDefinition, namespace: string, name: string): Promise<void>;
}

/** All kinds of a cluster. Pods are written by tests here, which the embedded server would not let them. */
export function clusterRegistry(lacks: readonly string[] = []): Registry {
  const cluster = [...clusterKinds.always, ...clusterKinds.optional].filter(
    (kind) => !lacks.includes(qualifiedResource(kind)),
  );
  const replaced = new Set(cluster.map(qualifiedResource));
  const served = [...builtinDefinitions, ...apiDefinitions].filter(
    (kind) => !replaced.has(qualifiedResource(kind)),
  );
  return new Registry([...served, ...cluster]);
}

export async function clusterWorld(
  t: TestContext,
  options: ClusterWorldOptions = {},
): Promise<ClusterWorld> {
  const api = await startTestApiServer({ deps: { registry: clusterRegistry(options.lacks) } });
  const connection = directConnection({
    server: api.server.origin,
    ca: api.files.ca,
    cert: api.files.adminCert,
    key: api.files.adminKey,
  });
  const client = new KubeClient(connection);
  const log = silentLogger;
  const base = { client, clock: systemClock, random: systemRandom, log, metrics: noMetrics };
  const informers = new InformerSet(base, options.gate === undefined ? {} : { gate: options.gate });
  const events = new EventRecorder(base, 'drawbridge-controller');
  const runtime = new ClusterRuntime(
    { ...base, informers },
    {
      controllerNamespace,
      image: { image: 'registry.example/drawbridge:1', pullPolicy: 'IfNotPresent' },
      securityContext: true,
      access: { ...accessSettings, ...options.access },
      available: new Set(
        clusterKinds.optional
          .map(qualifiedResource)
          .filter((kind) => options.lacks?.includes(kind) !== true),
      ),
    },
  );
  const certs = startCertificateController({ ...base, informers }, {});
  const controllers = startControllers(
    {
      ...base,
      informers,
      events,
      runtime,
      ensureCertificate: (wish) => ensureCertificate(client, wish),
    },
    { identity: { name: 'drawbridge', namespace: controllerNamespace, version: '0.1.0' } },
  );
  informers.start();
  await informers.synced();
  t.after(async () => {
    await controllers.stop({ graceMs: 500 });
    await certs.stop({ graceMs: 500 });
    await informers.stop();
    await events.stop({ graceMs: 0 });
    client.close();
    await api.stop();
  });
  const world: ClusterWorld = {
    api,
    client,
    runtime,
    informers,
    namespace: async (name) => {
      const metadata = { name };
      await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata });
    },
    eventually: async (of, namespace, name, test) => {
      let last: KubeObject | undefined;
      try {
        return await until(
          async () => {
            const object = await client.find(of, { namespace, name });
            last = object;
            return object !== undefined && Boolean(test(object)) ? object : undefined;
          },
          `${of.kind} ${namespace}/${name}`,
          15_000,
        );
      } catch (thrown) {
        throw new Error(`${String(thrown)}\n${JSON.stringify(last, undefined, 2)}`, {
          cause: thrown,
        });
      }
    },
    gone: async (of, namespace, name) => {
      await until(
        async () => (await client.find(of, { namespace, name })) === undefined,
        `${of.kind} ${namespace}/${name} is gone`,
        15_000,
      );
    },
  };
  return world;
}
