/**
 * The SQLite file: pragmas, format and migrations.
 *
 *   obj    current objects          log    every change, with the object before it
 *   floor  last compacted revision  meta   the revision counter
 *   seal   key of sealed collections
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreError } from './errors.ts';
import { faultOf } from './sqlite-fault.ts';

/** "Drwb": tells our files from other SQLite databases. */
const applicationId = 0x44727762;

/** Step n takes the file from format n to n + 1. Never edited once released, only added to. */
const migrations: readonly string[] = [
  `CREATE TABLE meta (k TEXT PRIMARY KEY, v INTEGER NOT NULL) WITHOUT ROWID;
   INSERT INTO meta VALUES ('revision', 0);
   CREATE TABLE obj (
     coll TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL,
     rv INTEGER NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
     PRIMARY KEY (coll, ns, name)) WITHOUT ROWID;
   CREATE TABLE log (
     rv INTEGER PRIMARY KEY, at INTEGER NOT NULL, coll TEXT NOT NULL,
     ns TEXT NOT NULL, name TEXT NOT NULL, op TEXT NOT NULL,
     prev_rv INTEGER, body TEXT NOT NULL, prev TEXT);
   CREATE INDEX log_by_collection ON log (coll, rv);
   CREATE TABLE floor (coll TEXT PRIMARY KEY, rv INTEGER NOT NULL) WITHOUT ROWID;`,
  // From here on bodies may be sealed bytes, which format 1 would take for damage.
  'CREATE TABLE seal (coll TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID;',
];

/** In `floor`: what holds for every collection at least. */
export const everyCollection = '*';

/** Size a database file may grow to. */
export const databaseBytesMaxDefault = 8 * 1024 * 1024 * 1024;

/** The newest format this version writes and the oldest it can bring forward is 0 (empty). */
export const formatVersion: number = migrations.length;

/**
 * Opens or creates the database.
 * @param path a file, or `:memory:`
 * @param sizeBytesMax the file never grows beyond this
 * @throws StoreError STORE_FORMAT_NEWER, STORE_CORRUPT, STORE_IO, STORE_DISK_FULL
 */
export function openDatabase(path: string, sizeBytesMax: number): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    // Created with its mode, so that Secrets are never readable by others; -wal and -shm inherit it.
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    database = new DatabaseSync(path);
    const format = readFormat(database, path);
    database.exec(`PRAGMA busy_timeout = 2000; PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON`);
    const pageBytes = Number(database.prepare('PRAGMA page_size').get()?.['page_size']);
    database.exec(`PRAGMA max_page_count = ${Math.floor(sizeBytesMax / pageBytes)}`);
    migrate(database, format);
    checkWhole(database, path);
    return database;
  } catch (cause) {
    database?.close();
    throw faultOf(cause, `open ${path}`);
  }
}

/**
 * Checks a database that is only read.
 * @returns its format
 * @throws StoreError STORE_CORRUPT, STORE_FORMAT_NEWER
 */
export function checkDatabase(database: DatabaseSync, path: string): number {
  const format = readFormat(database, path);
  if (format === 0) throw new StoreError('STORE_CORRUPT', `${path} is empty`);
  checkWhole(database, path);
  return format;
}

function readFormat(database: DatabaseSync, path: string): number {
  const application = Number(database.prepare('PRAGMA application_id').get()?.['application_id']);
  const format = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  const tables = Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']);
  if (application !== applicationId && (tables > 0 || format > 0)) {
    throw new StoreError('STORE_CORRUPT', `${path} is a database of another program`);
  }
  if (format > formatVersion) {
    throw new StoreError(
      'STORE_FORMAT_NEWER',
      `${path} has format ${format}; this version knows formats up to ${formatVersion}`,
    );
  }
  return format;
}

/** A damaged page found later would refuse one write after the other while the rest seems to work. */
function checkWhole(database: DatabaseSync, path: string): void {
  const finding = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (finding === 'ok') return;
  throw new StoreError('STORE_CORRUPT', `${path} is damaged: ${String(finding)}`);
}

function migrate(database: DatabaseSync, from: number): void {
  for (let format = from; format < formatVersion; format++) {
    database.exec(`BEGIN IMMEDIATE; ${migrations[format]}
      PRAGMA user_version = ${format + 1}; PRAGMA application_id = ${applicationId}; COMMIT`);
  }
}
