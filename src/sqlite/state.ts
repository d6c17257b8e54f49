/**
 * What the database knows about itself, in one row that changes in the same transaction as the
 * content. (Lessons of etcd #13766 and #14685: an applied index anywhere else will be wrong.)
 */

import { QuorliteError } from '../base/errors.ts';
import type { Connection, PreparedStatement, Row } from './driver.ts';
import { STATE_TABLE } from './internal.ts';

/** Bumped when the row changes its meaning; a newer one is refused. */
const STATE_VERSION = 1;

/** The row, in memory. */
export interface State {
  /** Index of the last entry whose effects are all in the content. */
  applied: number;
  /** Rolling digest of all results so far. */
  digest: number;
  /** An entry that is partly in the content, or 0; see `done`. */
  entry: number;
  /** How many statements of `entry` are done. */
  done: number;
  /** What `last_insert_rowid()` says. */
  lastInsertRowid: bigint;
  /** What `changes()` says. */
  changes: bigint;
  /** What `total_changes()` says: changes of statements, without those of triggers. */
  totalChanges: bigint;
  foreignKeys: boolean;
  recursiveTriggers: boolean;
}

const CREATE = `CREATE TABLE IF NOT EXISTS ${STATE_TABLE}(
  id INTEGER PRIMARY KEY CHECK (id = 1), version, applied, digest, entry, done,
  last_insert_rowid, changes, total_changes, foreign_keys, recursive_triggers)`;

const COLUMNS =
  'version, applied, digest, entry, done, last_insert_rowid, changes, total_changes, ' +
  'foreign_keys, recursive_triggers';

/** Only the index, for readers. */
export const SELECT_APPLIED: string = `SELECT applied FROM ${STATE_TABLE}`;

/** Reads and writes the row. */
export class StateTable {
  readonly #hot: PreparedStatement;
  readonly #rare: PreparedStatement;
  readonly #select: PreparedStatement;
  /** What the row says of the rest, as one text. */
  #cold = '';

  /** Makes the table, with the state of an empty database, when there is none. */
  constructor(connection: Connection) {
    connection.exec(CREATE);
    connection.exec(
      `INSERT OR IGNORE INTO ${STATE_TABLE}(id, ${COLUMNS})
       VALUES (1, ${STATE_VERSION}, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
    );
    this.#select = connection.prepare(`SELECT ${COLUMNS} FROM ${STATE_TABLE}`);
    this.#hot = connection.prepare(
      `UPDATE ${STATE_TABLE} SET (applied, digest, last_insert_rowid, changes, total_changes) =
       (?, ?, ?, ?, ?)`,
    );
    this.#rare = connection.prepare(
      `UPDATE ${STATE_TABLE} SET (entry, done, foreign_keys, recursive_triggers) = (?, ?, ?, ?)`,
    );
  }

  load(): State {
    return stateOf(this.#select.get());
  }

  /** Changes `changes()` of the connection, and nothing else of it. */
  save(state: State): void {
    const { applied, digest, lastInsertRowid, changes, totalChanges } = state;
    // What nearly every commit changes, in a statement of its own: binding is most of the cost.
    this.#hot.run(BigInt(applied), BigInt(digest), lastInsertRowid, changes, totalChanges);
    const { entry, done, foreignKeys, recursiveTriggers } = state;
    const cold = `${entry}/${done}/${foreignKeys}/${recursiveTriggers}`;
    if (cold === this.#cold) return;
    const flags = [foreignKeys ? 1n : 0n, recursiveTriggers ? 1n : 0n];
    this.#rare.run(BigInt(entry), BigInt(done), ...flags);
    this.#cold = cold;
  }

  /** The transaction that `save` was called in may be gone. */
  forget(): void {
    this.#cold = '';
  }
}

/** The state in a database file that is not the writer's, such as a snapshot. */
export function readState(connection: Connection): State {
  return stateOf(connection.prepare(`SELECT ${COLUMNS} FROM ${STATE_TABLE}`).get());
}

function stateOf(row: Row | undefined): State {
  const at = (place: number): bigint => {
    const value = row?.[place];
    return typeof value === 'bigint' ? value : 0n;
  };
  if (at(0) !== BigInt(STATE_VERSION))
    throw new QuorliteError(
      'wrong-version',
      `Cannot open the database: its state has version ${at(0)}, this build reads ${STATE_VERSION}`,
    );
  return {
    applied: Number(at(1)),
    digest: Number(at(2)),
    entry: Number(at(3)),
    done: Number(at(4)),
    lastInsertRowid: at(5),
    changes: at(6),
    totalChanges: at(7),
    foreignKeys: at(8) === 1n,
    recursiveTriggers: at(9) === 1n,
  };
}
