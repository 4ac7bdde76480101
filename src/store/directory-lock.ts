/**
 * One owner per data directory. The lock is SQLite's own file lock on an otherwise empty database,
 * because the kernel drops it when the process dies, whatever killed it.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from './errors.ts';
import { faultOf } from './sqlite-fault.ts';

export interface DirectoryLock {
  /** Gives the directory up. Idempotent. */
  release(): void;
}

/**
 * Takes the directory, creating it (mode 0700) when it does not exist.
 * @throws StoreError STORE_IN_USE, STORE_IO
 */
export function lockDirectory(directory: string): DirectoryLock {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, 'lock');
    database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    chmodSync(path, 0o600);
  } catch (cause) {
    database?.close();
    const fault = faultOf(cause, `lock ${directory}`);
    if (fault.code !== 'STORE_IN_USE') throw fault;
    throw new StoreError('STORE_IN_USE', `${directory} is in use by another process`, { cause });
  }
  const held = database;
  return {
    release: () => {
      if (held.isOpen) held.close();
    },
  };
}
