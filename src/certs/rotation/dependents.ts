/**
 * Who depends on an authority: the Secrets of Certificates that it signs, and the sites that hold a
 * certificate of it. Read from the caches, while it rotates only.
 */
import { type IssuedLink, lastStepMs, type RotationRecord } from '#apis/index.ts';
import { annotationOf, isTerminating } from '#kube/index.ts';
import {
  type CertificateSummary,
  parseCertificate,
  PkiError,
  splitBundle,
  verifyIssuedBy,
} from '#pki/index.ts';
import type { Secret } from '../kinds.ts';
import { isControlled, textOf } from '../stored-certificate.ts';

/** The Secret of a Certificate under the authority. */
export interface Leaf {
  readonly name: string;
  /** True when we keep it; a Secret of the user is only looked at. */
  readonly ours: boolean;
  /** Fingerprints of the authorities in its `ca.crt`. */
  readonly trusts: ReadonlySet<string>;
  /** Fingerprint of the authority that issued it, among those that are looked at. */
  readonly issuer: string | undefined;
  readonly endMs: number;
}

/** A site that holds a certificate of the authority. */
export interface Holder {
  /** Of its newest IssuedLink. */
  readonly name: string;
  readonly site: string;
  /** It can renew over the link: one of ours, which made its own key. */
  readonly canRenew: boolean;
  readonly connected: boolean;
  /** Fingerprints of the authorities that it says it trusts. */
  readonly trusts: ReadonlySet<string>;
  /** Its certificate comes from the authority that signs now. */
  readonly ofCurrent: boolean;
  readonly endMs: number;
}

export interface Dependents {
  readonly leaves: readonly Leaf[];
  readonly holders: readonly Holder[];
}

export const noDependents: Dependents = { leaves: [], holders: [] };

/** On IssuedLinks whose key stayed with the joiner: the certificate. */
const issuedCertificateAnnotation = 'drawbridge.dev/certificate';

/** @returns undefined when the Secret holds no certificate */
export function leafOf(
  object: Secret,
  authorities: readonly CertificateSummary[],
): Leaf | undefined {
  const certificate = attempt(() => parseCertificate(textOf(object, 'tls.crt')));
  if (certificate === undefined) return undefined;
  const issuer = authorities.find(({ pem }) => attempt(() => verifyIssuedBy(certificate.pem, pem)));
  const bundle = attempt(() => splitBundle(textOf(object, 'ca.crt'))) ?? [];
  return {
    name: object.metadata.name,
    ours: isControlled(object.metadata),
    trusts: new Set(
      bundle.flatMap((pem) => attempt(() => parseCertificate(pem).fingerprint) ?? []),
    ),
    issuer: issuer?.fingerprint,
    endMs: certificate.notAfterMs,
  };
}

/**
 * The sites that hold certificates of an authority, each once with its newest certificate. Who was
 * revoked or holds an expired one depends on nothing any more.
 * @param issued all IssuedLinks of the authority's Secret
 */
export function holdersOf(
  issued: readonly IssuedLink[],
  current: CertificateSummary,
  record: RotationRecord,
  nowMs: number,
): readonly Holder[] {
  const alive = issued.filter(
    (each) => each.spec?.revoked !== true && !isTerminating(each) && endOf(each) > nowMs,
  );
  // A certificate and those that renewed it are one: its holder says so with the newest it has.
  const lines = Map.groupBy(alive, ({ spec }) =>
    [spec?.siteId, spec?.grantUid, spec?.tokenName].join(' '),
  );
  return [...lines.values()].flatMap((line) => {
    const [newest] = line.toSorted((a, b) => startOf(b) - startOf(a));
    return newest === undefined ? [] : [holderOf(newest, line, current, record)];
  });
}

function holderOf(
  { metadata, spec, status }: IssuedLink,
  line: readonly IssuedLink[],
  current: CertificateSummary,
  record: RotationRecord,
): Holder {
  const canRenew = spec?.form === 'csr';
  const switchedMs = record.switchedMs ?? lastStepMs(record);
  // That it was issued says nothing of its arrival: who can answer has to, with the very key.
  const ofCurrent = line.some(
    (each) =>
      isOf(each, current, switchedMs) && (!canRenew || (each.status?.authorities ?? []).length > 0),
  );
  return {
    name: metadata.name,
    site: status?.remoteSiteName || spec?.siteName || spec?.siteId || spec?.tokenName || '',
    canRenew,
    connected: line.some((each) => each.status?.connected === true),
    trusts: new Set(line.flatMap((each) => each.status?.authorities ?? [])),
    ofCurrent,
    endMs: Math.max(...line.map(endOf)),
  };
}

function isOf(each: IssuedLink, current: CertificateSummary, switchedMs: number): boolean {
  const pem = annotationOf(each, issuedCertificateAnnotation);
  if (pem === undefined) return startOf(each) > switchedMs;
  return attempt(() => verifyIssuedBy(pem, current.pem)) === true;
}

function endOf({ spec }: IssuedLink): number {
  return Date.parse(spec?.notAfter ?? '') || 0;
}

function startOf({ spec }: IssuedLink): number {
  return Date.parse(spec?.issuedTime ?? '') || 0;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof PkiError) return undefined;
    throw thrown;
  }
}
