/**
 * What one person's decision makes of a grant that waits for approval. Pure: what it returns is
 * written with one guarded update, and decided again when somebody else was faster.
 */
import {
  type GatewayApproval,
  type GatewaySubject,
  type GatewayToken,
  gatewayListMax,
  gatewayTextMax,
} from '#apis/index.ts';
import { formatTime } from '#kube/index.ts';
import { GatewayError } from '../errors.ts';
import {
  approvalsMissing,
  decisionsOf,
  type GrantLimits,
  personOf,
  stateOf,
} from '../grant/grant-facts.ts';

/** Somebody whom the API server, or the login provider, vouches for. */
export interface Approver {
  readonly user: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  /** What else authorizers may look at. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface Verdict {
  readonly decision: 'approved' | 'denied';
  readonly reason: string | undefined;
}

/** One line for people, as it is kept and shown. */
export function isReason(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > gatewayTextMax) return false;
  return value.trim() !== '' && !/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u.test(value);
}

/** Signs a decision. */
export type Sign = (
  grant: GatewayToken,
  approval: Omit<GatewayApproval, 'proof'>,
) => string | undefined;

/**
 * @returns the status to write; undefined when the same person decided the same before
 * @throws GatewayError GATEWAY_ENDED, GATEWAY_DENIED, GATEWAY_REQUEST
 */
export function decideApproval(
  grant: GatewayToken,
  approver: Approver,
  verdict: Verdict,
  {
    nowMs,
    limits,
    sign,
  }: { readonly nowMs: number; readonly limits: GrantLimits; readonly sign: Sign },
): GatewayToken['status'] | undefined {
  const known = decisionsOf(grant, limits);
  const mine = known.find((each) => personOf(each) === approver.user);
  if (mine !== undefined && mine.decision === verdict.decision) return undefined;
  refuseEnded(grant, nowMs, limits);
  if ((grant.spec.approval?.required ?? 0) === 0) {
    throw new GatewayError('GATEWAY_REQUEST', 'the grant asks for no approval');
  }
  refuseParty(grant, approver);
  const { from = [] } = grant.spec.approval ?? {};
  if (from.length > 0 && !from.some((subject) => isOne(subject, approver))) {
    throw denied('you are not among those who may approve this grant');
  }
  if (verdict.decision === 'approved' && approvalsMissing(grant, limits) === 0) {
    throw new GatewayError('GATEWAY_REQUEST', 'the grant has all the approvals it asks for');
  }
  if (known.length >= gatewayListMax) {
    throw new GatewayError('GATEWAY_REQUEST', 'too many people decided about this grant already');
  }
  const { reason, decision } = verdict;
  const entry = {
    ...subjectOf(approver.user),
    decision,
    time: formatTime(nowMs),
    ...(reason === undefined ? {} : { reason }),
  };
  const proof = sign(grant, entry);
  if (proof === undefined) {
    throw new GatewayError('GATEWAY_STORE', 'this gateway has no key to write approvals with');
  }
  const others = known.filter((each) => each !== mine);
  return { ...grant.status, approvals: [...others, { ...entry, proof }] };
}

function refuseEnded(grant: GatewayToken, nowMs: number, limits: GrantLimits): void {
  const state = stateOf(grant, nowMs, limits);
  if (state === 'open' || state === 'early' || state === 'pending') return;
  const why = { broken: 'its times cannot be honoured', revoked: 'it was revoked' };
  const words = state in why ? why[state as keyof typeof why] : `it is ${state}`;
  throw new GatewayError('GATEWAY_ENDED', `nothing to approve: ${words}`);
}

/** Four eyes: neither who made it nor who is to use it. @throws GatewayError GATEWAY_DENIED */
function refuseParty({ spec, status }: GatewayToken, { user }: Approver): void {
  const { issuedBy = '' } = status ?? {};
  if (issuedBy === '') {
    throw denied('it is not known who made this grant, so nobody can approve it');
  }
  if (issuedBy === user) throw denied('you made this grant, so others must approve it');
  if ((spec.subjects ?? []).some((subject) => isOne(subject, { user, groups: [] }))) {
    throw denied('this grant is for you, so others must approve it');
  }
}

function isOne(subject: GatewaySubject, { user, groups }: Approver): boolean {
  return subject.kind === 'Group' ? groups.includes(subject.name) : personOf(subject) === user;
}

function subjectOf(user: string): Pick<GatewayApproval, 'kind' | 'name' | 'namespace'> {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  if (namespace === undefined || name === undefined) return { kind: 'User', name: user };
  return { kind: 'ServiceAccount', namespace, name };
}

function denied(why: string): GatewayError {
  return new GatewayError('GATEWAY_DENIED', why, { rule: 'approval' });
}
