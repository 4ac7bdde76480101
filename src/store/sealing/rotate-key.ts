/** Renews the key that seals, while no process serves the data. */
import { databaseBytesMaxDefault, openDatabase } from '../database.ts';
import { existingDatabase, keyPathIn } from '../directory.ts';
import { lockDirectory } from '../directory-lock.ts';
import { StoreError } from '../errors.ts';
import { newSealingKey, readKeyFile, writeKeyFile } from './key-file.ts';
import { openSealer } from './open-sealer.ts';

export interface KeyRotation {
  /** The data directory. */
  readonly directory: string;
  /** Default `secrets.key` in the directory. */
  readonly keyPath?: string;
  readonly sealed: readonly string[];
  /** Keep older keys in the file, for backups that were sealed with them. */
  readonly keepOld: boolean;
}

export interface RotatedKey {
  readonly keyPath: string;
  /** Name of the key that seals now. */
  readonly keyId: string;
  /** Names of those before, which are still in the file or were dropped from it. */
  readonly before: readonly string[];
}

/**
 * Seals everything with a new key. Killed at any moment, the next start finishes the work.
 * @throws StoreError STORE_IN_USE, STORE_ABSENT, STORE_KEY_MISSING, STORE_KEY_UNUSABLE
 */
export function rotateKey(rotation: KeyRotation): RotatedKey {
  const { directory, sealed, keepOld } = rotation;
  const keyPath = rotation.keyPath ?? keyPathIn(directory);
  const path = existingDatabase(directory);
  const lock = lockDirectory(directory);
  try {
    const old = readKeyFile(keyPath);
    if (old === undefined) {
      throw new StoreError('STORE_KEY_MISSING', `${keyPath} does not exist`);
    }
    const key = newSealingKey();
    // First the file, then the database: it must never hold what no key opens.
    writeKeyFile(keyPath, [key, ...old]);
    const database = openDatabase(path, databaseBytesMaxDefault);
    try {
      openSealer(database, { collections: sealed, keyPath });
    } finally {
      database.close();
    }
    if (!keepOld) writeKeyFile(keyPath, [key]);
    return { keyPath, keyId: key.id, before: old.map(({ id }) => id) };
  } finally {
    lock.release();
  }
}
