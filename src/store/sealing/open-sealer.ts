/**
 * Finds the keys of a database and brings its contents to the key that seals now: plain contents
 * from before sealing, and contents under an older key after a rotation. It happens when the store
 * opens, in one transaction; what was plain is wiped from the file, too.
 */
import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from '../errors.ts';
import { newSealingKey, readKeyFile, type SealingKey, writeKeyFile } from './key-file.ts';
import { type Body, Sealer } from './sealer.ts';

export interface SealingOptions {
  /** Which collections are sealed. */
  readonly collections: readonly string[];
  /** The key file; made (mode 0600) for a database that was never sealed. */
  readonly keyPath: string;
}

/** @throws StoreError STORE_KEY_MISSING, STORE_KEY_UNUSABLE, STORE_DISK_FULL, STORE_IO */
export function openSealer(database: DatabaseSync, options: SealingOptions): Sealer {
  const { collections, keyPath } = options;
  const used = new Set(sealedWith(database).values());
  if (collections.length === 0 && used.size === 0) return new Sealer([], []);
  const keys = readKeyFile(keyPath) ?? firstKeys(keyPath, used);
  const known = new Set(keys.map(({ id }) => id));
  for (const id of used) {
    if (known.has(id)) continue;
    throw new StoreError(
      'STORE_KEY_MISSING',
      `the database is sealed with key ${id}, which ${keyPath} does not hold`,
    );
  }
  const sealer = new Sealer(keys, collections);
  reseal(database, sealer, keys[0]?.id ?? '', collections);
  return sealer;
}

function firstKeys(keyPath: string, used: ReadonlySet<string>): readonly SealingKey[] {
  const [id] = used;
  if (id !== undefined) {
    throw new StoreError(
      'STORE_KEY_MISSING',
      `the database is sealed with key ${id}, and ${keyPath} does not exist`,
    );
  }
  const keys = [newSealingKey()];
  writeKeyFile(keyPath, keys);
  return keys;
}

/** Which key seals each collection. */
export function sealedWith(database: DatabaseSync): ReadonlyMap<string, string> {
  const rows = database.prepare('SELECT coll, key FROM seal').all();
  return new Map(rows.map((row) => [String(row['coll']), String(row['key'])]));
}

function reseal(
  database: DatabaseSync,
  sealer: Sealer,
  keyId: string,
  collections: readonly string[],
): void {
  const sealed = sealedWith(database);
  const due = collections.filter((collection) => sealed.get(collection) !== keyId);
  if (due.length === 0) return;
  let rewritten = 0;
  // Freed pages are overwritten, so that what was plain does not stay in them.
  database.exec('PRAGMA secure_delete = ON; BEGIN IMMEDIATE');
  try {
    for (const collection of due) rewritten += resealCollection(database, sealer, collection);
    const note = database.prepare(
      'INSERT INTO seal VALUES (?, ?) ON CONFLICT DO UPDATE SET key = excluded.key',
    );
    for (const collection of due) note.run(collection, keyId);
    database.exec('COMMIT');
  } catch (thrown) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw thrown;
  }
  if (rewritten > 0) database.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  database.exec('PRAGMA secure_delete = OFF');
}

/** Rows read at once, so that a long log does not have to fit into memory. */
const sliceRows = 500;

function resealCollection(database: DatabaseSync, sealer: Sealer, collection: string): number {
  const again = (row: Row, body: Body): Body => {
    const place = { collection, namespace: row.ns, name: row.name };
    return sealer.seal(place, sealer.open(place, body));
  };
  const nextObjects = database.prepare(
    'SELECT ns, name, body FROM obj WHERE coll = ? AND (ns, name) > (?, ?) ORDER BY ns, name LIMIT ?',
  );
  const putObject = database.prepare(
    'UPDATE obj SET body = ? WHERE coll = ? AND ns = ? AND name = ?',
  );
  const nextChanges = database.prepare(
    'SELECT rv, ns, name, body, prev FROM log WHERE coll = ? AND rv > ? ORDER BY rv LIMIT ?',
  );
  const putChange = database.prepare('UPDATE log SET body = ?, prev = ? WHERE rv = ?');
  let count = 0;
  let last: Row | undefined;
  for (;;) {
    const rows = nextObjects.all(collection, last?.ns ?? '', last?.name ?? '', sliceRows);
    for (const row of rows as unknown as Row[]) {
      putObject.run(again(row, row.body), collection, row.ns, row.name);
      last = row;
    }
    count += rows.length;
    if (rows.length < sliceRows) break;
  }
  let revision = 0;
  for (;;) {
    const rows = nextChanges.all(collection, revision, sliceRows);
    for (const row of rows as unknown as LogRow[]) {
      putChange.run(again(row, row.body), row.prev && again(row, row.prev), row.rv);
      revision = row.rv;
    }
    count += rows.length;
    if (rows.length < sliceRows) return count;
  }
}

interface Row {
  readonly ns: string;
  readonly name: string;
  readonly body: Body;
}

interface LogRow extends Row {
  readonly rv: number;
  readonly prev: Body | null;
}
