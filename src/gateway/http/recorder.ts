/** One audit record and one count for each request and stream, whatever became of it. */
import { type AuditLog, auditMembers } from '../audit/audit-log.ts';
import type { AuditRecord } from '../audit/audit-record.ts';
import type { GatewayToken } from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import type { BoundCounter, Counter, MetricsRegistry } from '#base/metrics.ts';
import type { GatewayError } from '../errors.ts';
import { decisionsOf, type GrantLimits, personOf } from '../grant/grant-facts.ts';
import type { Admitted, Outcome } from '../proxy/exchange.ts';
import type { Decision } from '../rules/decide.ts';
import type { Decided } from '../oversight/approvals.ts';
import type { Verdict } from '../oversight/decide-approval.ts';
import { type Identity, userOf } from '../proxy/identity.ts';
import type { CutRecording, Recordings } from '../recording/recordings.ts';
import type { Access } from '../session/gatekeeper.ts';

/** What is known of a request while it is handled. */
export interface Facts {
  readonly auditId: string;
  readonly method: string;
  /** As it came, canonical or not. */
  readonly target: string;
  readonly startMs: number;
  client: string;
  admitted: Partial<Admitted>;
}

export interface RecorderDeps {
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
  readonly identity: Identity;
  readonly limits: GrantLimits;
  /** Told of recordings whose hash is being written. */
  readonly recordings?: Pick<Recordings, 'settle'> | undefined;
}

export class Recorder {
  readonly #deps: RecorderDeps;
  readonly #requests: Counter;
  readonly #requestsBy = new Map<string, BoundCounter>();
  readonly #bytesIn: BoundCounter;
  readonly #bytesOut: BoundCounter;
  /** What records say of an access and of a decision, as text, made once. */
  readonly #grantFacts = new WeakMap<Access, string>();
  readonly #infoFacts = new WeakMap<Decision, string>();
  readonly #redemptions: Counter;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
    this.#requests = deps.metrics.counter(
      'drawbridge_gateway_requests_total',
      'Requests to the gateway by decision, verb class and status class.',
      ['decision', 'kind', 'status'],
    );
    const bytes = deps.metrics.counter(
      'drawbridge_gateway_bytes_total',
      'Bytes of bodies and streams through the gateway.',
      ['direction'],
    );
    this.#bytesIn = bytes.bind({ direction: 'in' });
    this.#bytesOut = bytes.bind({ direction: 'out' });
    this.#redemptions = deps.metrics.counter(
      'drawbridge_gateway_redemptions_total',
      'Sessions opened with links and tokens.',
    );
  }

  /** @throws GatewayError GATEWAY_AUDIT when records are required and cannot be written */
  refuseUnrecorded(): void {
    this.#deps.audit.refuseUnrecorded();
  }

  onOpen(facts: Facts): void {
    this.#write(facts, { kind: 'open', decision: 'allow', status: 0 });
  }

  onDone(facts: Facts, outcome: Outcome): void {
    const stream = facts.admitted.decision?.isStream === true;
    const { status, bytesIn, bytesOut, ended, recording } = outcome;
    this.#count(facts, 'allow', status);
    this.#bytesIn(bytesIn);
    this.#bytesOut(bytesOut);
    this.#write(facts, {
      kind: stream ? 'close' : 'request',
      decision: 'allow',
      status,
      bytesIn,
      bytesOut,
      reason: ended,
      recording,
    });
    if (recording !== undefined)
      this.#deps.recordings?.settle(recording.name, this.#deps.audit.written());
  }

  onRefused(facts: Facts, fault: GatewayError): void {
    const decision = fault.code === 'GATEWAY_DENIED' ? 'deny' : 'refuse';
    this.#count(facts, decision, fault.httpStatus);
    this.#write(facts, {
      kind: 'request',
      decision,
      status: fault.httpStatus,
      rule: fault.rule ?? fault.code,
      reason: fault.message,
    });
  }

  onSession(kind: 'redeem' | 'leave', access: Access, facts: Facts): void {
    if (kind === 'redeem') this.#redemptions.add(1);
    facts.admitted = { ...facts.admitted, access };
    this.#write(facts, { kind, decision: 'allow', rule: kind, status: 200 });
  }

  onIssued({ metadata, status }: GatewayToken, facts: Facts): void {
    const { namespace = '', name } = metadata;
    const issuedBy = status?.issuedBy;
    this.#write(facts, {
      kind: 'issue',
      decision: 'allow',
      rule: 'issue',
      status: 201,
      grant: `${namespace}/${name}`,
      ...(issuedBy === undefined ? {} : { issuedBy }),
    });
  }

  onDecided({ grant, approver }: Decided, { decision, reason }: Verdict, facts: Facts): void {
    const { namespace = '', name } = grant.metadata;
    const kind = decision === 'approved' ? 'approve' : 'deny';
    this.#write(facts, {
      kind,
      decision: 'allow',
      rule: 'approval',
      status: 201,
      grant: `${namespace}/${name}`,
      user: approver,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  #count(facts: Facts, decision: string, status: number): void {
    const { decision: made } = facts.admitted;
    const kind = made === undefined ? 'none' : made.isStream ? 'stream' : 'request';
    const key = `${decision} ${kind} ${Math.floor(status / 100)}xx`;
    const known = this.#requestsBy.get(key);
    if (known !== undefined) return known(1);
    const bound = this.#requests.bind({ decision, kind, status: `${Math.floor(status / 100)}xx` });
    this.#requestsBy.set(key, bound);
    bound(1);
  }

  #write(
    facts: Facts,
    what: Pick<AuditRecord, 'kind' | 'decision' | 'status'> & Partial<AuditRecord>,
  ): void {
    const { access, decision, upstream } = facts.admitted;
    const durationMs = Math.round(this.#deps.clock.monotonicMs() - facts.startMs);
    const record = {
      auditId: facts.auditId,
      client: facts.client,
      method: facts.method,
      target: facts.target,
      rule: decision?.rule ?? '',
      cluster: upstream?.name,
      durationMs,
      ...what,
    };
    const byWhom = access === undefined ? '' : this.#grantFactsOf(access);
    const asked = decision?.info.isResource === true ? this.#infoFactsOf(decision) : '';
    this.#deps.audit.append(record, byWhom + asked);
  }

  #grantFactsOf(access: Access): string {
    const known = this.#grantFacts.get(access);
    if (known !== undefined) return known;
    const made = auditMembers(grantFacts(access, this.#deps));
    this.#grantFacts.set(access, made);
    return made;
  }

  #infoFactsOf(decision: Decision): string {
    const known = this.#infoFacts.get(decision);
    if (known !== undefined) return known;
    const made = auditMembers({ info: infoFacts(decision.info) });
    this.#infoFacts.set(decision, made);
    return made;
  }
}

function grantFacts(
  { grant, sessionId }: Access,
  { identity, limits }: Pick<RecorderDeps, 'identity' | 'limits'>,
): Partial<AuditRecord> {
  const { namespace = '', name } = grant.metadata;
  const issuedBy = grant.status?.issuedBy;
  const approvers = decisionsOf(grant, limits).map(personOf);
  return {
    grant: `${namespace}/${name}`,
    session: sessionId,
    ...(identity.mode === 'account' ? {} : { user: userOf(grant, identity) }),
    ...(issuedBy === undefined ? {} : { issuedBy }),
    ...(approvers.length === 0 ? {} : { approvers }),
  };
}

/** The record of a recording that nobody could end or write of in its time. */
export function recordCut(
  audit: AuditLog,
  { mark, about, durationMs, wasWhole }: CutRecording,
): Promise<boolean> {
  const { auditId, grant, session, user, client, what } = about;
  audit.append({
    kind: 'close',
    auditId,
    grant,
    session,
    ...(user === undefined ? {} : { user }),
    client,
    method: '',
    target: what,
    decision: 'allow',
    rule: 'recording',
    reason: wasWhole ? 'recorded late: the gateway was killed' : 'cut: the recording was not ended',
    status: 101,
    durationMs,
    recording: mark,
  });
  return audit.written();
}

function infoFacts(info: NonNullable<AuditRecord['info']>): NonNullable<AuditRecord['info']> {
  const { verb, group, resource, subresource, namespace, name } = info;
  return { verb, group, resource, subresource, namespace, name };
}
