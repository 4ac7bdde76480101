/**
 * What has become of a grant, in words that people understand, and who used it. Written together
 * with the count, in one guarded update, so that both are always of one mind. Pure.
 */
import {
  type ConditionState,
  findCondition,
  formatTime,
  isConditionTrue,
  setCondition,
} from '#kube/index.ts';
import type { AccessGrant } from './kinds.ts';

/** Condition of an AccessGrant: may it be redeemed now, and why not. Not required for Ready. */
export const redeemable = 'Redeemable';

/** Redemptions that a status remembers one by one; the oldest go first. */
export const redemptionsKeptMax = 50;

/** One redemption, as the status shows it. */
export interface Redemption {
  readonly tokenName: string;
  readonly siteId: string;
  /** Address it came from. */
  readonly client: string;
  readonly serialNumber: string;
  /** IssuedLink of the certificate. */
  readonly issuedLink: string;
  /** Tells a repeated request; absent when it cannot be repeated. */
  readonly request?: string;
}

/** The grant with further redemptions counted. */
export function withRedemptions(
  grant: AccessGrant,
  made: readonly Redemption[],
  nowMs: number,
): AccessGrant {
  const { status = {} } = grant;
  const time = formatTime(nowMs);
  const redeemedBy = [...(status.redeemedBy ?? []), ...made.map((each) => ({ ...each, time }))];
  const redemptions = (status.redemptions ?? 0) + made.length;
  const counted = {
    ...grant,
    status: { ...status, redemptions, redeemedBy: redeemedBy.slice(-redemptionsKeptMax) },
  };
  return withUse(counted, nowMs);
}

/** What was handed out for this very request before; undefined: nothing that we remember. */
export function earlierRedemption(
  grant: AccessGrant,
  request: string | undefined,
): Redemption | undefined {
  if (request === undefined) return undefined;
  const found = grant.status?.redeemedBy?.find((each) => each.request === request);
  if (found?.issuedLink === undefined) return undefined;
  const { tokenName = '', siteId = '', client = '', serialNumber = '', issuedLink } = found;
  return { tokenName, siteId, client, serialNumber, issuedLink, request };
}

/** The grant with its `Redeemable` condition brought up to date. */
export function withUse(grant: AccessGrant, nowMs: number): AccessGrant {
  const at = { nowMs, generation: grant.metadata.generation };
  const conditions = setCondition(grant.status?.conditions, redeemable, useOf(grant, nowMs), at);
  return { ...grant, status: { ...grant.status, conditions: [...conditions] } };
}

/** The state of a grant: `unused`, `2 of 5 used`, `used up`, `expired`, or why it is refused. */
export function useOf(grant: AccessGrant, nowMs: number): ConditionState {
  const { status = {} } = grant;
  const { redemptions = 0 } = status;
  // Nothing and zero become one before anybody can redeem.
  const allowed = grant.spec?.redemptionsAllowed || 1;
  const processed = findCondition(status.conditions, 'Processed');
  if (processed?.status === 'False') return no('Refused', `refused: ${processed.message}`);
  if (allowed <= 0) return no('UsedUp', 'used up: it allows no redemption');
  const counts = `${redemptions} of ${allowed} used`;
  if (redemptions >= allowed) return no('UsedUp', `used up: ${counts}`);
  const endMs = endOf(grant);
  if (endMs !== undefined && nowMs >= endMs) {
    return no('Expired', `expired: ${redemptions === 0 ? 'unused' : counts}`);
  }
  if (!isConditionTrue(status.conditions, 'Resolved')) {
    return no('Pending', 'the grant server has no address yet');
  }
  return redemptions === 0
    ? { status: 'True', reason: 'Unused', message: 'unused' }
    : { status: 'True', reason: 'PartlyUsed', message: counts };
}

/** When the grant ends, milliseconds since 1970; undefined when that cannot be told. */
export function endOf(grant: AccessGrant): number | undefined {
  const endMs = Date.parse(grant.status?.expirationTime ?? '');
  return Number.isNaN(endMs) ? undefined : endMs;
}

function no(reason: string, message: string): ConditionState {
  return { status: 'False', reason, message };
}
