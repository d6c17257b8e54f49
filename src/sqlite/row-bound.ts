/**
 * Whether all rows of a statement may be fetched in one call. That takes half the time of fetching
 * them one by one, but it cannot be stopped: rows pile up in native code, beyond every limit of the
 * heap, until the statement ends. A statement that gives ten rows for one parameter may give ten
 * million for the next.
 */

import type { Connection, PreparedStatement } from './driver.ts';
import type { Part } from './program.ts';

/** Rows that are fetched at once without a thought. */
const SMALL_ROWS = 4_096;

/** `… LIMIT 100` at the end belongs to the whole statement; up to 9,999 rows are few. */
const LITERAL_LIMIT = /\blimit\s+\d{1,4}\s*;?$/i;

/** Instructions by which a program comes to more than one row. */
const LOOPS = new Set(['Next', 'Prev', 'VNext', 'SorterNext', 'Yield', 'Gosub', 'RowSetRead']);

/** What is known of how many rows statements give. */
export class RowBounds {
  readonly #connection: Connection;
  /** Bounded whatever its parameters are. */
  readonly #bounded = new WeakMap<PreparedStatement, boolean>();
  /** Most rows that a statement without parameters gave; it changes only with the content. */
  readonly #seen = new WeakMap<PreparedStatement, number>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether `statement`, prepared for `part`, may be fetched at once. */
  isSmall(part: Part, statement: PreparedStatement): boolean {
    const bounded = this.#bounded.get(statement);
    if (bounded === true) return true;
    if (bounded === undefined) {
      const isBounded = this.#isBounded(part);
      this.#bounded.set(statement, isBounded);
      return isBounded;
    }
    return part.names.length === 0 && (this.#seen.get(statement) ?? Infinity) <= SMALL_ROWS;
  }

  /** `statement` gave this many rows. */
  saw(statement: PreparedStatement, rows: number): void {
    const most = this.#seen.get(statement) ?? 0;
    if (rows >= most) this.#seen.set(statement, rows);
  }

  #isBounded({ text, names, class: { verb } }: Part): boolean {
    if (LITERAL_LIMIT.test(text)) return true;
    // Not worth asking for a text that will never be seen again, as most without parameters.
    if (names.length === 0 || verb !== 'select') return false;
    const program = this.#connection.prepare(`EXPLAIN ${text}`).all();
    return program.every(([, instruction]) => !LOOPS.has(String(instruction)));
  }
}
