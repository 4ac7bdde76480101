/**
 * A copy of the database in one moment, while other processes go on writing to it. Sealed contents
 * stay sealed: the keys are not part of it.
 */
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { checkDatabase } from '../database.ts';
import { existingDatabase } from '../directory.ts';
import { StoreError } from '../errors.ts';
import { sealedWith } from '../sealing/open-sealer.ts';
import { syncFolderOf } from '../sealing/sync-folder.ts';
import { faultOf } from '../sqlite-fault.ts';

export interface BackupFacts {
  readonly path: string;
  readonly bytes: number;
  /** The newest revision in it. */
  readonly revision: number;
  readonly objects: number;
  /** Names of the keys without which its sealed contents can't be read. */
  readonly keyIds: readonly string[];
}

/**
 * Writes the copy (mode 0600) and checks it.
 * @throws StoreError STORE_ABSENT, STORE_EXISTS, STORE_DISK_FULL, STORE_CORRUPT, STORE_IO
 */
export function backUpStore(directory: string, path: string): BackupFacts {
  const source = existingDatabase(directory);
  refuseExisting(path);
  const partial = `${path}.partial`;
  try {
    rmSync(partial, { force: true });
    closeSync(openSync(partial, 'wx', 0o600));
    copy(source, partial);
    const facts = factsOf(partial);
    const file = openSync(partial, 'r+');
    fsyncSync(file);
    closeSync(file);
    // A link, unlike a rename, never replaces what somebody put there meanwhile.
    linkSync(partial, path);
    rmSync(partial);
    syncFolderOf(path);
    return { ...facts, path, bytes: statSync(path).size };
  } catch (thrown) {
    rmSync(partial, { force: true });
    throw faultOf(thrown, `back up to ${path}`);
  }
}

/** @throws StoreError STORE_EXISTS */
export function refuseExisting(path: string): void {
  if (existsSync(path)) throw new StoreError('STORE_EXISTS', `${path} is there already`);
}

/** One read transaction: writers are not held up, and what they write meanwhile is not in it. */
function copy(source: string, target: string): void {
  const database = new DatabaseSync(source);
  try {
    database.exec('PRAGMA busy_timeout = 10000');
    checkDatabase(database, source);
    database.prepare('VACUUM INTO ?').run(target);
  } finally {
    database.close();
  }
}

/** Reads a copy through and says what is in it. @throws StoreError STORE_CORRUPT */
export function factsOf(path: string): Omit<BackupFacts, 'path' | 'bytes'> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const format = checkDatabase(database, path);
    const number = (sql: string): number => Number(database.prepare(sql).get()?.['n']);
    return {
      revision: number("SELECT v AS n FROM meta WHERE k = 'revision'"),
      objects: number('SELECT count(*) AS n FROM obj'),
      keyIds: format < 2 ? [] : [...new Set(sealedWith(database).values())],
    };
  } finally {
    database.close();
  }
}
