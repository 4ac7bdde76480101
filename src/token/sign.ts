/** Makes a token. */
import { SignJWT } from 'jose';
import { payloadOf, type TokenClaims } from './claims.ts';
import type { SigningKey } from './signing-key.ts';

/** The claims as a signed token. What it returns is a secret. @spec RFC7519 */
export async function signToken(key: SigningKey, claims: TokenClaims): Promise<string> {
  return await new SignJWT(payloadOf(claims))
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid })
    .sign(key.privateKey);
}
