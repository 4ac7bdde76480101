/** When a certificate is due: at two thirds of its life, so that the last third is for trouble. */
import type { CertificateSummary } from './certificate.ts';

type Life = Pick<CertificateSummary, 'notBeforeMs' | 'notAfterMs'>;

/** Milliseconds since 1970 from which the certificate should be replaced. */
export function renewAtMs({ notBeforeMs, notAfterMs }: Life): number {
  return notBeforeMs + Math.floor(((notAfterMs - notBeforeMs) * 2) / 3);
}

/** Nobody wants to hear earlier than this before the end; milliseconds. */
const warningMsMax = 30 * 24 * 3600 * 1000;

/** Milliseconds since 1970 from which people should be told that it was not replaced. */
export function warnAtMs({ notBeforeMs, notAfterMs }: Life): number {
  const lastSixthMs = Math.floor((notAfterMs - notBeforeMs) / 6);
  return notAfterMs - Math.min(lastSixthMs, warningMsMax);
}
