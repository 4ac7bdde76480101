/**
 * Which certificates the router of a namespace refuses, from what the objects say. Deleting an
 * IssuedLink revokes, too: its serial number moves to a ConfigMap, where it stays until the
 * certificate has ended by itself. Pure.
 */
import { isTerminating, type OwnerReference } from '#kube/index.ts';
import type { ConfigMap, IssuedLink } from '../kinds.ts';

/**
 * A connection outlives the certificate that it was made with, so revoking goes on for a while
 * after its end; milliseconds.
 */
const revokedAfterEndMs = 30 * 24 * 3600 * 1000;

/** Serial numbers to refuse, sorted; certificates long past their end need no revocation. */
export function revokedSerials(
  issued: readonly IssuedLink[],
  list: ConfigMap | undefined,
  nowMs: number,
): readonly string[] {
  const serials = new Set<string>();
  for (const each of issued) {
    if (isRevoked(each) && endOf(each.spec?.notAfter) > nowMs) serials.add(serialOf(each));
  }
  for (const [serial, notAfter] of Object.entries(list?.data ?? {})) {
    if (endOf(notAfter) > nowMs) serials.add(serial);
  }
  serials.delete('');
  return [...serials].sort();
}

/** Revoked by its switch or by its deletion. */
export function isRevoked(issued: IssuedLink): boolean {
  return issued.spec?.revoked === true || isTerminating(issued);
}

/** Serial number in lower-case hexadecimal. */
export function serialOf(issued: IssuedLink): string {
  return (issued.spec?.serialNumber ?? '').toLowerCase();
}

/** The data of the list with more certificates on it, without those that have ended. */
export function extendedList(
  before: Readonly<Record<string, string>>,
  added: readonly IssuedLink[],
  nowMs: number,
): Record<string, string> {
  const entries = [
    ...Object.entries(before),
    ...added.map((each) => [serialOf(each), each.spec?.notAfter ?? ''] as const),
  ];
  return Object.fromEntries(
    entries.filter(([serial, notAfter]) => serial !== '' && endOf(notAfter) > nowMs),
  );
}

/** Who a record belongs to: its Site. */
export function ownersOf({ metadata }: IssuedLink): readonly OwnerReference[] {
  return metadata.ownerReferences ?? [];
}

/**
 * The owners of the list: the Sites whose certificates are on it. A list without owners has one that
 * must outlive its Site, or nobody to belong to, and stays.
 * @param added none: the list must stay
 */
export function listOwners(
  existing: ConfigMap | undefined,
  added: readonly OwnerReference[],
): OwnerReference[] {
  const before = existing?.metadata.ownerReferences ?? [];
  if (added.length === 0 || (existing !== undefined && before.length === 0)) return [];
  return [...new Map([...before, ...added].map((owner) => [owner.uid, owner])).values()];
}

/** When the revocation ends. An end of the certificate that nobody can read never comes. */
function endOf(notAfter: string | undefined): number {
  const ms = Date.parse(notAfter ?? '');
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms + revokedAfterEndMs;
}
