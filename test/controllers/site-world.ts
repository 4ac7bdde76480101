/**
 * The whole control plane of one machine for controller tests: a real API server, certificates,
 * controllers, and real routers as child processes.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Logger } from '#base/log.ts';
import { noMetrics } from '#base/metrics.ts';
import { ensureCertificate, startCertificateController } from '#certs/index.ts';
import { LocalRuntime, startControllers } from '#controllers/index.ts';
import type { KubeObject, ResourceDefinition } from '#kube/index.ts';
import { namespace as namespaceKind } from '#kube/index.ts';
import { directConnection, EventRecorder, InformerSet, KubeClient } from '#kubeclient/index.ts';
import { startTestApiServer, type TestApiServer } from '../support/api-server.ts';
import { systemClock, systemRandom } from '../support/system.ts';
import { until } from '../support/until.ts';
import { testLogger } from './site-world-log.ts';

const launcher = fileURLToPath(new URL('../../bin/drawbridge.ts', import.meta.url));

export interface ControlPlane {
  readonly client: KubeClient;
  readonly runtime: LocalRuntime;
  stop(): Promise<void>;
}

export interface SiteWorld {
  readonly api: TestApiServer;
  readonly client: KubeClient;
  readonly sitesDirectory: string;
  plane: ControlPlane;
  /** Starts another control plane on the same data. */
  startPlane(): Promise<ControlPlane>;
  namespace(name: string): Promise<void>;
  /** The object, once `test` holds for it. */
  eventually<T extends KubeObject>(
    of: ResourceDefinition<T>,
    namespace: string,
    name: string,
    what: string,
    test: (object: T) => boolean | undefined,
  ): Promise<T>;
}

export async function siteWorld(t: TestContext): Promise<SiteWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-sites-'));
  const sitesDirectory = join(directory, 'sites');
  const api = await startTestApiServer();
  const connect = (): KubeClient =>
    new KubeClient(
      directConnection({
        server: api.server.origin,
        ca: api.files.ca,
        cert: api.files.adminCert,
        key: api.files.adminKey,
      }),
    );
  const client = connect();
  const startPlane = (): Promise<ControlPlane> =>
    startControlPlane(connect(), sitesDirectory, testLogger());
  const world: SiteWorld = {
    api,
    client,
    sitesDirectory,
    plane: await startPlane(),
    startPlane,
    namespace: async (name) => {
      await client.create(namespaceKind, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name },
      });
    },
    eventually: async (of, namespace, name, what, test) => {
      let last: KubeObject | undefined;
      try {
        return await until(
          async () => {
            const object = await client.find(of, { namespace, name });
            last = object;
            return object !== undefined && test(object) === true ? object : undefined;
          },
          what,
          20_000,
        );
      } catch (thrown) {
        return assert.fail(`${String(thrown)}\n${JSON.stringify(last, undefined, 2)}`);
      }
    },
  };
  t.after(async () => {
    await world.plane.stop();
    client.close();
    await api.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return world;
}

async function startControlPlane(
  client: KubeClient,
  sitesDirectory: string,
  log: Logger,
): Promise<ControlPlane> {
  const base = { clock: systemClock, random: systemRandom, log, metrics: noMetrics };
  const informers = new InformerSet({ client, random: systemRandom, log });
  const events = new EventRecorder({ client, clock: systemClock, log }, 'drawbridge-controller');
  const runtime = new LocalRuntime(
    { ...base, informers },
    {
      sitesDirectory,
      listenHost: '127.0.0.1',
      advertiseHost: '127.0.0.1',
      routerCommand: [process.execPath, launcher, 'router'],
      routerEnvironment: {},
    },
  );
  const certs = startCertificateController({ client, informers, ...base }, {});
  const controllers = startControllers(
    {
      client,
      informers,
      ...base,
      events,
      runtime,
      ensureCertificate: (wish) => ensureCertificate(client, wish),
    },
    { identity: { name: 'drawbridge', namespace: 'drawbridge-system', version: '0.1.0' } },
  );
  informers.start();
  await informers.synced();
  return {
    client,
    runtime,
    stop: async () => {
      await controllers.stop({ graceMs: 1_000 });
      await certs.stop({ graceMs: 1_000 });
      await informers.stop();
      await runtime.stop({ graceMs: 2_000 });
      await events.stop({ graceMs: 0 });
      client.close();
    },
  };
}
