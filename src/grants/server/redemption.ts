/**
 * The rules of a redemption, pure: who may have a link, in the order in which refusals are told.
 * @spec skupper grant server protocol, checks 1 to 5
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Refusal, refusals } from './refusal.ts';

/** As much of an AccessGrant as decides about redemptions. */
export interface GrantFacts {
  readonly spec?: { readonly redemptionsAllowed?: number };
  readonly status?: {
    readonly code?: string;
    readonly redemptions?: number;
    readonly expirationTime?: string;
  };
}

/** What stands against any redemption of this grant now, whatever the code; undefined: nothing. */
export function refusalOfGrant(grant: GrantFacts, nowMs: number): Refusal | undefined {
  const endMs = Date.parse(grant.status?.expirationTime ?? '');
  if (Number.isNaN(endMs)) return refusals.corrupted;
  if (nowMs >= endMs) return refusals.expired;
  return remainingOf(grant) <= 0 ? refusals.usedUp : undefined;
}

/** Redemptions that are left. */
export function remainingOf(grant: GrantFacts): number {
  return (grant.spec?.redemptionsAllowed ?? 0) - (grant.status?.redemptions ?? 0);
}

/**
 * True when the body is the code, byte for byte. Both are hashed first, so that neither content nor
 * length shows in the time it takes.
 */
export function isCode(body: Uint8Array, code: string | undefined): boolean {
  const given = createHash('sha256').update(body).digest();
  const wanted = createHash('sha256')
    .update(code ?? '', 'utf8')
    .digest();
  return timingSafeEqual(given, wanted) && code !== undefined && code !== '';
}

/** Who asks, from the request headers. */
export interface Joiner {
  /** Name for Secret and Link. */
  readonly name: string;
  /** Common name of the certificate: the site id of the joiner. */
  readonly subject: string;
}

const objectName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const subjectText = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/**
 * Reads the headers `name` and `subject`; a missing name is the grant's, a missing subject the name.
 * @returns a refusal when either could not be used
 */
export function readJoiner(
  headers: { readonly name?: string; readonly subject?: string },
  grantName: string,
): Joiner | Refusal {
  const name = headers.name || grantName;
  if (name.length > 253 || !objectName.test(name)) return refusals.badName;
  const subject = headers.subject || name.slice(0, 64);
  return subjectText.test(subject) ? { name, subject } : refusals.badSubject;
}
