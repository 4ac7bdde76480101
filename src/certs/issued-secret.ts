/** The Secret of a Certificate: what is put into it when its content is decided. */
import { encodeSecretData, type OwnerReference } from '#kube/index.ts';
import {
  type Authority,
  createAuthority,
  issueCertificate,
  joinBundle,
  type KeyAlgorithm,
  parseAuthority,
  privateKeyPem,
} from '#pki/index.ts';
import { type CaState, type CertificateWish, usagesOf } from './decision.ts';
import { type Certificate, type Secret, specOf } from './kinds.ts';
import {
  certificateAnnotation,
  controlledAnnotation,
  hostsAnnotation,
  textOf,
} from './stored-certificate.ts';

/** What is written into a Secret: PEM texts by entry; undefined takes the entry away. */
export type SecretTexts = Readonly<Record<string, string | undefined>>;

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

/** Makes an authority. @throws PkiError PKI_NAME_INVALID */
export async function newAuthority(
  wish: CertificateWish,
  options: IssueOptions,
): Promise<Authority> {
  return await createAuthority({
    commonName: wish.subject,
    nowMs: options.nowMs,
    algorithm: wish.algorithm ?? options.algorithm,
    ...lifetime(options),
  });
}

/**
 * Makes a leaf.
 * @param cross goes along with it, so that who trusts only the authority before can verify it
 * @throws PkiError PKI_NAME_INVALID
 */
export async function leafTexts(
  wish: CertificateWish,
  authority: Authority,
  { bundle, cross }: Pick<Extract<CaState, { kind: 'usable' }>, 'bundle' | 'cross'>,
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
    'tls.crt': issued.certificate.pem + (cross ?? ''),
    'tls.key': privateKeyPem(issued.keys.privateKey),
    'ca.crt': joinBundle(bundle),
  };
}

/** The authority in a CA's Secret. @throws PkiError when it holds none */
export function authorityOf(secret: Secret): Authority {
  return parseAuthority(textOf(secret, 'tls.crt'), textOf(secret, 'tls.key'));
}

/**
 * The Secret as it should be; other data, labels and annotations of an existing one stay.
 * @param notes annotations beside those that every Secret of ours has; undefined takes one away
 */
export function secretWith(
  owner: Certificate,
  existing: Secret | undefined,
  texts: SecretTexts,
  notes: Readonly<Record<string, string | undefined>> = {},
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
        ...changed(base.metadata.annotations, notes),
        [controlledAnnotation]: 'true',
        [certificateAnnotation]: 'true',
        [hostsAnnotation]: (specOf(owner).hosts ?? []).join(','),
      },
      ownerReferences: ownersWith(base.metadata.ownerReferences ?? [], owner),
    },
    data: changed(base.data, encoded(texts)),
  };
}

function encoded(texts: SecretTexts): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(texts).map(([entry, text]) => [
      entry,
      text === undefined ? undefined : encodeSecretData({ [entry]: text })[entry],
    ]),
  );
}

/** With the changes; undefined takes a key away. */
function changed(
  before: Readonly<Record<string, string>> | undefined,
  changes: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const all = Object.entries({ ...before, ...changes });
  return Object.fromEntries(
    all.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** An earlier Certificate of the same name no longer owns the Secret: it would take it along. */
function ownersWith(owners: readonly OwnerReference[], owner: Certificate): OwnerReference[] {
  const { name, uid = '' } = owner.metadata;
  const others = owners.filter((each) => each.kind !== 'Certificate' || each.name !== name);
  return [...others, { apiVersion: 'skupper.io/v2alpha1', kind: 'Certificate', name, uid }];
}
