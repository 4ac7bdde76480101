/**
 * Checks a token: form, signature, times, issuer, audience. Whether what it names still exists is the
 * caller's business.
 */
import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { parseClaims, type TokenClaims } from './claims.ts';
import { TokenError } from './errors.ts';
import type { SigningKey } from './signing-key.ts';

/** Characters of a token; real ones have about a thousand. */
export const tokenCharsMax = 16 * 1024;

export interface TokenExpectation {
  /** Empty when none is accepted. */
  readonly issuers: readonly string[];
  readonly nowMs: number;
}

/**
 * The claims of a token that one of the keys signed.
 * @throws TokenError TOKEN_MALFORMED, TOKEN_SIGNATURE, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID
 */
export async function verifyToken(
  token: string,
  keys: readonly SigningKey[],
  { issuers, nowMs }: TokenExpectation,
): Promise<TokenClaims> {
  const key = keys.find(({ kid }) => kid === kidOf(token));
  if (!key) throw new TokenError('TOKEN_SIGNATURE', 'the signing key of the token is not known');
  try {
    const { payload } = await jwtVerify(token, key.publicKey, {
      algorithms: [key.algorithm],
      issuer: [...issuers],
      currentDate: new Date(nowMs),
      requiredClaims: ['exp', 'iat', 'nbf', 'jti', 'sub'],
    });
    const claims = parseClaims(payload);
    if (claims) return claims;
  } catch (thrown) {
    throw faultOf(thrown);
  }
  throw new TokenError('TOKEN_MALFORMED', 'the token is not bound to a ServiceAccount');
}

/**
 * Whether a text has the form of a signed token: what has not may be for somebody else to know.
 */
export function looksLikeToken(text: string): boolean {
  return text.length <= tokenCharsMax && /^[\w-]+\.[\w-]+\.[\w-]+$/u.test(text);
}

/** @throws TokenError TOKEN_EXPIRED */
export function checkTokenTime({ expiresAt }: TokenClaims, nowMs: number): void {
  if (nowMs >= expiresAt * 1000) {
    throw new TokenError('TOKEN_EXPIRED', 'service account token has expired');
  }
}

/**
 * The audiences that both sides name, in the order of the asked ones.
 * @throws TokenError TOKEN_AUDIENCE when there are none
 */
export function commonAudiences(claims: TokenClaims, asked: readonly string[]): string[] {
  const common = asked.filter((audience) => claims.audiences.includes(audience));
  if (common.length > 0) return common;
  const quoted = (list: readonly string[]): string =>
    `[${list.map((text) => JSON.stringify(text)).join(' ')}]`;
  throw new TokenError(
    'TOKEN_AUDIENCE',
    `token audiences ${quoted(claims.audiences)} is invalid for the target audiences ${quoted(asked)}`,
  );
}

function kidOf(token: string): string | undefined {
  if (!looksLikeToken(token)) throw malformed();
  try {
    return decodeProtectedHeader(token).kid;
  } catch {
    throw malformed();
  }
}

function malformed(): TokenError {
  return new TokenError('TOKEN_MALFORMED', 'the token cannot be read');
}

function faultOf(thrown: unknown): TokenError {
  if (thrown instanceof errors.JWTExpired) {
    return new TokenError('TOKEN_EXPIRED', 'service account token has expired');
  }
  if (thrown instanceof errors.JWTClaimValidationFailed && thrown.claim === 'nbf') {
    return new TokenError('TOKEN_NOT_YET_VALID', 'service account token is not valid yet');
  }
  if (thrown instanceof errors.JWSSignatureVerificationFailed) {
    return new TokenError('TOKEN_SIGNATURE', 'the signature of the token is wrong');
  }
  return malformed();
}
