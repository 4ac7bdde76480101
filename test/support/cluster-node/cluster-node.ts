/**
 * A whole cluster of one node on this machine: etcd, kube-apiserver and kube-controller-manager are
 * the real ones; scheduler, kubelet, kube-proxy, DNS and load balancer are played.
 */
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '#base/log.ts';
import { clusterKind } from '#controllers/index.ts';
import { pod } from '#controllers/cluster/kinds.ts';
import { type KubeObject, service } from '#kube/index.ts';
import { directConnection, Informer, KubeClient } from '#kubeclient/index.ts';
import { type RealKubernetes, startKubernetes } from '../kubernetes.ts';
import { systemRandom } from '../system.ts';
import { NodeNetwork, nodeAddress } from './node-network.ts';
import { nodeName, PlayedKubelet } from './played-kubelet.ts';
import { endpointSlice, ServiceProxy } from './service-proxy.ts';

const launcher = fileURLToPath(new URL('../../../bin/drawbridge.ts', import.meta.url));
const hello = fileURLToPath(new URL('hello.process.ts', import.meta.url));

/** Image of what is installed. */
export const drawbridgeImage = 'registry.example/drawbridge:1';
/** Image of a server whose first argument is what it says. */
export const helloImage = 'registry.example/hello:1';

export interface ClusterNode {
  readonly kubernetes: RealKubernetes;
  readonly client: KubeClient;
  readonly kubelet: PlayedKubelet;
  describe(): string;
}

const node = clusterKind('', 'v1', 'Node', 'nodes');

export async function startClusterNode(t: TestContext): Promise<ClusterNode> {
  const network = await NodeNetwork.make();
  const kubernetes = await startKubernetes({
    address: nodeAddress,
    controllers: ['replicaset-controller', 'endpointslice-controller'],
  });
  t.after(() => kubernetes.stop());
  const { origin, files } = kubernetes;
  const client = new KubeClient(
    directConnection({ server: origin, ca: files.ca, cert: files.adminCert, key: files.adminKey }),
  );
  t.after(() => client.close());
  const nodeObject: KubeObject = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName } };
  await client.create({ ...node, scope: 'Cluster' }, nodeObject);
  const deps = { client, random: systemRandom, log: silentLogger };
  const pods = new Informer(pod, deps);
  const services = new Informer(service, deps);
  const slices = new Informer(endpointSlice, deps);
  const informers = [pods, services, slices];
  for (const informer of informers) informer.start();
  await Promise.all(informers.map(({ synced }) => synced));
  const proxy = new ServiceProxy({ client, network, services, slices });
  const kubelet = new PlayedKubelet(t, {
    client,
    network,
    pods,
    hosts: (namespace) => proxy.hosts(namespace),
    apiServer: { origin, ca: files.ca },
    command: (image, args, root) => {
      if (image === helloImage) return [process.execPath, hello, ...args];
      const own = args[0] === 'router' ? ['--files-root', root] : [];
      if (image === drawbridgeImage) return [process.execPath, launcher, ...args, ...own];
      throw new TypeError(`no such image: ${image}`);
    },
  });
  kubelet.start();
  t.after(async () => {
    await kubelet.stop();
    for (const informer of informers) await informer.stop();
    await proxy.settled();
  });
  return {
    kubernetes,
    client,
    kubelet,
    describe: () => `proxy: ${String(proxy.fault)}\n${kubelet.describe()}`,
  };
}
