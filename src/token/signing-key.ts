/**
 * Keys that sign tokens, named as Kubernetes names them, and the set of public halves that anybody may
 * check tokens with.
 * @spec RFC7517
 */
import { createHash, type KeyObject } from 'node:crypto';
import type { KeyPair } from '#pki/index.ts';
import { TokenError } from './errors.ts';

export type SigningAlgorithm = 'ES256' | 'RS256';

/** A key pair with its name. */
export interface SigningKey extends KeyPair {
  /** base64url of the SHA-256 of the public key in DER. */
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
}

/** Names a key pair. @throws TokenError TOKEN_SIGNATURE for keys that are neither P-256 nor RSA */
export function signingKeyOf(keys: KeyPair): SigningKey {
  const der = keys.publicKey.export({ type: 'spki', format: 'der' });
  const kid = createHash('sha256').update(der).digest('base64url');
  return { ...keys, kid, algorithm: algorithmOf(keys.publicKey) };
}

function algorithmOf(key: KeyObject): SigningAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new TokenError('TOKEN_SIGNATURE', 'tokens are signed with ECDSA P-256 or RSA keys only');
}

/** The document of `/openid/v1/jwks`: public halves only. */
export function keySetDocument(keys: readonly SigningKey[]): { keys: Record<string, unknown>[] } {
  return {
    keys: keys.map(({ publicKey, kid, algorithm }) => ({
      use: 'sig',
      ...publicKey.export({ format: 'jwk' }),
      kid,
      alg: algorithm,
    })),
  };
}

/**
 * The document of `/.well-known/openid-configuration`.
 * @spec OpenID Connect Discovery 1.0 3
 */
export function issuerDocument(
  issuer: string,
  jwksUri: string,
  keys: readonly SigningKey[],
): Record<string, unknown> {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.map(({ algorithm }) => algorithm))],
  };
}
