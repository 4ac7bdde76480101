/**
 * Puts a backup into a data directory. Time has gone on since: clients may know revisions that the
 * backup never saw. So the counter jumps ahead of all of them and every older revision counts as
 * compacted, which makes each watch list again instead of missing what was undone.
 */
import { copyFileSync, chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { databaseBytesMaxDefault, everyCollection, openDatabase } from '../database.ts';
import { databasePath, keyPathIn } from '../directory.ts';
import { lockDirectory } from '../directory-lock.ts';
import { StoreError } from '../errors.ts';
import { readKeyFile } from '../sealing/key-file.ts';
import { syncFolderOf } from '../sealing/sync-folder.ts';
import { faultOf } from '../sqlite-fault.ts';
import { type BackupFacts, factsOf, refuseExisting } from './back-up.ts';

export interface RestoreOptions {
  /** Default `secrets.key` in the directory. */
  readonly keyPath?: string;
}

/** More than any client can have seen since the backup was made. */
const revisionJump = 1_000_000;

/**
 * Restores into a directory without a database; on failure it has none afterwards either.
 * @returns what is in it; `revision` is where the counter goes on
 * @throws StoreError STORE_ABSENT, STORE_EXISTS, STORE_IN_USE, STORE_KEY_MISSING, STORE_CORRUPT,
 *   STORE_FORMAT_NEWER, STORE_DISK_FULL, STORE_IO
 */
export function restoreStore(
  backup: string,
  directory: string,
  options: RestoreOptions = {},
): BackupFacts {
  if (!existsSync(backup)) throw new StoreError('STORE_ABSENT', `there is no ${backup}`);
  const path = databasePath(directory);
  refuseExisting(path);
  const facts = read(backup);
  checkKeys(facts.keyIds, options.keyPath ?? keyPathIn(directory));
  const lock = lockDirectory(directory);
  const partial = `${path}.restoring`;
  const clean = (): void => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(partial + suffix, { force: true });
  };
  try {
    clean();
    refuseExisting(path);
    copyFileSync(backup, partial);
    chmodSync(partial, 0o600);
    const revision = jump(partial);
    renameSync(partial, path);
    syncFolderOf(path);
    return { ...facts, path, revision };
  } catch (thrown) {
    clean();
    throw faultOf(thrown, `restore ${backup}`);
  } finally {
    lock.release();
  }
}

function read(backup: string): BackupFacts {
  try {
    return { ...factsOf(backup), path: backup, bytes: 0 };
  } catch (thrown) {
    throw faultOf(thrown, `read ${backup}`);
  }
}

function checkKeys(needed: readonly string[], keyPath: string): void {
  const held = new Set((readKeyFile(keyPath) ?? []).map(({ id }) => id));
  const missing = needed.filter((id) => !held.has(id));
  if (missing.length === 0) return;
  throw new StoreError(
    'STORE_KEY_MISSING',
    `the backup is sealed with key ${missing.join(', ')}, which ${keyPath} does not hold`,
  );
}

/** @returns the revision the counter stands at now */
function jump(path: string): number {
  const database = openDatabase(path, databaseBytesMaxDefault);
  try {
    database.exec('BEGIN IMMEDIATE');
    database.prepare("UPDATE meta SET v = v + ? WHERE k = 'revision'").run(revisionJump);
    const row = database.prepare("SELECT v FROM meta WHERE k = 'revision'").get();
    const revision = Number(row?.['v']);
    database.exec('DELETE FROM log; DELETE FROM floor');
    database.prepare('INSERT INTO floor VALUES (?, ?)').run(everyCollection, revision);
    // In one file again, so that renaming it moves all of it.
    database.exec('COMMIT; PRAGMA journal_mode = DELETE');
    return revision;
  } finally {
    database.close();
  }
}
