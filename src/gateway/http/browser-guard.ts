/**
 * Proof that a browser's request comes from a page of this gateway: a cookie alone proves nothing,
 * because browsers send it for any page.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import { csrfOf, type Handle } from '../grant/handle.ts';
import { type HeaderLines, lineOf } from '../request/inbound-headers.ts';

/** The header that carries the proof of knowing the session. */
export const csrfHeader = 'x-drawbridge-csrf';

export interface OriginOptions {
  /** Origins beside our own whose pages may use sessions, such as `https://apps.example.com`. */
  readonly allowedOrigins: ReadonlySet<string>;
}

/**
 * The Origin must be there and be ours, or one that is allowed.
 * @throws GatewayError GATEWAY_ORIGIN
 */
export function requireOrigin(lines: HeaderLines, options: OriginOptions): void {
  const origin = lineOf(lines, 'origin');
  if (origin === undefined || !isOurs(origin, lines, options)) throw foreign();
  refuseCrossSite(lines, options);
}

/** Where Origin may be missing, a wrong one is still refused. @throws GatewayError GATEWAY_ORIGIN */
export function refuseForeignOrigin(lines: HeaderLines, options: OriginOptions): void {
  const origin = lineOf(lines, 'origin');
  if (origin !== undefined && !isOurs(origin, lines, options)) throw foreign();
  refuseCrossSite(lines, options);
}

/** A browser that tells how the request came about must not say that it came from elsewhere. */
function refuseCrossSite(lines: HeaderLines, options: OriginOptions): void {
  const site = lineOf(lines, 'sec-fetch-site');
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  if (options.allowedOrigins.has(lineOf(lines, 'origin') ?? '')) return;
  throw foreign();
}

/** The page must know the session that its cookie carries. @throws GatewayError GATEWAY_ORIGIN */
export function requireCsrf(lines: HeaderLines, session: Handle): void {
  const given = createHash('sha256')
    .update(lineOf(lines, csrfHeader) ?? '')
    .digest();
  const wanted = createHash('sha256').update(csrfOf(session)).digest();
  if (timingSafeEqual(given, wanted)) return;
  throw new GatewayError('GATEWAY_ORIGIN', `the ${csrfHeader} header is missing or wrong`);
}

function isOurs(origin: string, lines: HeaderLines, options: OriginOptions): boolean {
  const host = lineOf(lines, 'host');
  return origin === `https://${host ?? ''}` || options.allowedOrigins.has(origin);
}

function foreign(): GatewayError {
  return new GatewayError('GATEWAY_ORIGIN', 'the request comes from a page of another origin');
}
