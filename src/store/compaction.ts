/**
 * Keeps the change log short: rows go when they are old and many, oldest first, a slice per turn
 * of the event loop. What went is remembered per collection, so that a watch of a quiet
 * collection may resume from an old revision for as long as nothing it missed is gone.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

export interface CompactionLimits {
  /** Rows younger than this stay, unless there are more than `logRowsMax`. */
  readonly logAgeMs: number;
  /** So many newest rows stay whatever their age. */
  readonly logRowsMin: number;
  /** Rows beyond this go whatever their age. */
  readonly logRowsMax: number;
}

/** Rows per transaction: about 3 ms on a slow disk. */
const sliceRows = 1000;

export class Compaction {
  readonly #limits: CompactionLimits;
  readonly #database: DatabaseSync;
  readonly #floors = new Map<string, number>();
  readonly #oldest: StatementSync;
  readonly #count: StatementSync;

  constructor(database: DatabaseSync, limits: CompactionLimits) {
    this.#database = database;
    this.#limits = limits;
    this.#oldest = database.prepare('SELECT rv, at, coll FROM log ORDER BY rv LIMIT ?');
    this.#count = database.prepare('SELECT count(*) AS n FROM log');
    for (const row of database.prepare('SELECT coll, rv FROM floor').all()) {
      this.#floors.set(String(row['coll']), Number(row['rv']));
    }
  }

  /** The newest revision of the collection that the log has lost; 0 when it has all. */
  floor(collection: string): number {
    return this.#floors.get(collection) ?? 0;
  }

  /**
   * Drops at most one slice.
   * @returns true when more is due
   * @throws SQLite's error; nothing is changed then
   */
  runSlice(nowMs: number): boolean {
    const rows = Number(this.#count.get()?.['n']);
    const droppable = rows - this.#limits.logRowsMin;
    if (droppable <= 0) return false;
    const surplus = rows - this.#limits.logRowsMax;
    const floors = new Map<string, number>();
    let boundary = 0;
    let taken = 0;
    for (const row of this.#oldest.all(Math.min(sliceRows, droppable))) {
      if (taken >= surplus && Number(row['at']) > nowMs - this.#limits.logAgeMs) break;
      boundary = Number(row['rv']);
      floors.set(String(row['coll']), boundary);
      taken++;
    }
    if (taken === 0) return false;
    this.#drop(boundary, floors);
    return taken === sliceRows;
  }

  #drop(boundary: number, floors: ReadonlyMap<string, number>): void {
    const database = this.#database;
    database.exec('BEGIN IMMEDIATE');
    try {
      const raise = database.prepare(
        'INSERT INTO floor VALUES (?, ?) ON CONFLICT DO UPDATE SET rv = excluded.rv',
      );
      for (const [collection, revision] of floors) raise.run(collection, revision);
      database.prepare('DELETE FROM log WHERE rv <= ?').run(boundary);
      database.exec('COMMIT; PRAGMA incremental_vacuum(256)');
    } catch (thrown) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw thrown;
    }
    for (const [collection, revision] of floors) this.#floors.set(collection, revision);
  }
}
