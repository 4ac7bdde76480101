/**
 * The key by which gateways know what one of them has written into a status: a Secret in their
 * namespace, which the first one makes and all share. Without it every seal is void: whoever deletes
 * it ends all sealed grants and approvals, once the gateways have been started again.
 */
import type { Random } from '#base/random.ts';
import {
  namespace as namespaceKind,
  type ObjectKey,
  type Secret,
  secret as secretKind,
} from '#kube/index.ts';
import { isKubeError, type KubeClient } from '#kubeclient/index.ts';
import { GatewayError } from '../errors.ts';

export interface SealKeyDeps {
  readonly client: Pick<KubeClient, 'find' | 'create'>;
  readonly random: Random;
}

/** Name of the Secret. */
export const sealSecretName = 'drawbridge-gateway-seal';
const item = 'key';
const keyBytes = 32;

/**
 * Finds the key, or makes it.
 * @throws GatewayError GATEWAY_CONFIG when the Secret holds something else; KubeClientError
 */
export async function sealKey(deps: SealKeyDeps, namespace: string): Promise<Buffer> {
  const key = { namespace, name: sealSecretName };
  const { data } = (await deps.client.find(secretKind, key)) ?? (await make(deps, key));
  const bytes = Buffer.from(data?.[item] ?? '', 'base64');
  if (bytes.length === keyBytes) return bytes;
  const what = `Secret ${namespace}/${sealSecretName} has no ${keyBytes} bytes in base64 as ${item}`;
  throw new GatewayError('GATEWAY_CONFIG', `${what}: delete it, and the gateway makes another`);
}

async function make({ client, random }: SealKeyDeps, key: ObjectKey): Promise<Secret> {
  const data = { [item]: Buffer.from(random.bytes(keyBytes)).toString('base64') };
  const wanted: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: key, type: 'Opaque', data };
  try {
    return await client.create(secretKind, wanted);
  } catch (thrown) {
    // Another replica was faster: its key is everybody's.
    const theirs = isKubeError(thrown, 'KUBE_ALREADY_EXISTS')
      ? await client.find(secretKind, key)
      : undefined;
    if (theirs !== undefined) return theirs;
    if (!isKubeError(thrown, 'KUBE_NOT_FOUND')) throw thrown;
  }
  const metadata = { name: key.namespace };
  await client
    .create(namespaceKind, { apiVersion: 'v1', kind: 'Namespace', metadata })
    .catch((again: unknown) => {
      if (!isKubeError(again, 'KUBE_ALREADY_EXISTS')) throw again;
    });
  return client.create(secretKind, wanted);
}
