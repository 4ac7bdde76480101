/** Texts signed with the key of a certificate: who wrote them can be told without a connection. */
import { type KeyObject, sign, verify } from 'node:crypto';
import { openCertificate, publicKeyOf } from './certificate.ts';
import { digestFor } from './keys.ts';

/** Longest signature that is looked at, base64 characters: RSA 8192 has about 1400. */
const signatureCharsMax = 2048;

/** The signature of a text, base64; over SHA-256, but for keys with a digest of their own. */
export function signText(text: string, key: KeyObject): string {
  return sign(digestFor(key), Buffer.from(text, 'utf8'), key).toString('base64');
}

/**
 * True when the holder of the first certificate's key signed the text. Whether the certificate is
 * to be believed is for the caller.
 * @throws PkiError PKI_PEM_INVALID, PKI_CERTIFICATE_INVALID
 */
export function isSignedBy(text: string, signature: string, certificatePem: string): boolean {
  if (signature.length > signatureCharsMax) return false;
  const key = publicKeyOf(openCertificate(certificatePem));
  return verify(digestFor(key), Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'base64'));
}
