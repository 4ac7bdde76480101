/**
 * What two sites write each other about a certificate that comes to its end, as JSON texts. They
 * cross a network in which others write too, so each is signed: a request with the key of the
 * certificate that it is to replace, an answer with the key of the authority that the asking site
 * trusts already. Nothing in them is secret; the new private key stays where it was made.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { isRecord } from '#kube/index.ts';
import { isSignedBy, PkiError, signText, splitBundle } from '#pki/index.ts';

/** Longest text that is read, characters: a bundle of some certificates. */
export const letterCharsMax = 64 * 1024;

/** Asks for a new certificate in place of one that was handed out. */
export interface RenewalRequest {
  /** Site that issued the certificate; a request for one site is none for another. */
  readonly issuerId: string;
  /** PEM of the certificate that is to be replaced. */
  readonly certificatePem: string;
  /** PEM of the request for the new one. */
  readonly signingRequest: string;
}

/** The new certificate, or why there is none. */
export interface RenewalAnswer {
  /** SHA-256 of the request's PEM, hexadecimal. */
  readonly requestDigest: string;
  readonly result:
    | { readonly kind: 'renewed'; readonly certificatePem: string; readonly bundlePem: string }
    | { readonly kind: 'refused'; readonly reason: string };
}

/** What came in: one of the two, its signature not yet believed. */
export type Letter =
  | { readonly kind: 'request'; readonly request: RenewalRequest; readonly envelope: Envelope }
  | { readonly kind: 'answer'; readonly answer: RenewalAnswer; readonly envelope: Envelope };

/** The signed text, byte for byte, and its signature. */
export interface Envelope {
  readonly text: string;
  readonly signature: string;
}

/** The digest that ties an answer to its request. */
export function digestOfRequest(signingRequest: string): string {
  return createHash('sha256').update(signingRequest).digest('hex');
}

/** @param key that of the certificate to be replaced */
export function sealRequest(request: RenewalRequest, key: KeyObject): string {
  return seal({ type: 'renewal-request/1', ...request }, key);
}

/** @param key that of the authority */
export function sealAnswer(answer: RenewalAnswer, key: KeyObject): string {
  return seal({ type: 'renewal-answer/1', ...answer }, key);
}

function seal(content: object, key: KeyObject): string {
  const text = JSON.stringify(content);
  return JSON.stringify({ text, signature: signText(text, key) });
}

/** True when the envelope was sealed with the key of any of these certificates. */
export function isSealedBy(envelope: Envelope, bundlePem: string): boolean {
  try {
    return splitBundle(bundlePem).some((pem) => isSignedBy(envelope.text, envelope.signature, pem));
  } catch (thrown) {
    if (thrown instanceof PkiError) return false;
    throw thrown;
  }
}

/** Reads what a stranger wrote; undefined when it is neither. */
export function openLetter(json: string): Letter | undefined {
  if (json.length > letterCharsMax) return undefined;
  const outer = parse(json);
  const text = textIn(outer, 'text');
  const signature = textIn(outer, 'signature');
  if (text === undefined || signature === undefined) return undefined;
  const envelope = { text, signature };
  const inner = parse(text);
  if (textIn(inner, 'type') === 'renewal-request/1') return readRequest(inner, envelope);
  if (textIn(inner, 'type') === 'renewal-answer/1') return readAnswer(inner, envelope);
  return undefined;
}

function readRequest(inner: unknown, envelope: Envelope): Letter | undefined {
  const issuerId = textIn(inner, 'issuerId');
  const certificatePem = textIn(inner, 'certificatePem');
  const signingRequest = textIn(inner, 'signingRequest');
  if (issuerId === undefined || certificatePem === undefined || signingRequest === undefined) {
    return undefined;
  }
  return { kind: 'request', request: { issuerId, certificatePem, signingRequest }, envelope };
}

function readAnswer(inner: unknown, envelope: Envelope): Letter | undefined {
  const requestDigest = textIn(inner, 'requestDigest');
  const result: unknown = isRecord(inner) ? inner['result'] : undefined;
  if (requestDigest === undefined) return undefined;
  if (textIn(result, 'kind') === 'renewed') {
    const certificatePem = textIn(result, 'certificatePem');
    const bundlePem = textIn(result, 'bundlePem');
    if (certificatePem === undefined || bundlePem === undefined) return undefined;
    const renewed = { kind: 'renewed', certificatePem, bundlePem } as const;
    return { kind: 'answer', answer: { requestDigest, result: renewed }, envelope };
  }
  const reason = textIn(result, 'reason');
  if (textIn(result, 'kind') !== 'refused' || reason === undefined) return undefined;
  const refused = { kind: 'refused', reason: reason.slice(0, 200) } as const;
  return { kind: 'answer', answer: { requestDigest, result: refused }, envelope };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function textIn(value: unknown, key: string): string | undefined {
  const found: unknown = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof found === 'string' ? found : undefined;
}
