/**
 * What a bearer token says of itself. Nothing here is verified: only the API server can do that. It
 * may serve to refuse more, never to allow anything.
 */
import { isRecord } from '#kube/index.ts';

export interface BearerClaims {
  /** `system:serviceaccount:NAMESPACE:NAME`, or whatever the token says. */
  readonly subject?: string;
  /** Seconds between `iat` and `exp`; absent when the token has no end. */
  readonly lifetimeSeconds?: number;
}

/** The claims of a JWT; undefined when the token is not one. */
export function readBearerClaims(token: string): BearerClaims | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isRecord(claims)) return undefined;
  const { sub, iat, exp } = claims;
  return {
    ...(typeof sub === 'string' ? { subject: sub } : {}),
    ...(typeof exp === 'number'
      ? { lifetimeSeconds: exp - (typeof iat === 'number' ? iat : 0) }
      : {}),
  };
}
