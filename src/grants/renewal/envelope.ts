/**
 * A text with a signature, as sites send it over a network in which others write too: sealed with
 * the key of a certificate, or of an authority that the reader trusts.
 */
import type { KeyObject } from 'node:crypto';
import { isRecord } from '#kube/index.ts';
import {
  isSignedBy,
  parseCertificate,
  PkiError,
  signText,
  splitBundle,
  verifyChain,
} from '#pki/index.ts';

/** The signed text, byte for byte, and its signature. */
export interface Envelope {
  readonly text: string;
  readonly signature: string;
  /** PEM of the authority that signed, certified by the one before it, while it is new. */
  readonly authority?: string;
}

/**
 * Signs and wraps.
 * @param key that of the certificate or authority that speaks
 * @param authority tells readers who trust only the authority before that the key is the next one
 */
export function seal(content: object, key: KeyObject, authority?: string): string {
  const text = JSON.stringify(content);
  const signature = signText(text, key);
  return JSON.stringify({ text, signature, ...(authority === undefined ? {} : { authority }) });
}

/** True when the envelope was sealed with the key of any of these certificates. */
export function isSealedBy({ text, signature }: Envelope, bundlePem: string): boolean {
  return attempt(() => splitBundle(bundlePem).some((pem) => isSignedBy(text, signature, pem)));
}

/**
 * True when an authority of the bundle sealed it, or one that such an authority certified; either
 * must be valid at `nowMs`.
 */
export function isSealedByAuthority(envelope: Envelope, bundlePem: string, nowMs: number): boolean {
  const { authority } = envelope;
  return attempt(() => {
    const valid = splitBundle(bundlePem).filter((pem) => isValidAuthority(pem, nowMs));
    if (valid.some((pem) => isSealedBy(envelope, pem))) return true;
    if (authority === undefined || valid.length === 0) return false;
    return (
      isValidAuthority(authority, nowMs) &&
      verifyChain(authority, valid.join(''), nowMs) &&
      isSealedBy(envelope, parseCertificate(authority).pem)
    );
  });
}

function isValidAuthority(pem: string, nowMs: number): boolean {
  const { isAuthority, notBeforeMs, notAfterMs } = parseCertificate(pem);
  return isAuthority && notBeforeMs <= nowMs && nowMs < notAfterMs;
}

function attempt(read: () => boolean): boolean {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof PkiError) return false;
    throw thrown;
  }
}

/** What a stranger sent, its signature not yet believed; undefined when it is no envelope. */
export function openEnvelope(json: string): { envelope: Envelope; content: unknown } | undefined {
  const outer = parseJson(json);
  const text = textIn(outer, 'text');
  const signature = textIn(outer, 'signature');
  if (text === undefined || signature === undefined) return undefined;
  const authority = textIn(outer, 'authority');
  const envelope = { text, signature, ...(authority === undefined ? {} : { authority }) };
  return { envelope, content: parseJson(text) };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A text in what was sent; undefined when it is not one. */
export function textIn(value: unknown, key: string): string | undefined {
  const found: unknown = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof found === 'string' ? found : undefined;
}
