/**
 * Keys, certificates, requests and the rules for renewing them. Pure: time comes as an argument,
 * PEM goes in and out as text, nothing is read or written.
 */
export { PkiError } from './errors.ts';
export type { PkiErrorCode } from './errors.ts';
export {
  createKeyPair,
  keyAlgorithmOf,
  parsePrivateKey,
  privateKeyPem,
  samePublicKey,
} from './keys.ts';
export type { KeyAlgorithm, KeyPair } from './keys.ts';
export {
  canonicalHosts,
  formatIpAddress,
  parseIpAddress,
  splitHosts,
} from './names.ts';
export type { HostNames, SubjectName } from './names.ts';
export { joinBundle, splitBundle } from './pem.ts';
export { parseCertificate } from './certificate.ts';
export type { CertificateSummary } from './certificate.ts';
export {
  createAuthority,
  crossSign,
  issueCertificate,
  parseAuthority,
} from './issue.ts';
export type { Authority, AuthorityRequest, IssuedCertificate, LeafRequest } from './issue.ts';
export { createSigningRequest, issueForRequest, parseSigningRequest } from './csr.ts';
export type { SigningRequest } from './csr.ts';
export { faultOfForm, faultOfTime, faultOfUse } from './credential-fault.ts';
export type { CertificateUse, CredentialNeed, CredentialTexts } from './credential-fault.ts';
export { isAuthorityIn, keyMatchesCertificate, verifyChain, verifyIssuedBy } from './verify.ts';
export { isSignedBy, signText } from './signed-text.ts';
export { renewAtMs, warnAtMs } from './renewal.ts';
