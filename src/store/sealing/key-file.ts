/**
 * The file that holds the keys of sealed collections: one key a line in base64, 32 bytes each. The
 * first one seals; the others only open what was sealed before a rotation. A key is named by its own
 * digest, so that a wrong key can't pass for the right one.
 */
import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { messageOf } from '#base/errors.ts';
import { StoreError } from '../errors.ts';
import { syncFolderOf } from './sync-folder.ts';

export interface SealingKey {
  /** First 16 hexadecimal digits of the digest of the key. */
  readonly id: string;
  readonly secret: KeyObject;
}

const keyBytes = 32;
/** Older keys that a file may hold beside the sealing one. */
const keysMax = 64;
const heading =
  '# Keys of the sealed objects in drawbridge.db; the first one seals. Keep a copy of this file\n' +
  '# apart from backups of the database: without it nobody can read them.\n';

/** A fresh random key. */
export function newSealingKey(): SealingKey {
  return keyOf(randomBytes(keyBytes));
}

/**
 * The keys, the sealing one first; undefined when there is no such file.
 * @throws StoreError STORE_KEY_UNUSABLE when others may read it, or a line is no key
 */
export function readKeyFile(path: string): readonly SealingKey[] | undefined {
  let text: string;
  try {
    const { mode } = statSync(path);
    if ((mode & 0o077) !== 0) {
      throw new StoreError(
        'STORE_KEY_UNUSABLE',
        `${path} can be read by others than its owner: chmod 600 it, and rotate the key if anybody did`,
      );
    }
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof StoreError) throw thrown;
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    const message = `cannot read ${path}: ${messageOf(thrown)}`;
    throw new StoreError('STORE_KEY_UNUSABLE', message, { cause: thrown });
  }
  return parseKeys(text, path);
}

function parseKeys(text: string, path: string): readonly SealingKey[] {
  const keys: SealingKey[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const value = line.trim();
    if (value === '' || value.startsWith('#')) continue;
    const bytes = /^[A-Za-z0-9+/]{43}=$/.test(value) ? Buffer.from(value, 'base64') : undefined;
    if (bytes?.length !== keyBytes || keys.length > keysMax) {
      throw new StoreError(
        'STORE_KEY_UNUSABLE',
        `${path}: line ${index + 1} is not a key of ${keyBytes} bytes in base64`,
      );
    }
    keys.push(keyOf(bytes));
  }
  if (keys.length === 0) throw new StoreError('STORE_KEY_UNUSABLE', `${path} holds no key`);
  return keys;
}

/**
 * Replaces the file as a whole; it is on the disk when this returns.
 * @throws StoreError STORE_KEY_UNUSABLE
 */
export function writeKeyFile(path: string, keys: readonly SealingKey[]): void {
  const temporary = `${path}.new`;
  try {
    writeWhole(temporary, keys);
    renameSync(temporary, path);
    syncFolderOf(path);
  } catch (thrown) {
    throw unwritable(path, thrown);
  }
}

/**
 * Makes the file with a new key; several processes that begin together end with the same one.
 * @returns the keys that are in it
 * @throws StoreError STORE_KEY_UNUSABLE
 */
export function makeKeyFile(path: string): readonly SealingKey[] {
  const made = [newSealingKey()];
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    writeWhole(temporary, made);
    try {
      // Unlike renaming, this takes no other file's place.
      linkSync(temporary, path);
    } finally {
      unlinkSync(temporary);
    }
    syncFolderOf(path);
    return made;
  } catch (thrown) {
    const isThere = thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST';
    const others = isThere ? readKeyFile(path) : undefined;
    if (others === undefined) throw unwritable(path, thrown);
    return others;
  }
}

function writeWhole(path: string, keys: readonly SealingKey[]): void {
  const lines = keys.map(({ secret }) => `${secret.export().toString('base64')}\n`);
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, heading + lines.join(''));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function unwritable(path: string, cause: unknown): StoreError {
  const message = `cannot write ${path}: ${messageOf(cause)}`;
  return new StoreError('STORE_KEY_UNUSABLE', message, { cause });
}

function keyOf(bytes: Buffer): SealingKey {
  const id = createHash('sha256').update('drawbridge key id').update(bytes).digest('hex');
  return { id: id.slice(0, 16), secret: createSecretKey(bytes) };
}
