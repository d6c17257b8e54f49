/**
 * The writer's connection and everything that lives as long as it: overridden functions, prepared
 * programs, the state row, and what must be known about the schema.
 *
 * Invariants, between calls of the machine:
 * - no transaction is open, and `state` is what the state row holds;
 * - the connection's settings are those of `state`.
 */

import { assert } from '../base/assert.ts';
import { Guard } from './authorizer.ts';
import { Determinism } from './determinism.ts';
import { type Connection, openWriter, type PreparedStatement, type RawChanges } from './driver.ts';
import { ProgramCache } from './program.ts';
import { ConnectionNumbers } from './seed.ts';
import { type State, StateTable } from './state.ts';

/** What decides how statements must be applied. */
interface SchemaFacts {
  /** A foreign key may be checked at COMMIT only. */
  readonly deferredKeys: boolean;
  /** A failing statement may leave part of its work: ON CONFLICT FAIL, RAISE(FAIL). */
  readonly mayFail: boolean;
  /** The planner has statistics. */
  readonly statistics: boolean;
  /** Something writes tables behind SQLite's back. */
  readonly virtualTables: boolean;
}

const SELECT_FACTS = `
  SELECT coalesce(max(sql LIKE '%deferred%'), 0), coalesce(max(sql LIKE '%fail%'), 0),
         coalesce(max(name = 'sqlite_stat1'), 0),
         coalesce(max(type = 'table' AND rootpage = 0), 0) FROM sqlite_schema`;

const FLUSH = 'SAVEPOINT __quorlite_flush; RELEASE __quorlite_flush';

/** One open connection of the writer. */
export class Session {
  readonly connection: Connection;
  readonly guard: Guard;
  readonly determinism: Determinism;
  readonly programs: ProgramCache = new ProgramCache();
  readonly state: State;
  /** Counts states of the schema; what was prepared for another one is not used. */
  schema = 1;
  #schemaChanged = false;
  #statisticsChanged = false;
  #facts: SchemaFacts;
  readonly #committed: State;
  readonly #table: StateTable;
  readonly #numbers: ConnectionNumbers;
  readonly #begin: PreparedStatement;
  readonly #commit: PreparedStatement;
  readonly #raw: PreparedStatement;

  constructor(path: string, image: Uint8Array | null = null) {
    this.connection = openWriter(path);
    if (image !== null) this.connection.deserialize(image);
    this.guard = new Guard(this.connection);
    this.determinism = new Determinism(this.connection);
    this.#table = new StateTable(this.connection);
    this.#numbers = new ConnectionNumbers(this.connection);
    this.#begin = this.connection.prepare('BEGIN IMMEDIATE');
    this.#commit = this.connection.prepare('COMMIT');
    this.#raw = this.connection.prepare('SELECT 1 WHERE 0');
    this.state = this.#table.load();
    this.#committed = { ...this.state };
    this.#facts = this.#readFacts();
    this.#restoreConnection();
  }

  /** Whether each statement needs a transaction of its own, so that COMMIT blames the right one. */
  get checksAtCommit(): boolean {
    return this.state.foreignKeys && this.#facts.deferredKeys;
  }

  /** Whether a statement that fails may leave part of its work behind. */
  get mayFail(): boolean {
    return this.#facts.mayFail;
  }

  begin(): void {
    this.#begin.run();
  }

  /** Ends the transaction with the state row in it. */
  commit(): void {
    this.#table.save(this.state);
    this.#commit.run();
    Object.assign(this.#committed, this.state);
    this.#schemaChanged = false;
    this.#statisticsChanged = false;
  }

  /** Goes back to the last commit, wherever the transaction is or whether there still is one. */
  rollback(): void {
    if (this.connection.isTransaction) this.connection.exec('ROLLBACK');
    Object.assign(this.state, this.#committed);
    this.#table.forget();
    this.partlyRolledBack();
    this.#schemaChanged = false;
    this.#statisticsChanged = false;
    this.#restoreConnection();
  }

  /** The connection's own numbers; reading them changes nothing. */
  raw(): RawChanges {
    return this.#raw.run();
  }

  /**
   * Before a statement: gives the connection its numbers back where something of ours changed them.
   * The state row counts as a change; a virtual table writes its own tables at savepoints and
   * commits, and so moves `last_insert_rowid()` at places that depend on how entries are grouped.
   */
  freshen(uses: { readonly changes: boolean; readonly lastInsertRowid: boolean }): void {
    if (!uses.changes && !uses.lastInsertRowid && !this.#facts.virtualTables) return;
    const raw = this.raw();
    if (raw.lastInsertRowid !== this.state.lastInsertRowid)
      this.#numbers.setLastInsertRowid(this.state.lastInsertRowid);
    else if (raw.changes === this.state.changes) return;
    if (uses.changes) this.#numbers.setChanges(this.state.changes);
  }

  /** A write was executed, or failed; `counts` when it is of the kind that `changes()` counts. */
  wrote({ changes, lastInsertRowid }: RawChanges, counts: boolean): void {
    this.state.lastInsertRowid = lastInsertRowid;
    if (!counts) return;
    this.state.changes = changes;
    this.state.totalChanges += changes;
    this.determinism.totalChanges = this.state.totalChanges;
  }

  /** Takes numbers over that a statement had when it was executed before. */
  recall(changes: bigint, lastInsertRowid: bigint): void {
    this.state.changes = changes;
    this.state.lastInsertRowid = lastInsertRowid;
    this.#numbers.setLastInsertRowid(lastInsertRowid);
  }

  /** A statement changed the schema. */
  changedSchema(): void {
    this.#schemaChanged = true;
    this.#refresh();
  }

  /** A statement wrote the planner's statistics as a table. */
  changedStatistics(): void {
    this.#statisticsChanged = true;
    this.#reloadStatistics();
  }

  /** Some of the transaction was taken back, by a savepoint or whole. */
  partlyRolledBack(): void {
    if (this.#schemaChanged) this.#refresh();
    else if (this.#statisticsChanged) this.#reloadStatistics();
  }

  /**
   * An entry ends. FTS tables gather rows in memory and write an index segment when a savepoint
   * begins or the transaction ends: without this their shadow tables would depend on how entries
   * are grouped.
   */
  endEntry(): void {
    if (this.#facts.virtualTables) this.connection.exec(FLUSH);
  }

  /** Runs what SQLite refuses inside a transaction; the one before is committed. */
  outsideTransaction(run: () => void): void {
    this.commit();
    try {
      run();
    } finally {
      this.begin();
    }
  }

  /** VACUUM made the connection forget what it knew. */
  vacuumed(): void {
    this.#numbers.setLastInsertRowid(this.state.lastInsertRowid);
    this.schema++;
  }

  /** Makes the connection work as `state` says; outside a transaction. */
  applySettings(): void {
    assert(!this.connection.isTransaction, () => 'Cannot set foreign_keys inside a transaction');
    const { foreignKeys, recursiveTriggers } = this.state;
    this.connection.exec(
      `PRAGMA foreign_keys=${foreignKeys ? 'ON' : 'OFF'};
       PRAGMA recursive_triggers=${recursiveTriggers ? 'ON' : 'OFF'}`,
    );
  }

  close(): void {
    this.programs.clear();
    this.determinism.close();
    this.connection.close();
  }

  #restoreConnection(): void {
    this.applySettings();
    this.#numbers.setLastInsertRowid(this.state.lastInsertRowid);
    this.determinism.totalChanges = this.state.totalChanges;
  }

  #refresh(): void {
    this.schema++;
    this.#facts = this.#readFacts();
    this.#reloadStatistics();
  }

  /**
   * SQLite reads statistics when it opens a database and after ANALYZE, not when their tables are
   * written: a node that was restarted would plan differently, and so might change other rows, or
   * the same in another order. This makes every node read them at the same places.
   */
  #reloadStatistics(): void {
    if (!this.#facts.statistics) return;
    this.connection.exec('ANALYZE sqlite_schema');
  }

  #readFacts(): SchemaFacts {
    const row = this.connection.prepare(SELECT_FACTS).get();
    return {
      deferredKeys: row?.[0] === 1n,
      mayFail: row?.[1] === 1n,
      statistics: row?.[2] === 1n,
      virtualTables: row?.[3] === 1n,
    };
  }
}
