/**
 * What two sites write each other while the authority of one of them rotates: which certificates to
 * trust from now on, and that they are trusted.
 */
import type { KeyObject } from 'node:crypto';
import { isRecord } from '#kube/index.ts';
import { seal, textIn } from './envelope.ts';

/** Tells a site that was let in which authorities to trust. */
export interface TrustNotice {
  /** Site that writes. */
  readonly issuerId: string;
  /** When the step of the rotation was taken, milliseconds since 1970; older notices do not count. */
  readonly stepMs: number;
  /** PEM of the authorities; the first one signs. */
  readonly bundlePem: string;
}

/** Says that a notice was followed. */
export interface TrustTaken {
  /** Site that wrote the notice. */
  readonly issuerId: string;
  /** PEM of the certificate whose key seals this. */
  readonly certificatePem: string;
  /** SHA-256 of the certificates that are trusted now. */
  readonly authorities: readonly string[];
}

/** Authorities in one letter; more are not read. */
export const authoritiesMax = 8;
const fingerprint = /^[0-9A-F]{2}(?::[0-9A-F]{2}){31}$/;

/**
 * @param key that of the authority
 * @param authority see `seal`
 */
export function sealTrustNotice(notice: TrustNotice, key: KeyObject, authority?: string): string {
  return seal({ type: 'trust/1', ...notice }, key, authority);
}

/** @param key that of the certificate in it */
export function sealTrustTaken(taken: TrustTaken, key: KeyObject): string {
  return seal({ type: 'trust-taken/1', ...taken }, key);
}

export function readTrustNotice(content: unknown): TrustNotice | undefined {
  const issuerId = textIn(content, 'issuerId');
  const bundlePem = textIn(content, 'bundlePem');
  const stepMs: unknown = isRecord(content) ? content['stepMs'] : undefined;
  if (issuerId === undefined || bundlePem === undefined) return undefined;
  return Number.isSafeInteger(stepMs) ? { issuerId, bundlePem, stepMs: Number(stepMs) } : undefined;
}

export function readTrustTaken(content: unknown): TrustTaken | undefined {
  const issuerId = textIn(content, 'issuerId');
  const certificatePem = textIn(content, 'certificatePem');
  const found: unknown = isRecord(content) ? content['authorities'] : undefined;
  if (issuerId === undefined || certificatePem === undefined) return undefined;
  if (!Array.isArray(found) || found.length > authoritiesMax) return undefined;
  const authorities = found.filter(
    (each): each is string => typeof each === 'string' && fingerprint.test(each),
  );
  return authorities.length === found.length
    ? { issuerId, certificatePem, authorities }
    : undefined;
}
