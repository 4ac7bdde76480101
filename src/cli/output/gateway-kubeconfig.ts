/** A kubeconfig that goes through the gateway. */
import type { GatewayAddress } from '#gateway/index.ts';

export interface KubeconfigWish {
  readonly address: GatewayAddress;
  /** Cluster behind the gateway. */
  readonly cluster: string;
  readonly namespace: string;
  readonly code: string;
  /** The program that gets sessions; absent: the code itself is the token. */
  readonly plugin?: string;
}

/** Path of the gateway below which the API of a cluster is. */
export function mountOf(cluster: string): string {
  return cluster === 'local' ? '/k8s' : `/clusters/${cluster}`;
}

/** One cluster, one user, one context. */
export function gatewayKubeconfig(wish: KubeconfigWish): object {
  const { address, cluster, namespace, code, plugin } = wish;
  const name = 'drawbridge-gateway';
  const server = `${address.url}${mountOf(cluster)}`;
  const ca = Buffer.from(address.ca).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: { server, ...(ca === '' ? {} : { 'certificate-authority-data': ca }) },
      },
    ],
    users: [
      { name, user: plugin === undefined ? { token: code } : { exec: pluginOf(plugin, code) } },
    ],
    contexts: [{ name, context: { cluster: name, user: name, namespace } }],
    'current-context': name,
  };
}

function pluginOf(command: string, code: string): unknown {
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    command,
    args: ['gateway', 'exec-credential'],
    env: [{ name: 'DRAWBRIDGE_GATEWAY_CODE', value: code }],
    interactiveMode: 'Never',
    provideClusterInfo: true,
    installHint: 'install drawbridge, or ask for a kubeconfig without --exec',
  };
}
