/** Brings others to the grant server: a CA, and a SecuredAccess to the pods of the controller. */
import { type SecuredAccess, securedAccess } from '#apis/index.ts';
import { ensureCertificate } from '#certs/index.ts';
import { deployment, pod } from '#controllers/index.ts';
import { type KubeObject, ownerReferenceTo } from '#kube/index.ts';
import { createOrUpdate, type KubeClient } from '#kubeclient/index.ts';
import { AppError } from '../errors.ts';
import { grantServerName } from './grant-address.ts';

export interface GrantAccessOptions {
  readonly namespace: string;
  /** Deployment of the controller, which takes these objects along when it goes. */
  readonly deployment: string;
  /** Name of the pod that asks. */
  readonly pod: string;
  readonly port: number;
}

const caName = `${grantServerName}-ca`;

/** @throws AppError APP_NOT_IN_CLUSTER when the pod cannot be found; KubeClientError */
export async function ensureGrantAccess(
  client: KubeClient,
  options: GrantAccessOptions,
): Promise<void> {
  const { namespace, port } = options;
  const own = await client.find(pod, { namespace, name: options.pod });
  const owner = await client.find(deployment, { namespace, name: options.deployment });
  if (own === undefined || owner === undefined) {
    throw new AppError(
      'APP_NOT_IN_CLUSTER',
      `there is no pod ${options.pod} of a Deployment ${options.deployment} in ${namespace}`,
      'give --grant-server-base-url HOST:PORT when the controller runs outside of the cluster',
      { retry: 'backoff' },
    );
  }
  await ensureCertificate(client, {
    namespace,
    name: caName,
    ca: '',
    subject: 'SkupperGrantServerCA',
    signing: true,
    owner,
  });
  const { 'pod-template-hash': _hash, ...selector } = own.metadata.labels ?? {};
  const spec: NonNullable<SecuredAccess['spec']> = {
    selector,
    ports: [{ name: 'https', port, targetPort: port, protocol: 'TCP' }],
    issuer: caName,
    certificate: grantServerName,
  };
  await createOrUpdate(client, securedAccess, { namespace, name: grantServerName }, (existing) =>
    shape(existing, namespace, spec, owner),
  );
}

function shape(
  existing: SecuredAccess | undefined,
  namespace: string,
  spec: NonNullable<SecuredAccess['spec']>,
  owner: KubeObject,
): SecuredAccess {
  return {
    ...(existing ?? { apiVersion: 'skupper.io/v2alpha1', kind: 'SecuredAccess' }),
    metadata: {
      ...existing?.metadata,
      name: grantServerName,
      namespace,
      ownerReferences: [ownerReferenceTo(owner, false)],
    },
    spec,
  };
}
