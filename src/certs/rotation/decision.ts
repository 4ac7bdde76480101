/**
 * The next step of the rotation of an authority: a pure choice. A new key is made and made known
 * first (introduce), then it signs while the old one is still trusted (switch), then the old one
 * leaves the bundle (complete). Each step is one write of the authority's Secret.
 * @see docs/adr/0041-authorities-rotate-with-an-overlap.md
 */
import type { RotationRecord, RotationSettings } from '#apis/index.ts';
import { type CertificateSummary, renewAtMs, warnAtMs } from '#pki/index.ts';
import type { Dependents } from './dependents.ts';

/** What is known of an authority beside its certificate. */
export interface RotationFacts {
  /** The last rotation; undefined when there was none. */
  readonly record: RotationRecord | undefined;
  /** The authority that is being made known; undefined when there is none. */
  readonly next: CertificateSummary | undefined;
  /** What was asked for last, and what was done last. */
  readonly request: string | undefined;
  readonly rotatedFor: string | undefined;
  readonly settings: RotationSettings;
  /** Only looked at while a rotation is under way. */
  readonly dependents: Dependents;
}

/** What to do now. */
export type RotationStep =
  | { readonly kind: 'introduce'; readonly reason: string }
  | { readonly kind: 'switch' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'none'; readonly againMs: number; readonly progress?: RotationProgress };

/** Where a rotation stands, for people. */
export interface RotationProgress {
  readonly phase: 'Introducing' | 'Overlapping';
  /** What it waits for; each one sentence. */
  readonly waitsFor: readonly string[];
  /** Those who fail when the old authority is no longer trusted, unless something is done. */
  readonly failing: readonly string[];
  /** When the step is taken at the latest, milliseconds since 1970; undefined: when all is done. */
  readonly endsMs: number | undefined;
}

const hourMs = 3600 * 1000;

/**
 * Chooses.
 * @param current the authority that signs now; it has not expired
 * @param others older certificates that are still trusted beside it
 * @param keyFault why its key is not the kind that is wished; undefined when it is
 */
export function decideRotation(
  current: CertificateSummary,
  others: readonly CertificateSummary[],
  facts: RotationFacts,
  keyFault: string | undefined,
  nowMs: number,
): RotationStep {
  const { record } = facts;
  if (record !== undefined && record.completedMs === undefined) {
    const { switchedMs } = record;
    if (switchedMs !== undefined)
      return whileOverlapping(current, others, facts, switchedMs, nowMs);
    if (facts.next !== undefined) {
      return whileIntroducing(current, facts.next, facts, record.introducedMs, nowMs);
    }
  }
  const dueMs = dueOf(current, facts);
  const asked = facts.request !== undefined && facts.request !== facts.rotatedFor;
  const reason = asked ? 'requested' : (keyFault ?? (nowMs >= dueMs ? 'due' : undefined));
  return reason === undefined ? { kind: 'none', againMs: dueMs } : { kind: 'introduce', reason };
}

function dueOf(current: CertificateSummary, { settings }: RotationFacts): number {
  const { rotateAfterMs } = settings;
  const dueMs = renewAtMs(current);
  if (rotateAfterMs === undefined) return dueMs;
  return Math.min(current.notBeforeMs + rotateAfterMs, warnAtMs(current));
}

function whileIntroducing(
  current: CertificateSummary,
  next: CertificateSummary,
  { dependents, settings }: RotationFacts,
  introducedMs: number,
  nowMs: number,
): RotationStep {
  const { leaves, holders } = dependents;
  const lifeMs = current.notAfterMs - current.notBeforeMs;
  const endsMs = introducedMs + Math.min(hourMs, lifeMs / 12, settings.overlapMs ?? Infinity);
  const blind = leaves.filter(({ trusts }) => !trusts.has(next.fingerprint));
  const late = holders.filter(
    ({ connected, canRenew, trusts }) => connected && canRenew && !trusts.has(next.fingerprint),
  );
  // A Secret of the user is waited for as long as there is time: without it new links would fail.
  const foreign = blind.filter(({ ours }) => !ours);
  const foreignEndsMs = warnAtMs(current);
  const isBlocked = foreign.length > 0 && nowMs < foreignEndsMs;
  if (!isBlocked && (nowMs >= endsMs || (blind.length === 0 && late.length === 0))) {
    return { kind: 'switch' };
  }
  const progress: RotationProgress = {
    phase: 'Introducing',
    waitsFor: [
      ...blind.map(({ name, ours }) =>
        ours
          ? `Secret "${name}" does not trust the new CA yet`
          : `Secret "${name}" is yours and does not trust the new CA: add next.crt of the CA's Secret to its ca.crt`,
      ),
      ...late.map(({ site }) => `site "${site}" does not trust the new CA yet`),
    ],
    failing: [],
    endsMs: isBlocked ? foreignEndsMs : endsMs,
  };
  return { kind: 'none', againMs: isBlocked ? foreignEndsMs : endsMs, progress };
}

function whileOverlapping(
  current: CertificateSummary,
  others: readonly CertificateSummary[],
  facts: RotationFacts,
  switchedMs: number,
  nowMs: number,
): RotationStep {
  if (others.length === 0) return { kind: 'complete' };
  const { leaves, holders } = facts.dependents;
  const { overlapMs } = facts.settings;
  const old = new Set(others.map(({ fingerprint }) => fingerprint));
  const oldEndMs = Math.max(...others.map(({ notAfterMs }) => notAfterMs));
  const lastMs = Math.min(oldEndMs, dueOf(current, facts));
  const staying = leaves.filter(({ issuer }) => issuer !== undefined && old.has(issuer));
  const behind = holders.filter(
    ({ ofCurrent, canRenew, trusts }) =>
      !ofCurrent || (canRenew && !trusts.has(current.fingerprint)),
  );
  const lifeMs = current.notAfterMs - current.notBeforeMs;
  const soonestMs = switchedMs + Math.min(hourMs, lifeMs / 20);
  const handedOutMs = facts.record?.handedOutUntilMs ?? 0;
  const isHandedOut = handedOutMs > nowMs;
  const isDone = staying.length === 0 && behind.length === 0 && !isHandedOut;
  const endsMs =
    overlapMs !== undefined
      ? Math.min(switchedMs + overlapMs, lastMs)
      : isDone
        ? Math.min(soonestMs, lastMs)
        : Math.min(lastMs, Math.max(soonestMs, handedOutMs, ...endsOf(staying, behind)));
  if (nowMs >= endsMs) return { kind: 'complete' };
  const failing = behind.filter(({ canRenew }) => !canRenew);
  const progress: RotationProgress = {
    phase: 'Overlapping',
    waitsFor: [
      ...staying.map(({ name }) => `Secret "${name}" has a certificate of the old CA`),
      ...behind
        .filter(({ canRenew }) => canRenew)
        .map(({ site }) => `site "${site}" has not renewed its certificate yet`),
    ],
    failing: [
      ...failing.map(({ site, name }) => `site "${site}" (IssuedLink ${name})`),
      ...(isHandedOut
        ? ['whoever got a certificate by hand (link generate, token create -t cert)']
        : []),
    ],
    endsMs,
  };
  return { kind: 'none', againMs: endsMs, progress };
}

/** Until when those who are behind could still use what the old authority signed. */
function endsOf(...groups: readonly (readonly { readonly endMs: number }[])[]): number[] {
  return groups.flat().map(({ endMs }) => endMs);
}
