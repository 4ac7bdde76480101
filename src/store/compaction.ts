/**
 * Keeps the change log short, collection by collection: one that changes all the time (Events,
 * Leases) loses its own old rows and never those of a quiet one. What went is remembered per
 * collection, so that a watch may resume from an old revision for as long as nothing it missed is
 * gone. Rows go oldest first, a slice per turn of the event loop.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { everyCollection } from './database.ts';

export interface CompactionLimits {
  /** Rows younger than this stay, unless there are more than `logRowsMax`. */
  readonly logAgeMs: number;
  /** So many newest rows of each collection stay whatever their age. */
  readonly logRowsMin: number;
  /** Beyond so many rows in all, the collection with the most of them loses some, whatever their age. */
  readonly logRowsMax: number;
}

/** Rows per transaction: about 3 ms on a slow disk. */
const sliceRows = 1000;

export class Compaction {
  readonly #limits: CompactionLimits;
  readonly #database: DatabaseSync;
  readonly #floors = new Map<string, number>();
  readonly #counts: StatementSync;
  readonly #oldest: StatementSync;

  constructor(database: DatabaseSync, limits: CompactionLimits) {
    this.#database = database;
    this.#limits = limits;
    this.#counts = database.prepare('SELECT coll, count(*) AS n FROM log GROUP BY coll');
    this.#oldest = database.prepare('SELECT rv, at FROM log WHERE coll = ? ORDER BY rv LIMIT ?');
    for (const row of database.prepare('SELECT coll, rv FROM floor').all()) {
      this.#floors.set(String(row['coll']), Number(row['rv']));
    }
  }

  /** The newest revision of the collection that the log has lost; 0 when it has all. */
  floor(collection: string): number {
    return Math.max(this.#floors.get(collection) ?? 0, this.#floors.get(everyCollection) ?? 0);
  }

  /**
   * Drops at most one slice of one collection.
   * @returns true when more is due
   * @throws SQLite's error; nothing is changed then
   */
  runSlice(nowMs: number): boolean {
    const counts = this.#counts.all() as unknown as { coll: string; n: number }[];
    const total = counts.reduce((sum, { n }) => sum + n, 0);
    let surplus = total - this.#limits.logRowsMax;
    // The largest first: it is the one that pays when there are too many in all.
    for (const { coll, n } of counts.toSorted((a, b) => b.n - a.n)) {
      const dropped = this.#dropOldest(coll, n, Math.max(0, surplus), nowMs);
      if (dropped > 0) return true;
      surplus = 0;
    }
    return false;
  }

  /** @returns how many rows went */
  #dropOldest(collection: string, rows: number, surplus: number, nowMs: number): number {
    const old = Math.max(0, rows - this.#limits.logRowsMin);
    const droppable = Math.min(sliceRows, Math.max(old, surplus));
    if (droppable === 0) return 0;
    let boundary = 0;
    let taken = 0;
    for (const row of this.#oldest.all(collection, droppable)) {
      const due = taken < old && Number(row['at']) <= nowMs - this.#limits.logAgeMs;
      if (!due && taken >= surplus) break;
      boundary = Number(row['rv']);
      taken++;
    }
    if (taken > 0) this.#drop(collection, boundary);
    return taken;
  }

  #drop(collection: string, boundary: number): void {
    const database = this.#database;
    database.exec('BEGIN IMMEDIATE');
    try {
      database
        .prepare('INSERT INTO floor VALUES (?, ?) ON CONFLICT DO UPDATE SET rv = excluded.rv')
        .run(collection, boundary);
      database.prepare('DELETE FROM log WHERE coll = ? AND rv <= ?').run(collection, boundary);
      database.exec('COMMIT; PRAGMA incremental_vacuum(256)');
    } catch (thrown) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw thrown;
    }
    this.#floors.set(collection, boundary);
  }
}
