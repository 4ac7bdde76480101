/**
 * What should become of the Secret of one Certificate: a pure choice from what is wished and what
 * is there.
 *
 * An authority that comes to its end is replaced step by step, with both trusted for a while, see
 * `rotation/decision.ts`. Where its Secret is deleted or broken a new one takes its place at once.
 * Either way leaves follow because their issuer differs.
 */
import { unreachable } from '#base/assert.ts';
import {
  canonicalHosts,
  type CertificateSummary,
  faultOfTime,
  faultOfUse,
  type KeyAlgorithm,
  parseCertificate,
  PkiError,
  renewAtMs,
  verifyIssuedBy,
} from '#pki/index.ts';
import { decideRotation, type RotationFacts, type RotationProgress } from './rotation/decision.ts';
import { noDependents } from './rotation/dependents.ts';
import type { StoredCertificate } from './stored-certificate.ts';

/** What a Certificate asks for. */
export interface CertificateWish {
  readonly namespace: string;
  readonly subject: string;
  readonly hosts: readonly string[];
  readonly server: boolean;
  readonly client: boolean;
  readonly signing: boolean;
  /** Name of the CA's Secret; empty for an authority of its own. */
  readonly ca: string;
  /** Kind of key that is insisted on; undefined takes any accepted kind. */
  readonly algorithm: KeyAlgorithm | undefined;
}

/** The CA that should sign: not there, no CA, past its end, or its certificate and bundle. */
export type CaState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unusable' }
  | { readonly kind: 'expired' }
  | {
      readonly kind: 'usable';
      readonly pem: string;
      readonly notAfterMs: number;
      readonly bundle: readonly string[];
      /** Goes along with what it signs while the one before is trusted; undefined: nothing does. */
      readonly cross: string | undefined;
    };

/** What to do. Times are milliseconds since 1970. */
export type Decision =
  | { readonly kind: 'refuse'; readonly message: string }
  | {
      readonly kind: 'keep';
      readonly certificate: CertificateSummary;
      /** When to look again. */
      readonly againMs: number;
      /** Of an authority that rotates. */
      readonly progress?: RotationProgress;
    }
  | {
      readonly kind: 'bundle';
      readonly certificate: CertificateSummary;
      readonly bundle: readonly string[];
    }
  | { readonly kind: 'issue'; readonly reason: string; readonly bundle: readonly string[] }
  /** A new authority at once: nothing that the one before signed is good any more. */
  | { readonly kind: 'authority'; readonly reason: string }
  /** The steps of a rotation; `others` are older certificates that are still trusted. */
  | { readonly kind: 'introduce'; readonly reason: string; readonly others: readonly string[] }
  | { readonly kind: 'switch'; readonly others: readonly string[] }
  | { readonly kind: 'complete'; readonly certificate: CertificateSummary };

/** Most older certificates of an authority that are carried beside the current one. */
const previousMax = 4;

/**
 * Chooses.
 * @param stored undefined when there is no Secret
 * @param rotation of an authority
 */
export function decideCertificate(
  wish: CertificateWish,
  stored: StoredCertificate | undefined,
  ca: CaState,
  nowMs: number,
  rotation: RotationFacts = noRotation,
): Decision {
  const hosts = hostsOf(wish);
  if (hosts === undefined)
    return { kind: 'refuse', message: 'hosts are not valid DNS names or IP addresses' };
  if (stored !== undefined && !stored.controlled) return decideForeign(wish, hosts, stored, nowMs);
  return wish.ca === ''
    ? decideAuthority(wish, stored, rotation, nowMs)
    : decideLeaf(wish, hosts, stored, ca, nowMs);
}

/** A Secret of the user is right or wrong, and why, but always left alone. */
function decideForeign(
  wish: CertificateWish,
  hosts: readonly string[],
  stored: StoredCertificate,
  nowMs: number,
): Decision {
  const { certificate } = stored;
  if (certificate === undefined) return refuseForeign(stored.fault ?? 'tls.crt cannot be read');
  const fault =
    faultOfTime(certificate, nowMs) ??
    faultOfUse(certificate, { hosts, ...usagesOf(wish), signing: wish.ca === '' }) ??
    // An authority is its own bundle; who dials or is dialled must know the other side.
    (wish.ca !== '' && stored.bundle.length === 0 ? 'ca.crt is missing' : undefined);
  if (fault !== undefined) return refuseForeign(fault);
  return { kind: 'keep', certificate, againMs: certificate.notAfterMs };
}

function refuseForeign(fault: string): Decision {
  return { kind: 'refuse', message: `secret exists but is not controlled by skupper: ${fault}` };
}

function decideAuthority(
  wish: CertificateWish,
  stored: StoredCertificate | undefined,
  rotation: RotationFacts,
  nowMs: number,
): Decision {
  const current = stored?.certificate;
  if (stored === undefined) return newAuthority('no secret');
  if (current === undefined) return newAuthority('secret cannot be read');
  if (!current.isAuthority) return newAuthority('not an authority');
  if (current.commonName !== wish.subject) return newAuthority('subject differs');
  const others = unexpired(stored.bundle, [current.pem, rotation.next?.pem], nowMs);
  if (nowMs >= current.notAfterMs) {
    return rotation.next === undefined ? newAuthority('expired') : { kind: 'switch', others };
  }
  const keyFault = hasWishedKey(wish, stored) ? undefined : 'key algorithm differs';
  const older = others.map((pem) => parseCertificate(pem));
  const step = decideRotation(current, older, rotation, keyFault, nowMs);
  switch (step.kind) {
    case 'introduce':
      return { ...step, others };
    case 'switch':
      return { ...step, others };
    case 'complete':
      return { ...step, certificate: current };
    case 'none': {
      const beside = rotation.next === undefined ? others : [rotation.next.pem, ...others];
      const bundle = [current.pem, ...beside];
      if (!sameList(bundle, stored.bundle)) return { kind: 'bundle', certificate: current, bundle };
      const ends = older.map(({ notAfterMs }) => notAfterMs + 1000);
      const againMs = Math.min(step.againMs, ...ends);
      const { progress } = step;
      return {
        kind: 'keep',
        certificate: current,
        againMs,
        ...(progress === undefined ? {} : { progress }),
      };
    }
    default:
      return unreachable(step, 'step of a rotation');
  }
}

function hasWishedKey(wish: CertificateWish, stored: StoredCertificate): boolean {
  return wish.algorithm === undefined || wish.algorithm === stored.keyAlgorithm;
}

function newAuthority(reason: string): Decision {
  return { kind: 'authority', reason };
}

const noRotation: RotationFacts = {
  record: undefined,
  next: undefined,
  request: undefined,
  rotatedFor: undefined,
  settings: { overlapMs: undefined, rotateAfterMs: undefined, fault: undefined },
  dependents: noDependents,
};

function decideLeaf(
  wish: CertificateWish,
  hosts: readonly string[],
  stored: StoredCertificate | undefined,
  ca: CaState,
  nowMs: number,
): Decision {
  if (ca.kind !== 'usable') return { kind: 'refuse', message: messageOfCa(wish, ca.kind) };
  const { bundle } = ca;
  if (stored === undefined) return { kind: 'issue', reason: 'no secret', bundle };
  const { certificate } = stored;
  if (certificate === undefined) return { kind: 'issue', reason: 'secret cannot be read', bundle };
  const reason = faultOf(wish, hosts, certificate, ca.pem);
  if (reason !== undefined) return { kind: 'issue', reason, bundle };
  if (!hasWishedKey(wish, stored))
    return { kind: 'issue', reason: 'key algorithm differs', bundle };
  // A leaf that lasts as long as its CA gains nothing from a new one: it would end at the same time.
  const lastsLongest = certificate.notAfterMs >= ca.notAfterMs;
  const dueMs = lastsLongest ? certificate.notAfterMs : renewAtMs(certificate);
  if (nowMs >= dueMs) return { kind: 'issue', reason: 'due', bundle };
  if (!sameList(stored.bundle, bundle)) return { kind: 'bundle', certificate, bundle };
  return { kind: 'keep', certificate, againMs: dueMs };
}

function messageOfCa(wish: CertificateWish, kind: Exclude<CaState['kind'], 'usable'>): string {
  const name = `"${wish.namespace}/${wish.ca}"`;
  switch (kind) {
    case 'absent':
      return `CA ${name} not found`;
    case 'unusable':
      return `CA ${name} has no usable certificate and key`;
    case 'expired':
      return `CA ${name} has expired`;
    default:
      return unreachable(kind, 'state of a CA');
  }
}

/** What a leaf of ours says wrong; undefined when it is right. */
function faultOf(
  wish: CertificateWish,
  hosts: readonly string[],
  certificate: CertificateSummary,
  caPem: string,
): string | undefined {
  if (certificate.commonName !== wish.subject) return 'subject differs';
  if (!sameHosts(certificate, hosts)) return 'hosts differ';
  const { server, client } = usagesOf(wish);
  const sameUse = certificate.serverAuth === server && certificate.clientAuth === client;
  if (!sameUse) return 'usage differs';
  return verifyIssuedBy(certificate.pem, caPem) ? undefined : 'issuer differs';
}

/** What a leaf is for; a Certificate that names neither use gets both, as upstream gives. */
export function usagesOf(wish: Pick<CertificateWish, 'server' | 'client'>): {
  readonly server: boolean;
  readonly client: boolean;
} {
  const neither = !wish.server && !wish.client;
  return { server: wish.server || neither, client: wish.client || neither };
}

/** The hosts the certificate should name, in canonical form; undefined when they are not valid. */
function hostsOf(wish: CertificateWish): readonly string[] | undefined {
  if (wish.ca === '' || !usagesOf(wish).server) return [];
  try {
    return canonicalHosts(wish.hosts);
  } catch (thrown) {
    if (thrown instanceof PkiError) return undefined;
    throw thrown;
  }
}

function sameHosts(certificate: CertificateSummary, hosts: readonly string[]): boolean {
  // Upstream also lists IP addresses among the DNS names; as a set of hosts that is the same.
  const named = new Set([
    ...certificate.dnsNames.map((name) => name.toLowerCase()),
    ...certificate.ipAddresses,
  ]);
  return sameList([...named].sort(), hosts);
}

/** The bundle without certain certificates, what has expired and what cannot be read. */
function unexpired(
  bundle: readonly string[],
  without: readonly (string | undefined)[],
  nowMs: number,
): readonly string[] {
  return bundle
    .filter((pem) => !without.includes(pem) && parseEnd(pem) > nowMs)
    .slice(0, previousMax);
}

function parseEnd(pem: string): number {
  try {
    return parseCertificate(pem).notAfterMs;
  } catch (thrown) {
    if (thrown instanceof PkiError) return 0;
    throw thrown;
  }
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

/** The state of a CA from its Secret. A user's CA without `ca.crt` is its own bundle. */
export function caStateOf(stored: StoredCertificate | undefined, nowMs: number): CaState {
  if (stored === undefined) return { kind: 'absent' };
  const { certificate } = stored;
  if (certificate === undefined || !certificate.isAuthority) return { kind: 'unusable' };
  if (certificate.notAfterMs <= nowMs) return { kind: 'expired' };
  const others = stored.bundle.filter((pem) => pem !== certificate.pem);
  return {
    kind: 'usable',
    pem: certificate.pem,
    notAfterMs: certificate.notAfterMs,
    bundle: [certificate.pem, ...others],
    cross: stored.cross,
  };
}
