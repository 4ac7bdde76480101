/** What each step of a rotation writes into the Secret of the authority: one write, whole. */
import {
  handedOutAnnotation,
  lastStepMs,
  rotatedForAnnotation,
  rotationAnnotation,
  rotationEntries,
  rotationOf,
  type RotationRecord,
} from '#apis/index.ts';
import { annotationOf } from '#kube/index.ts';
import {
  type Authority,
  crossSign,
  joinBundle,
  parseAuthority,
  privateKeyPem,
} from '#pki/index.ts';
import { authorityOf, type SecretTexts } from '../issued-secret.ts';
import type { Secret } from '../kinds.ts';
import { textOf } from '../stored-certificate.ts';

/** Entries and annotations; undefined takes one away. */
export interface SecretContent {
  readonly texts: SecretTexts;
  readonly notes: Readonly<Record<string, string | undefined>>;
}

const noRotationEntries = Object.fromEntries(
  Object.values(rotationEntries).map((entry) => [entry, undefined]),
);

/** An authority that takes its place at once. @param request what a rotation was asked for with */
export function contentOfAuthority(
  { certificate, keys }: Authority,
  request: string | undefined,
): SecretContent {
  return {
    texts: {
      ...noRotationEntries,
      'tls.crt': certificate.pem,
      'tls.key': privateKeyPem(keys.privateKey),
      'ca.crt': certificate.pem,
    },
    notes: {
      [rotatedForAnnotation]: request,
      [rotationAnnotation]: undefined,
      [handedOutAnnotation]: undefined,
    },
  };
}

/** The next authority beside the present one, which goes on signing. */
export function contentOfIntroduction(
  existing: Secret,
  next: Authority,
  others: readonly string[],
  { reason, request, nowMs }: { reason: string; request: string | undefined; nowMs: number },
): SecretContent {
  const introducedMs = afterLast(existing, nowMs);
  return {
    texts: {
      [rotationEntries.nextCertificate]: next.certificate.pem,
      [rotationEntries.nextKey]: privateKeyPem(next.keys.privateKey),
      'ca.crt': joinBundle([textOf(existing, 'tls.crt'), next.certificate.pem, ...others]),
    },
    notes: { ...noteOf({ reason, introducedMs }), [rotatedForAnnotation]: request },
  };
}

/**
 * The next authority signs, the old one's key is gone, its certificate stays trusted.
 * @throws PkiError when either cannot be read
 */
export function contentOfSwitch(
  existing: Secret,
  others: readonly string[],
  nowMs: number,
): SecretContent {
  const old = authorityOf(existing);
  const nextPem = textOf(existing, rotationEntries.nextCertificate);
  const nextKey = textOf(existing, rotationEntries.nextKey);
  const next = parseAuthority(nextPem, nextKey);
  const isOver = nowMs >= old.certificate.notAfterMs;
  const record = rotationOf(existing) ?? { reason: '', introducedMs: nowMs };
  return {
    texts: {
      ...noRotationEntries,
      ...(isOver ? {} : { [rotationEntries.cross]: crossSign(old, next, nowMs) }),
      'tls.crt': next.certificate.pem,
      'tls.key': nextKey,
      'ca.crt': joinBundle([
        next.certificate.pem,
        ...(isOver ? [] : [old.certificate.pem]),
        ...others,
      ]),
    },
    notes: {
      ...noteOf({
        ...record,
        switchedMs: afterLast(existing, nowMs),
        handedOutUntilMs: handedOutUntil(existing),
      }),
      [handedOutAnnotation]: undefined,
    },
  };
}

/** Only the present authority is trusted. */
export function contentOfCompletion(existing: Secret, nowMs: number): SecretContent {
  const record = rotationOf(existing) ?? { reason: '', introducedMs: nowMs };
  return {
    texts: { ...noRotationEntries, 'ca.crt': joinBundle([textOf(existing, 'tls.crt')]) },
    notes: noteOf({ ...record, completedMs: afterLast(existing, nowMs) }),
  };
}

/** Until when what was handed out by hand is valid; 0 when nothing was. */
export function handedOutUntil(existing: Secret): number {
  return Number(annotationOf(existing, handedOutAnnotation) ?? 0) || 0;
}

function noteOf(record: RotationRecord): Record<string, string> {
  return { [rotationAnnotation]: JSON.stringify(record) };
}

/** Later than the step before, whatever the clock of who took it said: others go by the order. */
function afterLast(existing: Secret, nowMs: number): number {
  const before = rotationOf(existing);
  return before === undefined ? nowMs : Math.max(nowMs, lastStepMs(before) + 1);
}
