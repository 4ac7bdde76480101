/**
 * The signed token of kube-gateway: RS256, claims exp, nbf, id, verbs, URLs. Tokens go both ways
 * between the original and this, as long as they end.
 * @spec RFC7519, RFC8725 3.1
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { GatewayError } from '../errors.ts';
import type { LinkClaims } from './mint-request.ts';

/** Least size of RSA keys; bits. */
const rsaBitsMin = 2048;
/** Longest token that is looked at; characters. */
const tokenCharsMax = 64 * 1024;

/** @throws GatewayError GATEWAY_CONFIG when it is no RSA key of at least 2048 bits */
export function readSigningKey(pem: string): KeyObject {
  return checked(() => createPrivateKey(pem), 'the signing key');
}

/** A certificate or a bare public key. @throws GatewayError GATEWAY_CONFIG */
export function readVerificationKey(pem: string): KeyObject {
  const read = (): KeyObject =>
    pem.includes('BEGIN CERTIFICATE') ? new X509Certificate(pem).publicKey : createPublicKey(pem);
  return checked(read, 'the verification key');
}

function checked(read: () => KeyObject, what: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw new GatewayError('GATEWAY_CONFIG', `${what} is not a key in PEM`, { cause });
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType === 'rsa' && bits >= rsaBitsMin) return key;
  const found = key.asymmetricKeyType === 'rsa' ? `RSA with ${bits} bits` : key.asymmetricKeyType;
  throw new GatewayError(
    'GATEWAY_CONFIG',
    `${what} must be RSA with ${rsaBitsMin} bits or more, not ${found}`,
  );
}

/** Signs a token. */
export function signLinkToken(claims: LinkClaims, key: KeyObject): Promise<string> {
  const { id, verbs, urls, notBefore, expires } = claims;
  return new SignJWT({ exp: expires, nbf: notBefore, id, verbs, URLs: urls })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .sign(key);
}

/** What one of our keys has signed. */
export interface SignedLink {
  readonly claims: LinkClaims;
  readonly key: KeyObject;
}

/**
 * The claims of a token that one of the keys signed, whatever its time.
 * @throws GatewayError GATEWAY_CREDENTIAL
 */
export async function verifyLinkToken(
  token: string,
  keys: readonly KeyObject[],
): Promise<SignedLink> {
  const { payload, key } = await verifiedPayload(token, keys);
  const { exp, nbf = 0, id = '', verbs, URLs } = payload;
  // Zero means "never" to the original; here a token that does not end is none.
  if (!isSeconds(exp) || exp <= 0) throw refused('the token does not end');
  if (nbf !== 0 && !isSeconds(nbf)) throw refused('the token is malformed');
  if (!isTexts(verbs) || !isTexts(URLs)) throw refused('the token names no verbs or paths');
  const claims = {
    id: typeof id === 'string' ? id : '',
    verbs: verbs.map((verb) => verb.toLowerCase()),
    urls: URLs,
    notBefore: nbf,
    expires: exp,
  };
  return { claims, key };
}

/** @throws GatewayError GATEWAY_NOT_YET, GATEWAY_ENDED */
export function refuseOutOfTime({ expires, notBefore }: LinkClaims, nowMs: number): void {
  if (nowMs >= expires * 1000) throw new GatewayError('GATEWAY_ENDED', 'the token has expired');
  if (nowMs < notBefore * 1000) {
    throw new GatewayError('GATEWAY_NOT_YET', 'the token is not valid yet');
  }
}

interface Payload {
  readonly exp?: unknown;
  readonly nbf?: unknown;
  readonly id?: unknown;
  readonly verbs?: unknown;
  readonly URLs?: unknown;
}

async function verifiedPayload(
  token: string,
  keys: readonly KeyObject[],
): Promise<{ readonly payload: Payload; readonly key: KeyObject }> {
  if (token.length > tokenCharsMax) throw refused('the token is malformed');
  try {
    // A header that names a key, or anything else, is not one of ours.
    const names = Object.keys(decodeProtectedHeader(token));
    if (!names.every((name) => name === 'alg' || name === 'typ')) throw new TypeError('header');
  } catch (cause) {
    throw refused('the token is malformed', cause);
  }
  for (const key of keys) {
    try {
      // Times are looked at afterwards, in the words of this gateway.
      const currentDate = new Date(0);
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['RS256'],
        currentDate,
        clockTolerance: Number.MAX_SAFE_INTEGER,
      });
      return { payload, key };
    } catch {
      // Another key may have signed it.
    }
  }
  throw refused('the token has a wrong signature or algorithm');
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((entry) => typeof entry === 'string' && entry !== '')
  );
}

function refused(why: string, cause?: unknown): GatewayError {
  return new GatewayError('GATEWAY_CREDENTIAL', why, { cause });
}
