/** What others than the controllers write in a cluster: pods and their state. */
import { deployment, type Pod, pod } from '#controllers/cluster/kinds.ts';
import type { ClusterWorld } from './cluster-world.ts';

export interface PodFacts {
  readonly labels: Readonly<Record<string, string>>;
  readonly ip?: string;
  readonly ready?: boolean;
  /** Message of the condition Ready while it is not. */
  readonly message?: string;
}

export function podOf(namespace: string, name: string, facts: PodFacts): Pod {
  const { labels, ip = '10.1.2.3', ready = true, message } = facts;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { ...labels } },
    spec: { containers: [{ name: 'c', image: 'i' }] } as Pod['spec'] & object,
    status: {
      phase: 'Running',
      podIP: ip,
      conditions: [
        {
          type: 'Ready',
          status: ready ? 'True' : 'False',
          ...(message === undefined ? {} : { message }),
        },
      ],
    },
  };
}

/** Makes a pod, or changes one. */
export async function runPod(
  world: ClusterWorld,
  namespace: string,
  name: string,
  facts: PodFacts,
): Promise<Pod> {
  const wanted = podOf(namespace, name, facts);
  const known = await world.client.find(pod, { namespace, name });
  const made = known ?? (await world.client.create(pod, wanted));
  return world.client.updateStatus(pod, Object.assign(made, { status: wanted.status }));
}

/** A pod of a Deployment, as its ReplicaSet would make it. */
export async function runRouterPod(
  world: ClusterWorld,
  namespace: string,
  facts: Omit<PodFacts, 'labels'> = {},
  group = 'skupper-router',
): Promise<Pod> {
  const made = await world.eventually(deployment, namespace, group, () => true);
  const labels = made.spec?.template.metadata.labels ?? {};
  return runPod(world, namespace, `${group}-0`, { ...facts, labels });
}
