/** Certificate objects and the Secrets they stand for. */
export {
  type CertificateControllerOptions,
  type CertsDeps,
  startCertificateController,
} from './certificate-controller.ts';
export {
  type CertificateRequest,
  ensureCertificate,
  releaseCertificate,
} from './ensure-certificate.ts';
export { type ExpiryWatchDeps, startExpiryWatch } from './expiry-watch.ts';
export { type CertsErrorCode } from './errors.ts';
