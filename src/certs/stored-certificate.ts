/** What a kubernetes.io/tls Secret holds, judged once: its certificate, key, bundle and keeper. */
import { rotationEntries } from '#apis/index.ts';
import { isRecord, type ObjectMeta } from '#kube/index.ts';
import {
  type CertificateSummary,
  faultOfForm,
  type KeyAlgorithm,
  keyAlgorithmOf,
  keyMatchesCertificate,
  parseCertificate,
  PkiError,
  splitBundle,
} from '#pki/index.ts';

/** Presence says that we made the object and may change it. */
export const controlledAnnotation = 'internal.skupper.io/controlled';
/** On Secrets: made for a Certificate. On Certificates the same key is a label. */
export const certificateAnnotation = 'internal.skupper.io/certificate';
/** On Secrets: comma list of the hosts in the certificate. */
export const hostsAnnotation = 'internal.skupper.io/hosts';

/** As much of a Secret as is looked at here. */
export interface TlsSecret {
  readonly metadata: ObjectMeta;
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** The content of one TLS Secret. */
export interface StoredCertificate {
  /** True when we may overwrite it. */
  readonly controlled: boolean;
  /** Undefined when `tls.crt` cannot be read or does not fit `tls.key`. */
  readonly certificate: CertificateSummary | undefined;
  /** Why it is undefined, for people. */
  readonly fault: string | undefined;
  readonly keyPem: string;
  readonly keyAlgorithm: KeyAlgorithm | undefined;
  /** The certificates of `ca.crt`, each one PEM block; empty when there is none. */
  readonly bundle: readonly string[];
  /** Of an authority that rotates: its certificate by the one before. Undefined: none. */
  readonly cross: string | undefined;
  /** Of an authority that rotates: the one that signs next. Undefined: none. */
  readonly next: CertificateSummary | undefined;
}

/** Reads a Secret; broken content gives undefined fields, never an error. */
export function readStoredCertificate(secret: TlsSecret): StoredCertificate {
  const certificatePem = textOf(secret, 'tls.crt');
  const keyPem = textOf(secret, 'tls.key');
  const matches = attempt(() => keyMatchesCertificate(keyPem, certificatePem)) ?? false;
  return {
    controlled: isControlled(secret.metadata),
    fault: matches
      ? undefined
      : faultOfForm(
          { 'tls.crt': certificatePem, 'tls.key': keyPem, 'ca.crt': undefined },
          { certificate: true, authority: false },
        ),
    certificate: matches ? attempt(() => parseCertificate(certificatePem)) : undefined,
    keyPem,
    keyAlgorithm: matches ? attempt(() => keyAlgorithmOf(keyPem)) : undefined,
    bundle: attempt(() => splitBundle(textOf(secret, 'ca.crt'))) ?? [],
    cross: readCross(secret),
    next: readNext(secret),
  };
}

function readCross(secret: TlsSecret): string | undefined {
  const pem = textOf(secret, rotationEntries.cross);
  return pem === '' ? undefined : attempt(() => parseCertificate(pem).pem);
}

/** The next authority; none when its key is missing or belongs to another one. */
function readNext(secret: TlsSecret): CertificateSummary | undefined {
  const pem = textOf(secret, rotationEntries.nextCertificate);
  if (pem === '') return undefined;
  const key = textOf(secret, rotationEntries.nextKey);
  return attempt(() => (keyMatchesCertificate(key, pem) ? parseCertificate(pem) : undefined));
}

/** True when the object carries our mark, or a Certificate owns it. */
export function isControlled(metadata: ObjectMeta): boolean {
  if (metadata.annotations?.[controlledAnnotation] !== undefined) return true;
  return (metadata.ownerReferences ?? []).some(
    (owner) => owner.kind === 'Certificate' && owner.apiVersion.startsWith('skupper.io/'),
  );
}

/** The text under a key of a Secret's data; empty when absent. */
export function textOf(secret: TlsSecret, key: string): string {
  const encoded: unknown = isRecord(secret.data) ? secret.data[key] : undefined;
  return typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString('utf8') : '';
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof PkiError) return undefined;
    throw thrown;
  }
}
