/**
 * What two sites write each other about a certificate that comes to its end, as JSON texts. They
 * cross a network in which others write too, so each is signed: a request with the key of the
 * certificate that it is to replace, an answer with the key of the authority that the asking site
 * trusts already. Nothing in them is secret; the new private key stays where it was made.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { isRecord } from '#kube/index.ts';
import { type Envelope, openEnvelope, seal, textIn } from './envelope.ts';
import {
  readTrustNotice,
  readTrustTaken,
  type TrustNotice,
  type TrustTaken,
} from './trust-letters.ts';

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

/** What came in, its signature not yet believed. */
export type Letter =
  | { readonly kind: 'request'; readonly request: RenewalRequest; readonly envelope: Envelope }
  | { readonly kind: 'answer'; readonly answer: RenewalAnswer; readonly envelope: Envelope }
  | { readonly kind: 'trust'; readonly notice: TrustNotice; readonly envelope: Envelope }
  | { readonly kind: 'taken'; readonly taken: TrustTaken; readonly envelope: Envelope };

/** The digest that ties an answer to its request. */
export function digestOfRequest(signingRequest: string): string {
  return createHash('sha256').update(signingRequest).digest('hex');
}

/** @param key that of the certificate to be replaced */
export function sealRequest(request: RenewalRequest, key: KeyObject): string {
  return seal({ type: 'renewal-request/1', ...request }, key);
}

/**
 * @param key that of the authority
 * @param authority see `seal`
 */
export function sealAnswer(answer: RenewalAnswer, key: KeyObject, authority?: string): string {
  return seal({ type: 'renewal-answer/1', ...answer }, key, authority);
}

/** Reads what a stranger wrote; undefined when it is none of ours. */
export function openLetter(json: string): Letter | undefined {
  if (json.length > letterCharsMax) return undefined;
  const opened = openEnvelope(json);
  if (opened === undefined) return undefined;
  const { envelope, content } = opened;
  switch (textIn(content, 'type')) {
    case 'renewal-request/1':
      return readRequest(content, envelope);
    case 'renewal-answer/1':
      return readAnswer(content, envelope);
    case 'trust/1': {
      const notice = readTrustNotice(content);
      return notice && { kind: 'trust', notice, envelope };
    }
    case 'trust-taken/1': {
      const taken = readTrustTaken(content);
      return taken && { kind: 'taken', taken, envelope };
    }
    case undefined:
    default:
      return undefined;
  }
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
