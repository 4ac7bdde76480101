/**
 * Key pairs: ECDSA P-256 unless asked otherwise. Private keys travel as Node's KeyObject, which
 * shows nothing when logged, and leave as unencrypted PKCS#8 PEM.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { promisify } from 'node:util';
import { unreachable } from '#base/assert.ts';
import { PkiError } from './errors.ts';

/** Kinds of keys we make. */
export type KeyAlgorithm = 'ecdsa-p256' | 'rsa-2048' | 'rsa-3072';

/** A private key and its public half. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Longest private key text that is read, in characters; an RSA 8192 key has about 6500. */
const keyPemCharsMax = 16_384;
/** Largest RSA modulus that is read, in bits: larger ones make each handshake a burden. */
const rsaBitsMax = 8192;

const generate = promisify(generateKeyPair);

/** Makes a new key pair. RSA takes a while and is done off the main thread. */
export async function createKeyPair(algorithm: KeyAlgorithm = 'ecdsa-p256'): Promise<KeyPair> {
  switch (algorithm) {
    case 'ecdsa-p256':
      // Takes less time than handing it to another thread.
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'rsa-2048':
      return await generate('rsa', { modulusLength: 2048 });
    case 'rsa-3072':
      return await generate('rsa', { modulusLength: 3072 });
    default:
      return unreachable(algorithm, 'key algorithm');
  }
}

/**
 * Reads an unencrypted private key in PKCS#8, PKCS#1 or SEC1 PEM.
 * @throws PkiError PKI_KEY_INVALID, PKI_KEY_UNSUPPORTED
 */
export function parsePrivateKey(pem: string): KeyPair {
  if (pem.length > keyPemCharsMax) throw new PkiError('PKI_KEY_INVALID', 'private key is too long');
  let keys: KeyPair;
  try {
    const privateKey = createPrivateKey({ key: pem, format: 'pem' });
    keys = { privateKey, publicKey: createPublicKey(privateKey) };
  } catch {
    // The cause is dropped on purpose: nothing about the key's bytes may reach a log.
    throw new PkiError('PKI_KEY_INVALID', 'private key cannot be read');
  }
  checkKeyAccepted(keys.privateKey);
  return keys;
}

/** The private key as PKCS#8 PEM. Every call is a place to review. */
export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The names of the curves we accept, as OpenSSL calls them. */
const acceptedCurves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** @throws PkiError PKI_KEY_UNSUPPORTED when certificates for or by this key are not made. */
export function checkKeyAccepted(key: KeyObject): void {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'ed25519') return;
  if (key.asymmetricKeyType === 'ec' && acceptedCurves.has(details?.namedCurve ?? '')) return;
  const bits = details?.modulusLength ?? 0;
  if (key.asymmetricKeyType === 'rsa' && bits >= 2048 && bits <= rsaBitsMax) return;
  throw new PkiError('PKI_KEY_UNSUPPORTED', 'key kind is not accepted', {
    facts: {
      kind: key.asymmetricKeyType,
      curve: details?.namedCurve,
      bits: details?.modulusLength,
    },
  });
}

/** The digest that a key signs with; null where the kind of key has one of its own. */
export function digestFor(key: KeyObject): 'sha256' | null {
  return key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

/** True when both are the same public key. */
export function samePublicKey(a: KeyObject, b: KeyObject): boolean {
  return publicKeyDer(a).equals(publicKeyDer(b));
}

/** SubjectPublicKeyInfo of a P-256 key up to its point. @spec RFC5480 2 */
const p256Prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');

/** SubjectPublicKeyInfo in DER. @spec RFC5280 4.1.2.7 */
export function publicKeyDer(key: KeyObject): Buffer {
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    return key.export({ type: 'spki', format: 'der' });
  }
  // OpenSSL's general encoder takes three times as long as reading the point.
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return Buffer.concat([p256Prefix, Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

/** Which of the kinds we make a private key is; undefined for other accepted kinds. */
export function keyAlgorithmOf(pem: string): KeyAlgorithm | undefined {
  const { privateKey } = parsePrivateKey(pem);
  const details = privateKey.asymmetricKeyDetails;
  if (details?.namedCurve === 'prime256v1') return 'ecdsa-p256';
  if (details?.modulusLength === 2048) return 'rsa-2048';
  return details?.modulusLength === 3072 ? 'rsa-3072' : undefined;
}
