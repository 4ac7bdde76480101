/** What a certificate says, read once into plain values. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { readCertificate } from './certificate-reading.ts';
import { PkiError } from './errors.ts';
import { splitBundle } from './pem.ts';

/** The facts of one certificate. Times are milliseconds since 1970. */
export interface CertificateSummary {
  /** The certificate itself, one PEM block. */
  readonly pem: string;
  /** Common name of the subject; empty when it has none. */
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly issuerCommonName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly serverAuth: boolean;
  readonly clientAuth: boolean;
  readonly isAuthority: boolean;
  /** Upper-case hexadecimal without separators. */
  readonly serialNumber: string;
  /** SHA-256 of the DER, upper-case hexadecimal with colons. */
  readonly fingerprint: string;
  /** Lower-case hexadecimal; empty when absent. */
  readonly subjectKeyId: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const serverAuthOid = '1.3.6.1.5.5.7.3.1';
const clientAuthOid = '1.3.6.1.5.5.7.3.2';

/**
 * Reads the first certificate of a PEM text.
 * @throws PkiError PKI_PEM_INVALID, PKI_CERTIFICATE_INVALID
 */
export function parseCertificate(pem: string): CertificateSummary {
  const [first = ''] = splitBundle(pem);
  try {
    const certificate = new X509Certificate(first);
    const usages = certificate.keyUsage ?? [];
    return {
      pem: first,
      ...readCertificate(certificate.raw),
      serverAuth: usages.includes(serverAuthOid),
      clientAuth: usages.includes(clientAuthOid),
      isAuthority: certificate.ca,
      serialNumber: certificate.serialNumber,
      fingerprint: certificate.fingerprint256,
      notBeforeMs: certificate.validFromDate.getTime(),
      notAfterMs: certificate.validToDate.getTime(),
    };
  } catch (thrown) {
    throw new PkiError('PKI_CERTIFICATE_INVALID', 'certificate cannot be read', { cause: thrown });
  }
}

/** The certificate as OpenSSL sees it. @throws PkiError PKI_PEM_INVALID, PKI_CERTIFICATE_INVALID */
export function openCertificate(pem: string): X509Certificate {
  const [first = ''] = splitBundle(pem);
  try {
    return new X509Certificate(first);
  } catch (thrown) {
    throw new PkiError('PKI_CERTIFICATE_INVALID', 'certificate cannot be read', { cause: thrown });
  }
}

/**
 * The key a certificate is for. OpenSSL reads it only when asked, so that it may still be broken.
 * @throws PkiError PKI_CERTIFICATE_INVALID
 */
export function publicKeyOf(certificate: X509Certificate): KeyObject {
  try {
    return certificate.publicKey;
  } catch (thrown) {
    throw new PkiError('PKI_CERTIFICATE_INVALID', 'certificate has no usable key', {
      cause: thrown,
    });
  }
}
