/**
 * The certificate of the grant server: a CA and a server Certificate in the controller's own
 * namespace, kept by the certificate controller. Only that namespace is looked at, so that nobody
 * else can slip in a Secret of the same name.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ObjectKey } from '#kube/index.ts';
import { createOrUpdate, isKubeError } from '#kubeclient/index.ts';
import { keyMatchesCertificate, PkiError } from '#pki/index.ts';
import type { GrantsDeps } from '../controller-deps.ts';
import { GrantsError } from '../errors.ts';
import { type Certificate, certificate, namespace, type Secret, secret } from '../kinds.ts';
import { textOf } from '../secret-text.ts';

const caName = 'skupper-grant-server-ca';
const serverName = 'skupper-grant-server';

/** What the server presents, and the bundle that clients verify it with. */
export interface ServerIdentity {
  readonly cert: string;
  readonly key: string;
  readonly caPem: string;
}

/** Makes namespace and Certificates if they are not there, and brings the hosts up to date. */
export async function ensureIdentityObjects(
  deps: Pick<GrantsDeps, 'client'>,
  inNamespace: string,
  hosts: readonly string[],
): Promise<void> {
  await ensureNamespace(deps, inNamespace);
  await ensureCertificate(deps, inNamespace, caName, {
    ca: '',
    subject: 'SkupperGrantServerCA',
    signing: true,
  });
  await ensureCertificate(deps, inNamespace, serverName, {
    ca: caName,
    subject: serverName,
    hosts: [...new Set([...hosts, serverName, `${serverName}.${inNamespace}`])].sort(),
    server: true,
  });
}

async function ensureNamespace(deps: Pick<GrantsDeps, 'client'>, name: string): Promise<void> {
  if ((await deps.client.find(namespace, { namespace: '', name })) !== undefined) return;
  try {
    await deps.client.create(namespace, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    });
  } catch (thrown) {
    if (!isKubeError(thrown, 'KUBE_ALREADY_EXISTS')) throw thrown;
  }
}

async function ensureCertificate(
  deps: Pick<GrantsDeps, 'client'>,
  inNamespace: string,
  name: string,
  spec: NonNullable<Certificate['spec']>,
): Promise<void> {
  await createOrUpdate(deps.client, certificate, { namespace: inNamespace, name }, (existing) => {
    if (existing !== undefined) {
      return isDeepStrictEqual(existing.spec, spec) ? existing : { ...existing, spec };
    }
    return {
      apiVersion: 'skupper.io/v2alpha1',
      kind: 'Certificate',
      metadata: {
        namespace: inNamespace,
        name,
        labels: { 'internal.skupper.io/certificate': 'true' },
        annotations: { 'internal.skupper.io/controlled': 'true' },
      },
      spec,
    };
  });
}

/** The key of the Secret that the server presents. */
export function identityKey(inNamespace: string): ObjectKey {
  return { namespace: inNamespace, name: serverName };
}

/** The identity in a Secret; undefined when it is not usable (yet). */
export function readIdentity(stored: Secret | undefined): ServerIdentity | undefined {
  if (stored === undefined) return undefined;
  const cert = textOf(stored, 'tls.crt');
  const key = textOf(stored, 'tls.key');
  const caPem = textOf(stored, 'ca.crt');
  try {
    return caPem !== '' && keyMatchesCertificate(key, cert) ? { cert, key, caPem } : undefined;
  } catch (thrown) {
    if (thrown instanceof PkiError) return undefined;
    throw thrown;
  }
}

/**
 * Waits until the Secret is usable.
 * @throws GrantsError GRANTS_IDENTITY_MISSING after `waitMs`
 */
export async function awaitIdentity(
  deps: Pick<GrantsDeps, 'informers'>,
  inNamespace: string,
  waitMs: number,
): Promise<ServerIdentity> {
  const secrets = deps.informers.of(secret);
  const { promise, resolve, reject } = Promise.withResolvers<ServerIdentity>();
  const look = (): void => {
    const identity = readIdentity(secrets.get(identityKey(inNamespace)));
    if (identity !== undefined) resolve(identity);
  };
  const leave = secrets.onChange(look);
  const timer = setTimeout(() => {
    const message = `no certificate for the grant server in namespace ${inNamespace}`;
    reject(new GrantsError('GRANTS_IDENTITY_MISSING', message, { retry: 'backoff' }));
  }, waitMs);
  look();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    leave();
  }
}
