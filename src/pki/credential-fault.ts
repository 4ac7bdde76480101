/**
 * What is wrong with TLS material that somebody brought along, said so that a person can put it
 * right: which part, and why. Any accepted key form and chains (leaf first) are fine.
 */
import { CodedError, messageOf } from '#base/errors.ts';
import { type CertificateSummary, openCertificate, parseCertificate } from './certificate.ts';
import { parsePrivateKey } from './keys.ts';
import { canonicalHosts } from './names.ts';
import { splitBundle } from './pem.ts';
import { keyMatchesCertificate } from './verify.ts';

/** PEM texts as a TLS Secret has them; empty or undefined when absent. */
export interface CredentialTexts {
  readonly 'tls.crt': string | undefined;
  readonly 'tls.key': string | undefined;
  readonly 'ca.crt': string | undefined;
}

/** What the material must be good for. */
export interface CredentialNeed {
  /** `tls.crt` with its `tls.key`. */
  readonly certificate: boolean;
  /** `ca.crt`, to know the other side by. */
  readonly authority: boolean;
}

/** The first fault of form: missing, unreadable or not belonging together. Undefined: none. */
export function faultOfForm(texts: CredentialTexts, need: CredentialNeed): string | undefined {
  return (
    (need.authority ? faultOfAuthorities(texts['ca.crt']) : undefined) ??
    (need.certificate ? faultOfPair(texts['tls.crt'], texts['tls.key']) : undefined)
  );
}

function faultOfAuthorities(bundle: string | undefined): string | undefined {
  if (isAbsent(bundle)) return 'ca.crt is missing';
  let found: readonly CertificateSummary[] = [];
  const unreadable = faultOfReading('ca.crt', () => {
    found = splitBundle(bundle).map((pem) => parseCertificate(pem));
  });
  return unreadable ?? faultOfRoots(found);
}

/** Routers follow a chain to its root, and take no other certificate for one. */
function faultOfRoots(authorities: readonly CertificateSummary[]): string | undefined {
  if (authorities.some(({ pem }) => openCertificate(pem).checkIssued(openCertificate(pem)))) {
    return undefined;
  }
  const [first] = authorities;
  return `ca.crt has no root: "${first?.commonName}" comes from "${first?.issuerCommonName}", which is not in it`;
}

function faultOfPair(certificate: string | undefined, key: string | undefined): string | undefined {
  if (isAbsent(certificate)) return 'tls.crt is missing';
  if (isAbsent(key)) return 'tls.key is missing';
  const unreadable =
    faultOfReading('tls.crt', () => parseCertificate(certificate)) ??
    faultOfReading('tls.key', () => parsePrivateKey(key));
  if (unreadable !== undefined) return unreadable;
  return keyMatchesCertificate(key, certificate) ? undefined : 'tls.key does not belong to tls.crt';
}

/** Why the certificate is not valid at `nowMs`; undefined when it is. */
export function faultOfTime(
  certificate: Pick<CertificateSummary, 'notAfterMs' | 'notBeforeMs'>,
  nowMs: number,
): string | undefined {
  const { notAfterMs, notBeforeMs } = certificate;
  if (nowMs >= notAfterMs) return `tls.crt expired on ${dateOf(notAfterMs)}`;
  if (nowMs < notBeforeMs) return `tls.crt is not valid before ${dateOf(notBeforeMs)}`;
  return undefined;
}

/** What a certificate is asked to serve for. */
export interface CertificateUse {
  /** Each must be named by the certificate, a wildcard counts. */
  readonly hosts: readonly string[];
  readonly server: boolean;
  readonly client: boolean;
  readonly signing: boolean;
}

/**
 * Why a certificate does not serve; undefined when it does. One that names no use serves for all.
 * @throws PkiError PKI_NAME_INVALID when a host is none
 */
export function faultOfUse(
  certificate: CertificateSummary,
  { hosts, server, client, signing }: CertificateUse,
): string | undefined {
  if (signing && !certificate.isAuthority) {
    return 'tls.crt is not an authority (CA:TRUE is missing)';
  }
  const missing = canonicalHosts(hosts).filter((host) => !isNamed(certificate, host));
  if (missing.length > 0) {
    const named = [...certificate.dnsNames, ...certificate.ipAddresses];
    return `tls.crt does not name ${missing.join(', ')}; it names ${named.join(', ') || 'no host'}`;
  }
  const isOpen = !certificate.serverAuth && !certificate.clientAuth;
  if (signing || isOpen) return undefined;
  if (server && !certificate.serverAuth) return 'tls.crt is not meant for servers (serverAuth)';
  return client && !certificate.clientAuth
    ? 'tls.crt is not meant for clients (clientAuth)'
    : undefined;
}

function isNamed(certificate: CertificateSummary, host: string): boolean {
  if (certificate.ipAddresses.includes(host)) return true;
  const parent = host.slice(host.indexOf('.'));
  return certificate.dnsNames
    .map((name) => name.toLowerCase())
    .some((name) => name === host || (parent.length > 1 && name === `*${parent}`));
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

function isAbsent(text: string | undefined): text is undefined {
  return text === undefined || text.trim() === '';
}

function faultOfReading(file: string, read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    return `${file}: ${messageOf(thrown)}`;
  }
}
