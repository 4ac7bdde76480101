/**
 * One bounded HTTP exchange: no redirects, no cookies, no shared state, a limit on time and size.
 * Enough for redeeming tokens and asking an API; streams and pools belong to real client libraries.
 */
import { type IncomingHttpHeaders, request as plainRequest } from 'node:http';
import { type Agent, request as tlsRequest } from 'node:https';
import { messageOf } from '#base/errors.ts';
import { HttpError } from './errors.ts';

export interface HttpsRequestOptions {
  /** `https:`, or `http:` when no CA is given. */
  readonly url: string | URL;
  /** Default GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** PEM of the only CAs that are trusted. Absent: those of the system. */
  readonly ca?: string;
  /** PEM client certificate chain, with `key`. */
  readonly cert?: string;
  /** PEM private key of `cert`. */
  readonly key?: string;
  /** Name expected in the server's certificate; default the host of the URL. */
  readonly serverName?: string;
  /** False: whoever answers is believed to be the server. Default true. */
  readonly rejectUnauthorized?: boolean;
  /** Default TLSv1.3. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Limit of the whole exchange in milliseconds; default 10 000. */
  readonly timeoutMs?: number;
  /** Limit of the answer's body in bytes; default 1 MiB. */
  readonly bodyBytesMax?: number;
  readonly signal?: AbortSignal;
  /** Keeps connections between calls when given; otherwise each call has its own. */
  readonly agent?: Agent;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const defaultTimeoutMs = 10_000;
const defaultBodyBytesMax = 1024 * 1024;

/**
 * Sends one request and reads the whole answer, whatever its status.
 * @throws HttpError HTTP_URL_INVALID, HTTP_CONNECT_FAILED, HTTP_TLS_UNTRUSTED, HTTP_TIMEOUT,
 *   HTTP_ABORTED, HTTP_BODY_TOO_LARGE, HTTP_BODY_INCOMPLETE
 */
export async function httpsRequest(options: HttpsRequestOptions): Promise<HttpResponse> {
  const url = parseUrl(options.url, options.ca !== undefined);
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const fail = (cause: unknown): void => reject(faultOf(cause, options, timeout, url.host));

  const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
  const request = send(url, {
    method: options.method ?? 'GET',
    headers: {
      connection: options.agent ? 'keep-alive' : 'close',
      // Node would send the body of a DELETE without saying how long it is.
      ...(options.body === undefined ? {} : { 'content-length': Buffer.byteLength(options.body) }),
      ...options.headers,
    },
    signal,
    agent: options.agent ?? false,
    minVersion: options.minVersion ?? 'TLSv1.3',
    ca: options.ca,
    cert: options.cert,
    key: options.key,
    rejectUnauthorized: options.rejectUnauthorized ?? true,
    ...(options.serverName === undefined ? {} : { servername: options.serverName }),
  });
  request.on('error', fail);
  request.on('response', (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > (options.bodyBytesMax ?? defaultBodyBytesMax)) {
        reject(tooLarge(url.host));
        request.destroy();
        return;
      }
      chunks.push(chunk);
    });
    response.on('error', fail);
    response.on('end', () => {
      if (!response.complete) return;
      const { statusCode: status = 0, headers } = response;
      resolve({ status, headers, body: Buffer.concat(chunks) });
    });
    response.on('close', () => {
      if (!response.complete) fail(undefined);
    });
  });
  request.end(options.body);
  return promise;
}

function parseUrl(given: string | URL, secure: boolean): URL {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined;
  const allowed = url && (url.protocol === 'https:' || (url.protocol === 'http:' && !secure));
  if (!url || !allowed) {
    const wanted = secure ? 'an https URL' : 'an http or https URL';
    throw new HttpError('HTTP_URL_INVALID', `not ${wanted}: ${String(given).slice(0, 200)}`);
  }
  return url;
}

function tooLarge(host: string): HttpError {
  return new HttpError('HTTP_BODY_TOO_LARGE', `the answer of ${host} is too large`);
}

/** Codes of OpenSSL and Node that mean "reached, but not the server we trust". */
const untrustedCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'INVALID_PURPOSE',
  'INVALID_CA',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

function faultOf(
  cause: unknown,
  options: HttpsRequestOptions,
  timeout: AbortSignal,
  host: string,
): HttpError {
  if (options.signal?.aborted) {
    return new HttpError('HTTP_ABORTED', `the request to ${host} was given up`, { cause });
  }
  if (timeout.aborted) {
    return new HttpError('HTTP_TIMEOUT', `no complete answer from ${host} in time`, {
      cause,
      retry: 'backoff',
    });
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (untrustedCodes.has(code)) {
    const facts = { code };
    return new HttpError('HTTP_TLS_UNTRUSTED', `the certificate of ${host} is not trusted`, {
      cause,
      facts,
    });
  }
  if (cause === undefined) {
    return new HttpError('HTTP_BODY_INCOMPLETE', `${host} closed before its answer was complete`, {
      retry: 'backoff',
    });
  }
  return new HttpError('HTTP_CONNECT_FAILED', `cannot reach ${host}: ${messageOf(cause)}`, {
    cause,
    retry: 'backoff',
    facts: { code },
  });
}
