/** What a GatewayToken says about time, use and place, as values. Pure. */
import type { GatewayApproval, GatewaySubject, GatewayToken } from '#apis/index.ts';
import { DurationError, parseDuration, parseTime } from '#kube/index.ts';

export interface GrantWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/** Why a grant cannot be used now; the order is that of the checks. */
export type GrantState =
  | 'open'
  | 'broken'
  | 'revoked'
  | 'denied'
  | 'unproven'
  | 'early'
  | 'expired'
  | 'pending';

export interface GrantLimits {
  /** Longest window that is honoured; a grant that asks for more is not usable. Milliseconds. */
  readonly windowMsMax: number;
  /** Tells decisions that this gateway wrote from others; absent: none counts. */
  readonly holds?: (grant: GatewayToken, approval: GatewayApproval) => boolean;
  /** Whether the creator of a grant is known for sure. Absent: the API server vouches for all. */
  readonly isProven?: (grant: GatewayToken) => boolean;
}

export const defaultGrantLimits: GrantLimits = { windowMsMax: 12 * 3600 * 1000 };

const windowDefault = '15m';

/** When the grant can be used; undefined when its times cannot be read or exceed the limit. */
export function windowOf(grant: GatewayToken, limits: GrantLimits): GrantWindow | undefined {
  const startMs = parseTime(grant.spec.notBefore ?? grant.metadata.creationTimestamp ?? '');
  const lengthMs = millisecondsOf(grant.spec.expirationWindow ?? windowDefault);
  if (startMs === undefined || lengthMs === undefined || lengthMs > limits.windowMsMax) {
    return undefined;
  }
  return { startMs, endMs: startMs + lengthMs };
}

/** How long one session lasts at most; undefined when unreadable. Milliseconds. */
export function sessionMsOf(grant: GatewayToken): number | undefined {
  return millisecondsOf(grant.spec.sessionMax ?? grant.spec.expirationWindow ?? windowDefault);
}

/** Whether the grant as such is usable; uses and places are not looked at. */
export function stateOf(grant: GatewayToken, nowMs: number, limits: GrantLimits): GrantState {
  if (grant.spec.revoked === true || grant.metadata.deletionTimestamp !== undefined) {
    return 'revoked';
  }
  if (limits.isProven?.(grant) === false) return 'unproven';
  if (decisionsOf(grant, limits).some(({ decision }) => decision === 'denied')) return 'denied';
  const window = windowOf(grant, limits);
  if (window === undefined || sessionMsOf(grant) === undefined) return 'broken';
  if (nowMs >= window.endMs) return 'expired';
  if (nowMs < window.startMs) return 'early';
  return approvalsMissing(grant, limits) > 0 ? 'pending' : 'open';
}

/** What was decided about the grant, each person once, denials first. */
export function decisionsOf(grant: GatewayToken, limits: GrantLimits): readonly GatewayApproval[] {
  const all = (grant.status?.approvals ?? []).filter((each) => limits.holds?.(grant, each));
  const sorted = [
    ...all.filter(({ decision }) => decision === 'denied'),
    ...all.filter(({ decision }) => decision !== 'denied'),
  ];
  const seen = new Set<string>();
  return sorted.filter((each) => {
    const who = personOf(each);
    return !seen.has(who) && seen.add(who);
  });
}

/** The user that an entry names, towards the API server. */
export function personOf({
  kind,
  name,
  namespace,
}: Omit<GatewaySubject, 'kind'> & { readonly kind: string }): string {
  return kind === 'ServiceAccount' ? `system:serviceaccount:${namespace ?? ''}:${name}` : name;
}

/** Approvals that the grant still waits for. */
export function approvalsMissing(grant: GatewayToken, limits: GrantLimits): number {
  const required = grant.spec.approval?.required ?? 0;
  if (required === 0) return 0;
  const given = decisionsOf(grant, limits).filter(({ decision }) => decision !== 'denied');
  return Math.max(0, required - given.length);
}

/** What the grant waits for, for people. */
export function waitingText(grant: GatewayToken, limits: GrantLimits): string {
  const { required = 0, from = [] } = grant.spec.approval ?? {};
  const missing = approvalsMissing(grant, limits);
  const who = from.map(
    ({ kind, name, namespace }) =>
      `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
  );
  const whom = who.length === 0 ? 'anybody who may approve it' : who.join(', ');
  return `waits for ${missing} of ${required} approval${required === 1 ? '' : 's'} from ${whom}`;
}

/** Longest time between a grant and the word of some replica about its creator; milliseconds. */
const unprovenMsMax = 30_000;

/** Whether a grant is so young that somebody may still vouch for its creator. */
export function isNewGrant({ metadata }: GatewayToken, nowMs: number): boolean {
  return nowMs - (parseTime(metadata.creationTimestamp ?? '') ?? 0) < unprovenMsMax;
}

/** Uses that are left. */
export function usesLeft(grant: GatewayToken): number {
  return Math.max(0, (grant.spec.usesAllowed ?? 1) - (grant.status?.uses ?? 0));
}

function millisecondsOf(text: string): number | undefined {
  try {
    const ms = parseDuration(text);
    return Number.isFinite(ms) && ms > 0 ? ms : undefined;
  } catch (thrown) {
    if (thrown instanceof DurationError) return undefined;
    throw thrown;
  }
}

/** One session in the status of a grant. */
export type Redemption = NonNullable<NonNullable<GatewayToken['status']>['redemptions']>[number];

/** When a session of this redemption ends: never later than the grant. Milliseconds since 1970. */
export function sessionEndMs(
  grant: GatewayToken,
  redemption: Pick<Redemption, 'time'>,
  limits: GrantLimits,
): number {
  const window = windowOf(grant, limits);
  const began = parseTime(redemption.time);
  if (window === undefined || began === undefined) return 0;
  return Math.min(window.endMs, began + (sessionMsOf(grant) ?? 0));
}

/** Sessions that have neither ended nor been left. */
export function liveSessions(
  grant: GatewayToken,
  nowMs: number,
  limits: GrantLimits,
): readonly Redemption[] {
  return (grant.status?.redemptions ?? []).filter(
    (each) => (each.session ?? '') !== '' && nowMs < sessionEndMs(grant, each, limits),
  );
}
