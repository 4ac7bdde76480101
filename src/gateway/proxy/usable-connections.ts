/**
 * What a kubeconfig asks for and the gateway would not do is told at the start: to go past a proxy,
 * or to be somebody else than the headers of a grant say, is worse than not to start.
 */
import type { Logger } from '#base/log.ts';
import type { KubeConnection } from '#kubeclient/index.ts';
import { GatewayError } from '../errors.ts';

/** @throws GatewayError GATEWAY_CONFIG naming the cluster, and what to change */
export function requireUsable(connections: ReadonlyMap<string, KubeConnection>, log: Logger): void {
  for (const [name, { server, impersonates, insecure, proxied }] of connections) {
    if (proxied === true) {
      throw refused(
        name,
        `names a proxy (proxy-url), and the gateway reaches API servers directly: take it out and open a way to ${server}, or run the gateway behind the proxy and link the sites`,
      );
    }
    if (impersonates === true) {
      throw refused(
        name,
        'impersonates somebody (as), and the gateway says itself for whom it asks: take as, as-uid, as-groups and as-user-extra out and bind the rights to the account itself',
      );
    }
    if (insecure === true) {
      log.warn('the certificate of the API server is not checked', { cluster: name, server });
    }
  }
}

function refused(name: string, why: string): GatewayError {
  return new GatewayError('GATEWAY_CONFIG', `the kubeconfig of the cluster ${name} ${why}`);
}
