/**
 * Contents of sealed collections as they lie in the database:
 *
 *   version (1) | key id (8) | nonce (12) | ciphertext | tag (16)        AES-256-GCM
 *
 * The place of the object is authenticated too, so that one sealed object can't be put in the place
 * of another. Nonces are random: a key is good for 2^32 writes, which rotation renews.
 * @spec NIST-SP-800-38D 8.2.2
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { ObjectKey } from '../change.ts';
import { StoreError } from '../errors.ts';
import type { SealingKey } from './key-file.ts';

/** Contents as a row holds them: text, or sealed bytes. */
export type Body = string | Uint8Array;

export interface Place extends ObjectKey {
  readonly collection: string;
}

const version = 1;
const idBytes = 8;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + idBytes + nonceBytes;
const algorithm = 'aes-256-gcm';

export class Sealer {
  readonly #collections: ReadonlySet<string>;
  readonly #keys: ReadonlyMap<string, SealingKey>;
  readonly #sealing: SealingKey | undefined;

  /** @param keys the sealing one first; none: nothing is sealed */
  constructor(keys: readonly SealingKey[], collections: readonly string[]) {
    this.#sealing = keys[0];
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#collections = new Set(collections);
  }

  /** Text as it is to be stored at this place. */
  seal(place: Place, text: string): Body {
    const key = this.#sealing;
    if (key === undefined || !this.#collections.has(place.collection)) return text;
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, key.secret, nonce, { authTagLength: tagBytes });
    cipher.setAAD(placeBytes(place));
    return Buffer.concat([
      Buffer.of(version),
      Buffer.from(key.id, 'hex'),
      nonce,
      cipher.update(text, 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
  }

  /** The text of what is stored there. @throws StoreError STORE_KEY_MISSING, STORE_CORRUPT */
  open(place: Place, body: Body): string {
    if (typeof body === 'string') return body;
    const id = keyIdOf(body);
    const key = id === undefined ? undefined : this.#keys.get(id);
    if (id === undefined) throw damaged(place);
    if (key === undefined) {
      throw new StoreError('STORE_KEY_MISSING', `an object is sealed with the unknown key ${id}`);
    }
    try {
      const nonce = body.subarray(1 + idBytes, headBytes);
      const options = { authTagLength: tagBytes };
      const decipher = createDecipheriv(algorithm, key.secret, nonce, options);
      decipher.setAAD(placeBytes(place));
      decipher.setAuthTag(body.subarray(-tagBytes));
      const text = decipher.update(body.subarray(headBytes, -tagBytes), undefined, 'utf8');
      return text + decipher.final('utf8');
    } catch (cause) {
      throw damaged(place, cause);
    }
  }
}

/** Which key sealed these bytes; undefined when they are not sealed contents. */
export function keyIdOf(body: Uint8Array): string | undefined {
  if (body.length < headBytes + tagBytes || body[0] !== version) return undefined;
  return Buffer.from(body.subarray(1, 1 + idBytes)).toString('hex');
}

function placeBytes({ collection, namespace, name }: Place): Buffer {
  return Buffer.from(`${collection}\n${namespace}\n${name}`);
}

function damaged({ collection }: Place, cause?: unknown): StoreError {
  return new StoreError('STORE_CORRUPT', `a sealed object of ${collection} is damaged`, { cause });
}
