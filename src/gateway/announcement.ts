/** Where the gateway is, told in the API it serves, so that the command line can make links. */
import {
  configMap,
  type ConfigMap,
  namespace as namespaceKind,
  type ObjectKey,
} from '#kube/index.ts';
import { createOrUpdate, isKubeError, type WritingClient } from '#kubeclient/index.ts';

export interface GatewayAddress {
  /** `https://host:port`, without a trailing slash. */
  readonly url: string;
  /** PEM bundle that its certificate is checked with; empty: the system's roots. */
  readonly ca: string;
  /** Names of the API servers behind it; absent: it does not tell. */
  readonly clusters?: readonly string[];
}

const name = 'drawbridge-gateway';

/** The ConfigMap that says where the gateway is. */
export function announcementKey(namespace: string): ObjectKey {
  return { namespace, name };
}

/** Writes it, with the namespace when that is missing. @throws KubeClientError */
export async function announce(
  client: WritingClient,
  namespace: string,
  address: GatewayAddress,
): Promise<void> {
  const { url, ca, clusters } = address;
  const data = {
    url,
    'ca.crt': ca,
    ...(clusters === undefined ? {} : { clusters: clusters.join(',') }),
  };
  const write = (): Promise<unknown> =>
    createOrUpdate<ConfigMap>(client, configMap, announcementKey(namespace), (existing) => ({
      ...(existing ?? { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } }),
      data,
    }));
  try {
    await write();
  } catch (thrown) {
    if (!isKubeError(thrown, 'KUBE_NOT_FOUND')) throw thrown;
    const metadata = { name: namespace };
    await client.create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata });
    await write();
  }
}

/** What the ConfigMap says; undefined when it says nothing usable. */
export function addressIn(object: ConfigMap | undefined): GatewayAddress | undefined {
  const { url, 'ca.crt': ca = '', clusters } = object?.data ?? {};
  if (url === undefined || !/^https:\/\/[^/]+$/.test(url)) return undefined;
  return { url, ca, ...(clusters === undefined ? {} : { clusters: clusters.split(',') }) };
}
