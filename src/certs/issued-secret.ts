/** The Secret of a Certificate: what is put into it when its content is decided. */
import { encodeSecretData, type OwnerReference } from '#kube/index.ts';
import {
  type Authority,
  createAuthority,
  issueCertificate,
  joinBundle,
  type KeyAlgorithm,
  parseAuthority,
  parsePrivateKey,
  privateKeyPem,
} from '#pki/index.ts';
import { type CertificateWish, usagesOf } from './decision.ts';
import { type Certificate, type Secret, specOf } from './kinds.ts';
import {
  certificateAnnotation,
  controlledAnnotation,
  hostsAnnotation,
  textOf,
} from './stored-certificate.ts';

/** PEM texts of a Secret. */
export interface SecretTexts {
  readonly 'tls.crt': string;
  readonly 'tls.key': string;
  readonly 'ca.crt': string;
}

/** How certificates are made. */
export interface IssueOptions {
  readonly nowMs: number;
  /** Undefined: the default of pki. */
  readonly lifetimeMs: number | undefined;
  /** For Certificates that ask for none. */
  readonly algorithm: KeyAlgorithm;
}

function lifetime(options: IssueOptions): { lifetimeMs?: number } {
  return options.lifetimeMs === undefined ? {} : { lifetimeMs: options.lifetimeMs };
}

/**
 * Makes an authority, or renews one with its key.
 * @param keyPem key to keep
 * @param previous older certificates that stay in the bundle
 * @throws PkiError PKI_NAME_INVALID
 */
export async function authorityTexts(
  wish: CertificateWish,
  keyPem: string | undefined,
  previous: readonly string[],
  options: IssueOptions,
): Promise<SecretTexts> {
  const { certificate, keys } = await createAuthority({
    commonName: wish.subject,
    nowMs: options.nowMs,
    algorithm: wish.algorithm ?? options.algorithm,
    ...lifetime(options),
    ...(keyPem === undefined ? {} : { keys: parsePrivateKey(keyPem) }),
  });
  return {
    'tls.crt': certificate.pem,
    'tls.key': privateKeyPem(keys.privateKey),
    'ca.crt': joinBundle([certificate.pem, ...previous]),
  };
}

/** Makes a leaf. @throws PkiError PKI_NAME_INVALID */
export async function leafTexts(
  wish: CertificateWish,
  authority: Authority,
  bundle: readonly string[],
  options: IssueOptions,
): Promise<SecretTexts> {
  const request = {
    commonName: wish.subject,
    hosts: wish.hosts,
    ...usagesOf(wish),
    nowMs: options.nowMs,
    ...lifetime(options),
  };
  const issued = await issueCertificate(authority, request, wish.algorithm ?? options.algorithm);
  return {
    'tls.crt': issued.certificate.pem,
    'tls.key': privateKeyPem(issued.keys.privateKey),
    'ca.crt': joinBundle(bundle),
  };
}

/** The authority in a CA's Secret. @throws PkiError when it holds none */
export function authorityOf(secret: Secret): Authority {
  return parseAuthority(textOf(secret, 'tls.crt'), textOf(secret, 'tls.key'));
}

/** The Secret as it should be; other data, labels and annotations of an existing one stay. */
export function secretWith(
  owner: Certificate,
  existing: Secret | undefined,
  texts: Partial<SecretTexts>,
): Secret {
  const { name, namespace = '' } = owner.metadata;
  const base: Secret = existing ?? {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type: 'kubernetes.io/tls',
  };
  return {
    ...base,
    metadata: {
      ...base.metadata,
      annotations: {
        ...base.metadata.annotations,
        [controlledAnnotation]: 'true',
        [certificateAnnotation]: 'true',
        [hostsAnnotation]: (specOf(owner).hosts ?? []).join(','),
      },
      ownerReferences: ownersWith(base.metadata.ownerReferences ?? [], owner),
    },
    data: { ...base.data, ...encodeSecretData({ ...texts }) },
  };
}

/** An earlier Certificate of the same name no longer owns the Secret: it would take it along. */
function ownersWith(owners: readonly OwnerReference[], owner: Certificate): OwnerReference[] {
  const { name, uid = '' } = owner.metadata;
  const others = owners.filter((each) => each.kind !== 'Certificate' || each.name !== name);
  return [...others, { apiVersion: 'skupper.io/v2alpha1', kind: 'Certificate', name, uid }];
}
