import type { Connection, PreparedStatement } from './driver.ts';
import { COUNT_TABLE, SCRATCH_TABLE } from './internal.ts';

/**
 * Gives a connection the values of `last_insert_rowid()` and `changes()` that it would have, had it
 * executed every entry itself: after opening, after a range was rolled back, and after our own
 * bookkeeping counted as a change. Works on TEMP tables, which no user can see or name.
 */
export class ConnectionNumbers {
  readonly #clear: PreparedStatement;
  readonly #insert: PreparedStatement;
  readonly #uncount: PreparedStatement;
  readonly #count: PreparedStatement;

  constructor(connection: Connection) {
    connection.exec(
      `CREATE TEMP TABLE ${SCRATCH_TABLE}(n);
       CREATE TEMP TABLE ${COUNT_TABLE}(n INTEGER PRIMARY KEY) WITHOUT ROWID`,
    );
    this.#clear = connection.prepare(`DELETE FROM temp.${SCRATCH_TABLE}`);
    this.#insert = connection.prepare(`INSERT INTO temp.${SCRATCH_TABLE}(rowid) VALUES (?)`);
    this.#uncount = connection.prepare(`DELETE FROM temp.${COUNT_TABLE}`);
    // A table WITHOUT ROWID leaves last_insert_rowid() alone.
    this.#count = connection.prepare(
      `INSERT INTO temp.${COUNT_TABLE}
       WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < ?1)
       SELECT n FROM counter WHERE n <= ?1`,
    );
  }

  /** From here on `last_insert_rowid()` is `rowid`; `changes()` becomes anything. */
  setLastInsertRowid(rowid: bigint): void {
    this.#clear.run();
    this.#insert.run(rowid);
  }

  /** From here on `changes()` is `changes`; costs as much as inserting that many small rows. */
  setChanges(changes: bigint): void {
    this.#uncount.run();
    this.#count.run(changes);
    // Emptying it would count again; the rows stay until the next time.
  }
}
