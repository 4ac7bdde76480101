/** Every SQL statement of the store, prepared once, with typed rows. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ChangeType } from './change.ts';
import type { Body } from './sealing/sealer.ts';

/** A row of the change log. */
export interface LogRow {
  readonly rv: number;
  readonly coll: string;
  readonly ns: string;
  readonly name: string;
  readonly op: ChangeType;
  readonly body: Body;
  readonly prev_rv: number | null;
  readonly prev: Body | null;
}

export interface KeyRow {
  readonly coll: string;
  readonly ns: string;
  readonly name: string;
  readonly rv: number;
  readonly bytes: number;
}

export class Statements {
  readonly #database: DatabaseSync;
  readonly #putObject: StatementSync;
  readonly #deleteObject: StatementSync;
  readonly #appendLog: StatementSync;
  readonly #setRevision: StatementSync;
  readonly #body: StatementSync;
  readonly #changes: StatementSync;
  readonly #firstChanges: StatementSync;
  readonly #expired: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    const prepare = (sql: string): StatementSync => database.prepare(sql);
    this.#putObject = prepare(
      `INSERT INTO obj (coll, ns, name, rv, at, body) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET rv = excluded.rv, at = excluded.at, body = excluded.body`,
    );
    this.#deleteObject = prepare('DELETE FROM obj WHERE coll = ? AND ns = ? AND name = ?');
    this.#appendLog = prepare(
      `INSERT INTO log (rv, at, coll, ns, name, op, body, prev_rv, prev) VALUES
       (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
        (SELECT body FROM obj WHERE coll = ?3 AND ns = ?4 AND name = ?5))`,
    );
    this.#setRevision = prepare("UPDATE meta SET v = ? WHERE k = 'revision'");
    this.#body = prepare('SELECT body FROM obj WHERE coll = ? AND ns = ? AND name = ?');
    this.#changes = prepare('SELECT * FROM log WHERE coll = ? AND rv > ? ORDER BY rv LIMIT ?');
    // With min() the bare columns come from the row that holds the minimum.
    this.#firstChanges = prepare(
      `SELECT min(rv) AS rv, coll, ns, name, op, prev_rv, prev, '' AS body
       FROM log WHERE coll = ? AND rv > ? GROUP BY ns, name`,
    );
    this.#expired = prepare(
      'SELECT ns, name, rv FROM obj WHERE coll = ? AND at < ? ORDER BY ns, name LIMIT ?',
    );
  }

  begin(): void {
    this.#database.exec('BEGIN IMMEDIATE');
  }

  commit(): void {
    this.#database.exec('COMMIT');
  }

  /** SQLite rolls back by itself on some faults; then there is nothing left to do. */
  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  appendLog(row: Omit<LogRow, 'prev'> & { readonly at: number }): void {
    const { rv, at, coll, ns, name, op, body, prev_rv } = row;
    this.#appendLog.run(rv, at, coll, ns, name, op, body, prev_rv);
  }

  putObject(coll: string, ns: string, name: string, rv: number, at: number, body: Body): void {
    this.#putObject.run(coll, ns, name, rv, at, body);
  }

  deleteObject(coll: string, ns: string, name: string): void {
    this.#deleteObject.run(coll, ns, name);
  }

  setRevision(revision: number): void {
    this.#setRevision.run(revision);
  }

  revision(): number {
    const row = this.#database.prepare("SELECT v FROM meta WHERE k = 'revision'").get();
    return Number(row?.['v']);
  }

  body(coll: string, ns: string, name: string): Body | undefined {
    const row = this.#body.get(coll, ns, name) as { readonly body: Body } | undefined;
    return row?.body;
  }

  keys(): Iterable<KeyRow> {
    const sql = 'SELECT coll, ns, name, rv, length(body) AS bytes FROM obj ORDER BY coll, ns, name';
    return this.#database.prepare(sql).iterate() as unknown as Iterable<KeyRow>;
  }

  changes(coll: string, after: number, limit: number): LogRow[] {
    return this.#changes.all(coll, after, limit) as unknown as LogRow[];
  }

  /** For every object changed after the revision, the first such change. */
  firstChanges(coll: string, after: number): LogRow[] {
    return this.#firstChanges.all(coll, after) as unknown as LogRow[];
  }

  expired(
    coll: string,
    before: number,
    limit: number,
  ): { readonly ns: string; readonly name: string; readonly rv: number }[] {
    return this.#expired.all(coll, before, limit) as unknown as {
      ns: string;
      name: string;
      rv: number;
    }[];
  }
}
