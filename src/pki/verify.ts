/** Does this certificate come from that authority, and does this key belong to it? */
import { openCertificate, publicKeyOf } from './certificate.ts';
import { parsePrivateKey, samePublicKey } from './keys.ts';
import { splitBundle } from './pem.ts';

/**
 * True when `authorityPem` (its first certificate) issued `certificatePem` (its first): the names
 * fit, the issuer is an authority and the signature is right. Time is not looked at.
 * @throws PkiError PKI_PEM_INVALID, PKI_CERTIFICATE_INVALID
 */
export function verifyIssuedBy(certificatePem: string, authorityPem: string): boolean {
  const certificate = openCertificate(certificatePem);
  const authority = openCertificate(authorityPem);
  return (
    authority.ca && certificate.checkIssued(authority) && certificate.verify(publicKeyOf(authority))
  );
}

/**
 * True when any authority of the bundle issued the certificate and both are valid at `nowMs`.
 * Intermediates are not followed: our authorities sign leaves directly.
 * @throws PkiError PKI_PEM_INVALID, PKI_CERTIFICATE_INVALID
 */
export function verifyChain(certificatePem: string, bundlePem: string, nowMs: number): boolean {
  if (!isValidAt(certificatePem, nowMs)) return false;
  return splitBundle(bundlePem).some(
    (authority) => isValidAt(authority, nowMs) && verifyIssuedBy(certificatePem, authority),
  );
}

/**
 * True when the bundle has a certificate of the authority's key, also an older or newer one.
 * @throws PkiError PKI_PEM_INVALID, PKI_CERTIFICATE_INVALID
 */
export function isAuthorityIn(authorityPem: string, bundlePem: string): boolean {
  const key = publicKeyOf(openCertificate(authorityPem));
  return splitBundle(bundlePem).some((pem) =>
    samePublicKey(publicKeyOf(openCertificate(pem)), key),
  );
}

function isValidAt(pem: string, nowMs: number): boolean {
  const certificate = openCertificate(pem);
  return certificate.validFromDate.getTime() <= nowMs && nowMs <= certificate.validToDate.getTime();
}

/**
 * True when the private key belongs to the first certificate of the text.
 * @throws PkiError PKI_KEY_INVALID, PKI_KEY_UNSUPPORTED, PKI_PEM_INVALID, PKI_CERTIFICATE_INVALID
 */
export function keyMatchesCertificate(keyPem: string, certificatePem: string): boolean {
  return samePublicKey(
    parsePrivateKey(keyPem).publicKey,
    publicKeyOf(openCertificate(certificatePem)),
  );
}
