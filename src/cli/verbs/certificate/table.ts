/** Certificates as people read them. */
import { findCondition } from '#kube/index.ts';
import type { Certificate } from '../../api/kinds.ts';
import { renderTable } from '../../output/table.ts';

/** One row per Certificate; of CAs also where their rotation stands. */
export function renderCertificates(certificates: readonly Certificate[]): string {
  const rows = certificates.map(({ metadata, spec, status }) => {
    const rotating = findCondition(status?.conditions, 'Rotating');
    const isOk = status?.status === 'Ready';
    return [
      metadata.name,
      spec?.ca || 'itself',
      status?.status ?? '',
      status?.expiration ?? '',
      rotating?.reason ?? '',
      (isOk ? rotating?.message : status?.message) ?? '',
    ];
  });
  return renderTable(['NAME', 'SIGNED BY', 'STATUS', 'EXPIRATION', 'ROTATION', 'MESSAGE'], rows);
}
