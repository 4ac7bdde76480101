/** When a certificate is due: at two thirds of its life, so that the last third is for trouble. */
import type { CertificateSummary } from './certificate.ts';

/** Milliseconds since 1970 from which the certificate should be replaced. */
export function renewAtMs(
  certificate: Pick<CertificateSummary, 'notBeforeMs' | 'notAfterMs'>,
): number {
  const lifeMs = certificate.notAfterMs - certificate.notBeforeMs;
  return certificate.notBeforeMs + Math.floor((lifeMs * 2) / 3);
}
