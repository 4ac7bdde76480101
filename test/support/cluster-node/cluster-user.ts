/** What people and tests do in a played cluster: kubectl, the command line, and curl in a pod. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { kubernetesAssets } from '../kubernetes.ts';
import { type Finished, runProcess } from '../process-runner.ts';
import { waitUntil } from '../process-wait.ts';
import { type UpKubectl, upKubectl } from '../up-kubectl.ts';
import { homeEnv, temporaryFolder } from '../up-process.ts';
import type { Place } from '../up-seed-000.ts';
import { succeeded } from '../up-sites.ts';
import { type ClusterNode, drawbridgeImage, helloImage, startClusterNode } from './cluster-node.ts';
import type { PlayedPod } from './played-kubelet.ts';

const launcher = fileURLToPath(new URL('../../../bin/drawbridge.ts', import.meta.url));
/** The kubectl of the cluster's version. */
export const clusterKubectl = join(kubernetesAssets ?? '', 'kubectl');

export interface Cluster {
  readonly node: ClusterNode;
  readonly place: Place;
  readonly user: UpKubectl;
  readonly cli: (...args: readonly string[]) => Promise<Finished>;
}

/** A cluster in which drawbridge is installed. */
export async function startCluster(t: TestContext): Promise<Cluster> {
  const node = await startClusterNode(t);
  const home = await temporaryFolder(t);
  const { kubeconfig } = node.kubernetes;
  const place: Place = { home, env: homeEnv(home), ready: { kubeconfig } };
  const user = upKubectl({ ...place, process: node }, clusterKubectl);
  const cli = (...args: readonly string[]) =>
    runProcess(process.execPath, [launcher, ...args, '--kubeconfig', kubeconfig], {
      env: place.env,
    });
  succeeded(await cli('install', '--image', drawbridgeImage));
  return { node, place, user, cli };
}

export function custom(kind: string, namespace: string, name: string, spec: object): object {
  return { apiVersion: 'skupper.io/v2alpha1', kind, metadata: { name, namespace }, spec };
}

/** Pods that answer with a text and their name at port 8080. */
export function workload(namespace: string, name: string, replicas = 1): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name, image: helloImage, args: [`from ${namespace}`] }] },
      },
    },
  };
}

/** With the words of all pods when it fails. */
export async function told(node: ClusterNode, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    throw new Error(`${String(thrown)}\n${node.describe()}`, { cause: thrown });
  }
}

/** The first pod of a workload, once it runs. */
export async function podOf(
  { node }: Cluster,
  namespace: string,
  name: string,
): Promise<PlayedPod> {
  return waitUntil(`a pod of ${name}`, () => node.kubelet.running(namespace, `${name}-`)[0], {
    describe: () => node.describe(),
  });
}

/** Names of the pods of a workload, once there are so many. */
export function podNames({ node }: Cluster, namespace: string, name: string, count: number) {
  return (): readonly string[] | undefined => {
    const pods = node.kubelet.running(namespace, `${name}-`);
    return pods.length === count ? pods.map(({ key }) => key.name).toSorted() : undefined;
  };
}

/** Waits until curl in a pod reaches exactly these pods, one after the other. */
export async function answered(
  cluster: Cluster,
  from: PlayedPod,
  url: string,
  pods: () => readonly string[] | undefined,
): Promise<void> {
  await waitUntil(
    `curl ${url} in ${from.key.namespace}`,
    async () => {
      const expected = pods();
      assert.ok(expected);
      const seen = new Set<string>();
      for (let turn = 0; turn < expected.length * 4; turn++) {
        const got = await from.exec('curl', '-sS', '--max-time', '5', url);
        assert.equal(got.code, 0, got.stderr);
        seen.add(got.stdout.trim().split(' ').at(-1) ?? '');
      }
      assert.deepEqual([...seen].toSorted(), expected);
      return true;
    },
    { describe: () => cluster.node.describe() },
  );
}
