/** Headers of the gateway's own pages and of what they load. */
import type { OutgoingHttpHeaders } from 'node:http';

/**
 * Pages may load from here, talk to here, and nothing else; text never becomes markup. Images from
 * data URLs are what a remote screen sends.
 * @spec W3C CSP3, Trusted Types
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

export const pageHeaders: OutgoingHttpHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'strict-transport-security': 'max-age=31536000',
  'cache-control': 'no-store',
};

/** Headers of what pages load: always asked for again, and answered with 304 while it is the same. */
export const partHeaders: OutgoingHttpHeaders = { ...pageHeaders, 'cache-control': 'no-cache' };

/**
 * Headers of a web application that somebody else wrote: it may do on its own origin what it likes,
 * and nobody may frame it.
 */
export const foreignPageHeaders: OutgoingHttpHeaders = {
  ...partHeaders,
  'content-security-policy': [
    "default-src 'self' data: blob:",
    "style-src 'self' 'unsafe-inline'",
    "script-src 'self' 'unsafe-inline'",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};
