/**
 * The joining side of a redemption: one POST to the grant server that the token names, trusting
 * only the CA that the token brings.
 */
import { STATUS_CODES } from 'node:http';
import { skupperVersion } from '#apis/index.ts';
import type { Clock } from '#base/clock.ts';
import { CodedError, type Retry } from '#base/errors.ts';
import { HttpError, type HttpResponse, type HttpsRequestOptions } from '#http/index.ts';
import { createKeyPair, createSigningRequest, type KeyPair, privateKeyPem } from '#pki/index.ts';
import { GrantsError } from '../errors.ts';
import { stageOfFault, stageOfRefusal, withStage } from './failure-stage.ts';
import { answerBytesMax, parseReceivedAccess, type ReceivedAccess } from './received-documents.ts';

/** What is asked of a grant server. */
export interface RedemptionOrder {
  readonly url: string;
  readonly code: string;
  readonly caPem: string;
  /** Name for Secret and Link: that of the token. */
  readonly name: string;
  /** Id of the joining site. */
  readonly subject: string;
  /** The same for every try of one token, and known to nobody else: its uid. */
  readonly redemptionId: string;
  /** Key and request of the joiner; the same for every try. */
  readonly credentials: JoinerCredentials;
}

/** A private key that stays here, and the certificate request that is sent instead. */
export interface JoinerCredentials {
  readonly keys: KeyPair;
  /** PEM. */
  readonly signingRequest: string;
}

/** Access, or what to tell and whether to try again. */
export type RedemptionResult =
  | { readonly kind: 'access'; readonly access: ReceivedAccess }
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly retry: Retry;
      readonly detail?: string;
    };

export interface RedemptionClientDeps {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly send: (options: HttpsRequestOptions) => Promise<HttpResponse>;
}

/** Longest exchange, in milliseconds. */
const exchangeMsMax = 10_000;
/** Longest text of a refusing server that is shown. */
const shownCharsMax = 200;

/** What is wrong with a token before anything is sent; undefined: nothing. */
export function faultOfToken(spec: {
  readonly url?: string;
  readonly ca?: string;
}): string | undefined {
  if (!spec.ca) return 'token does not have a CA';
  const url = spec.url ?? '';
  if (!URL.canParse(url))
    return `could not parse token url: ${JSON.stringify(url.slice(0, shownCharsMax))}`;
  return new URL(url).protocol === 'https:' ? undefined : 'token url scheme must be https';
}

/** What a token is redeemed with. The server decides about the subject, so any will do. */
export async function createJoinerCredentials(): Promise<JoinerCredentials> {
  const keys = await createKeyPair();
  return { keys, signingRequest: await createSigningRequest(keys, { commonName: 'joiner' }) };
}

/** Redeems once. Never throws for what the other side does. */
export async function redeemToken(
  deps: RedemptionClientDeps,
  order: RedemptionOrder,
  signal: AbortSignal,
): Promise<RedemptionResult> {
  let response: HttpResponse;
  try {
    response = await deps.send({
      url: urlOf(order),
      method: 'POST',
      // Servers that know no certificate request send a key of their own making; see accessOf.
      headers: {
        name: order.name,
        subject: order.subject,
        // Sites of Skupper v1 know the joiner by this one.
        'skupper-site-name': order.subject,
        'redemption-id': order.redemptionId,
        'certificate-request': order.credentials.signingRequest.replaceAll(
          /-----[^-]+-----|\s/g,
          '',
        ),
      },
      body: order.code,
      ca: order.caPem,
      minVersion: 'TLSv1.3',
      timeoutMs: exchangeMsMax,
      bodyBytesMax: answerBytesMax,
      signal,
    });
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    const said = `Controller got error: ${reasonOf(thrown)}`;
    const message = withStage(said, ...stageOfFault(thrown));
    return { kind: 'failed', message, retry: retryOfFault(thrown) };
  }
  return response.status === 200
    ? accessOf(response, order)
    : refusalOf(response, deps.clock.nowMs());
}

/** Sites of Skupper v1 turn away joiners that do not tell their version; others do not look. */
function urlOf(order: RedemptionOrder): string {
  const url = new URL(order.url);
  url.searchParams.set('site-version', skupperVersion);
  return url.href;
}

function accessOf(response: HttpResponse, order: RedemptionOrder): RedemptionResult {
  try {
    const keyPem = privateKeyPem(order.credentials.keys.privateKey);
    const access = parseReceivedAccess(response.body.toString('utf8'), order.name, keyPem);
    return { kind: 'access', access };
  } catch (thrown) {
    if (!(thrown instanceof GrantsError)) throw thrown;
    // The use is spent; asking again would only spend another one.
    const message = withStage(
      'Controller could not decode response',
      'HTTP',
      'check that the url is a grant server and its version',
    );
    return { kind: 'failed', message, retry: 'never', detail: thrown.message };
  }
}

function refusalOf(response: HttpResponse, nowMs: number): RedemptionResult {
  const { status } = response;
  const text = response.body
    .toString('utf8')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();
  const shown = [`${status} (${STATUS_CODES[status] ?? 'unknown'})`, text.slice(0, shownCharsMax)];
  const said = `Controller got failed response: ${shown.join(' ').trimEnd()}`;
  const [stage, fix] = stageOfRefusal(status, text);
  const message = withStage(said, stage, stage === 'expiry' ? fix + skewOf(response, nowMs) : fix);
  return { kind: 'failed', message, retry: retryOfStatus(response) };
}

/** Smaller differences are delays and rounding. Milliseconds. */
const skewMsMin = 60_000;

/** What the clocks have to do with it, as the answer tells; empty when they agree. */
function skewOf(response: HttpResponse, nowMs: number): string {
  const aheadMs = Date.parse(response.headers.date ?? '') - nowMs;
  if (!(Math.abs(aheadMs) >= skewMsMin)) return '';
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  const way = aheadMs > 0 ? 'ahead of' : 'behind';
  return `; its clock is ${minutes} min ${way} the one here, which may be why: set both`;
}

/** Statuses below 500 that a later try may heal: timeout, too early, too many. */
const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

function retryOfStatus(response: HttpResponse): Retry {
  if (response.status < 500 && !transientStatuses.has(response.status)) return 'never';
  const seconds = Number(response.headers['retry-after']);
  return seconds > 0 ? { afterMs: Math.min(seconds, 600) * 1000 } : 'backoff';
}

function retryOfFault(fault: CodedError): Retry {
  // An untrusted certificate may be one that is being replaced; a bad URL stays bad.
  return fault instanceof HttpError && fault.code === 'HTTP_URL_INVALID' ? 'never' : 'backoff';
}

/** What a peer's certificate is blamed for, by the code of the fault, in words people know. */
const certificateFaults: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not yet valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate is valid for other hosts',
  INVALID_PURPOSE: 'certificate is not meant for servers',
};

function reasonOf(fault: CodedError): string {
  if (!(fault instanceof HttpError) || fault.code !== 'HTTP_TLS_UNTRUSTED') return fault.message;
  const code = String(fault.facts['code']);
  const known = Object.hasOwn(certificateFaults, code) ? certificateFaults[code] : undefined;
  return `x509: ${known ?? 'certificate signed by unknown authority'}: ${fault.message}`;
}
