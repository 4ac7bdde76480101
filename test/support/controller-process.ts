/** `drawbridge controller` as a Deployment runs it, against an API server with a cluster's kinds. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { namespace as namespaceKind } from '#kube/index.ts';
import { directConnection, KubeClient } from '#kubeclient/index.ts';
import { clusterRegistry } from '../controllers/cluster-world.ts';
import { apiServerFor, type TestApiServer } from './api-server.ts';
import { type RunningProcess, startProcess } from './process-runner.ts';

const launcher = fileURLToPath(new URL('../../bin/drawbridge.ts', import.meta.url));

export interface ClusterApi {
  readonly api: TestApiServer;
  readonly client: KubeClient;
}

/** An API server that knows the kinds of a cluster, with the controller's namespace. */
export async function clusterApi(t: TestContext): Promise<ClusterApi> {
  const api = await apiServerFor(t, { deps: { registry: clusterRegistry() } });
  const client = new KubeClient(
    directConnection({
      server: api.server.origin,
      ca: api.files.ca,
      cert: api.files.adminCert,
      key: api.files.adminKey,
    }),
  );
  t.after(() => client.close());
  await makeNamespace(client, 'drawbridge-system');
  return { api, client };
}

export async function makeNamespace(client: KubeClient, name: string): Promise<void> {
  const metadata = { name };
  await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata });
}

/** A port of loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

export function startController(
  t: TestContext,
  { api }: ClusterApi,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProcess {
  const { PATH = '', HOME = '' } = process.env;
  return startProcess(
    t,
    process.execPath,
    [
      launcher,
      'controller',
      '--kubeconfig',
      api.kubeconfig,
      '--namespace',
      'drawbridge-system',
      ...args,
    ],
    { env: { PATH, HOME, ...env } },
  );
}
