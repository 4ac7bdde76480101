/**
 * Whether the routers of a site will know those who join, and be known by them. Ours do by making;
 * a user who brings the server's Secret but not the authority that signed it gets a site whose own
 * authority nobody trusts: better said on the grant than found out by a link that never comes up.
 */
import { isAuthorityIn, joinBundle, PkiError, verifyChain } from '#pki/index.ts';
import type { Secret } from './kinds.ts';
import { textOf } from './secret-text.ts';

/** Secret that the routers of a site show to those who join. */
export const siteServerName = 'skupper-site-server';

/**
 * What stands against certificates of this issuer; undefined: nothing, or it cannot be told yet.
 * @param issuerName Secret of the CA, for the message
 */
export function faultOfTrust(
  server: Secret | undefined,
  issuer: Secret | undefined,
  issuerName: string,
): string | undefined {
  if (server === undefined || issuer === undefined) return undefined;
  const trusted = textOf(server, 'ca.crt');
  const isTrusted = attempt(() => isAuthorityIn(textOf(issuer, 'tls.crt'), trusted));
  return isTrusted === false
    ? `CA "${issuerName}" is not trusted by the routers: ca.crt of Secret "${siteServerName}" does not have it`
    : undefined;
}

/**
 * What joiners should trust: the issuer's bundle, and what the server's Secret names where the
 * server's certificate comes from elsewhere.
 */
export function bundleForJoiners(
  server: Secret | undefined,
  issuerBundle: string,
  nowMs: number,
): string {
  if (server === undefined) return issuerBundle;
  const isCovered = attempt(() => verifyChain(textOf(server, 'tls.crt'), issuerBundle, nowMs));
  if (isCovered !== false) return issuerBundle;
  return attempt(() => joinBundle([issuerBundle, textOf(server, 'ca.crt')])) ?? issuerBundle;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof PkiError) return undefined;
    throw thrown;
  }
}
