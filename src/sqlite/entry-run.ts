/**
 * Applies one entry, statement by statement. Statements are counted through the whole entry
 * (*ordinals*), whatever texts they stand in: a place to resume after a crash or a restart.
 */

import type { Statement, StatementsCommand } from '../command/command.ts';
import type { ResultWriter } from '../result/writer.ts';
import { pragmaBoolean } from '../sql/pragma.ts';
import type { StatementClass } from '../sql/statement-class.ts';
import { GENERIC_ERROR, type StatementError, statementErrorOf } from './errors.ts';
import { type Execution, type Executor, pragmaText, TransactionLost } from './executor.ts';
import type { Part } from './program.ts';
import type { Session } from './session.ts';
import { UserTransaction } from './user-transaction.ts';

/** The savepoint around an entry that is all or nothing. */
const ENTRY = '__quorlite_entry';

/** The outcome of a statement that must not be executed again, and the numbers it left. */
export interface Skip {
  readonly error: StatementError;
  readonly changes: bigint;
  readonly lastInsertRowid: bigint;
}

/** Everything since the last commit must be applied again, knowing what was found. */
export class Restart extends Error {
  override readonly name = 'Restart';
  /** Null: the entry needs transactions of its own. */
  readonly skip: { readonly ordinal: number; readonly skip: Skip } | null;

  constructor(skip: Restart['skip']) {
    super('The range must be applied again');
    this.skip = skip;
  }
}

/** What an entry needs of the range that it is part of. */
export interface EntryPort {
  /** What is known of a statement of the entry under way from a run before. */
  skipOf(ordinal: number): Skip | undefined;
  /** Commits with the entry under way done up to, but without, `ordinal`. */
  commitUnit(ordinal: number): void;
}

/** One entry under way. */
export class EntryRun {
  readonly writer: ResultWriter | null;
  readonly #command: StatementsCommand;
  readonly #session: Session;
  readonly #executor: Executor;
  readonly #port: EntryPort;
  readonly #timings: boolean;
  readonly #transaction: UserTransaction;
  /** Each statement that no transaction holds is committed by itself. */
  #isolated: boolean;
  /** Ordinal of the next statement. */
  #ordinal: number;
  /** Where the user's transaction began: its ordinal, and the length of the results before. */
  #opened = { ordinal: 0, length: 0 };
  #stopped = false;

  constructor(options: {
    readonly command: StatementsCommand;
    readonly session: Session;
    readonly executor: Executor;
    readonly port: EntryPort;
    readonly writer: ResultWriter | null;
    readonly timings: boolean;
    readonly isolated: boolean;
    /** Statements that are in the content already. */
    readonly done: number;
  }) {
    this.writer = options.writer;
    this.#command = options.command;
    this.#session = options.session;
    this.#executor = options.executor;
    this.#port = options.port;
    this.#timings = options.timings;
    this.#isolated = options.isolated;
    this.#ordinal = options.done;
    this.#transaction = new UserTransaction(options.session);
  }

  /** Ordinal of the next statement. */
  get ordinal(): number {
    return this.#ordinal;
  }

  /** Goes back to a place where the range was committed. */
  rewind(to: {
    readonly ordinal: number;
    readonly length: number;
    readonly isolated: boolean;
  }): void {
    this.#ordinal = to.ordinal;
    this.#isolated = to.isolated;
    this.writer?.rewind(to.length);
    this.#transaction.forget();
    this.#stopped = false;
  }

  /** Applies what is left of the entry. */
  run(): void {
    const { clockMs, seed, statements } = this.#command;
    this.#session.determinism.beginEntry(clockMs, seed);
    const hasSavepoint = this.#needsSavepoint();
    if (hasSavepoint) this.#session.connection.exec(`SAVEPOINT ${ENTRY}`);
    let ordinal = 0;
    for (const statement of statements) {
      const program = this.#session.programs.get(statement.sql);
      let start = 0;
      for (const part of program) {
        if (ordinal >= this.#ordinal) this.#step(part, statement, start);
        if (this.#stopped) break;
        ordinal++;
        start += part.names.length;
      }
      if (this.#stopped) break;
    }
    if (hasSavepoint) this.#endSavepoint();
    else this.#endTransaction();
  }

  #needsSavepoint(): boolean {
    const { transaction, statements } = this.#command;
    if (!transaction) return false;
    const [first] = statements;
    if (first === undefined) return false;
    // A single statement is atomic by itself, unless it may FAIL and leave what it did so far.
    return (
      statements.length > 1 ||
      this.#session.mayFail ||
      /fail/i.test(first.sql) ||
      this.#session.programs.get(first.sql).length > 1
    );
  }

  #endSavepoint(): void {
    const { connection } = this.#session;
    if (this.#stopped) {
      connection.exec(`ROLLBACK TO ${ENTRY}`);
      this.#session.partlyRolledBack();
    }
    connection.exec(`RELEASE ${ENTRY}`);
    this.#transaction.forget();
  }

  /** What is still open when the entry ends would reach into the entries of others. */
  #endTransaction(): void {
    if (!this.#transaction.isOpen) return;
    if (this.#command.transaction) {
      this.#transaction.release();
      return;
    }
    this.#transaction.rollback();
    this.writer?.rewind(this.#opened.length);
    const code = GENERIC_ERROR;
    const opening =
      'Cannot leave a transaction open at the end of a request: it was rolled back; ' +
      'send BEGIN and COMMIT together, or ask for a transaction with the request';
    const message = 'rolled back: the transaction was left open at the end of the request';
    this.#executor.writeError(this.writer, { code, message: opening }, false);
    for (let at = this.#opened.ordinal + 1; at < this.#ordinal; at++)
      this.#executor.writeError(this.writer, { code, message }, false);
  }

  /** One statement, its result, and the commit after it where there must be one. */
  #step(part: Part, statement: Statement, start: number): void {
    const ordinal = this.#ordinal;
    const fromRead = part.class.kind === 'read';
    const error = this.#execute(part, statement, start);
    if (error !== null) this.#executor.writeError(this.writer, error, fromRead);
    this.#ordinal = ordinal + 1;
    if (this.#command.transaction) {
      this.#stopped = error !== null;
      return;
    }
    if (this.#session.checksAtCommit && !this.#isolated) throw new Restart(null);
    if (this.#isolated && !this.#transaction.isOpen) this.#port.commitUnit(this.#ordinal);
  }

  #execute(part: Part, statement: Statement, start: number): StatementError | null {
    if (part.refusal !== null) return { code: GENERIC_ERROR, message: part.refusal };
    const skip = this.#port.skipOf(this.#ordinal);
    if (skip !== undefined) return this.#skip(skip);
    const { class: statementClass } = part;
    if (statementClass.kind === 'transaction') return this.#control(statementClass);
    if (statementClass.kind === 'write') {
      const { pragma } = statementClass;
      if (statementClass.verb === 'vacuum') return this.#vacuum(part);
      if (pragma?.use === 'setting') return this.#set(pragma.name, pragma.value ?? '');
      if (pragma?.use === 'scoped') return this.#defer(pragma.name, pragma.value ?? '');
    }
    return this.#native({
      part,
      statement,
      start,
      ordinal: this.#ordinal,
      rows: this.#command.rows,
      writer: this.writer,
      timings: this.#timings,
    });
  }

  #native(execution: Execution): StatementError | null {
    try {
      const error = this.#executor.execute(execution);
      if (this.#command.transaction && this.#session.checksAtCommit && !this.#isolated)
        throw new Restart(null);
      return error;
    } catch (cause) {
      if (!(cause instanceof TransactionLost)) throw cause;
      const { changes, lastInsertRowid } = this.#session.state;
      const skip = { error: cause.error, changes, lastInsertRowid };
      throw new Restart({ ordinal: this.#ordinal, skip });
    }
  }

  /** SQLite took the whole transaction back at this statement: so does the one it was part of. */
  #skip(skip: Skip): StatementError {
    this.#session.recall(skip.changes, skip.lastInsertRowid);
    if (!this.#command.transaction) this.#transaction.rollback();
    return skip.error;
  }

  #control(
    statementClass: StatementClass & { readonly kind: 'transaction' },
  ): StatementError | null {
    const wasOpen = this.#transaction.isOpen;
    const length = this.writer?.length ?? 0;
    const error = this.#transaction.run(statementClass.transaction, this.#command.transaction);
    if (!wasOpen && this.#transaction.isOpen) this.#opened = { ordinal: this.#ordinal, length };
    if (error === null) this.#executor.writeChanges(this.writer, 0);
    return error;
  }

  /** SQLite refuses it inside a transaction, so ours ends before and another begins after it. */
  #vacuum(part: Part): StatementError | null {
    if (this.#command.transaction || this.#transaction.isOpen)
      return { code: GENERIC_ERROR, message: 'cannot VACUUM from within a transaction' };
    this.#port.commitUnit(this.#ordinal);
    let error: StatementError | null = null;
    this.#session.outsideTransaction(() => {
      try {
        this.#session.connection.exec(part.text);
      } catch (cause) {
        error = statementErrorOf(cause);
      }
      this.#session.vacuumed();
    });
    if (error === null) this.#executor.writeChanges(this.writer, 0);
    return error;
  }

  /** A setting of every connection from now on; inside a transaction SQLite ignores it. */
  #set(name: string, value: string): StatementError | null {
    if (!this.#command.transaction && !this.#transaction.isOpen) {
      const { state } = this.#session;
      const isOn = pragmaBoolean(value);
      this.#port.commitUnit(this.#ordinal);
      this.#session.outsideTransaction(() => {
        if (name === 'foreign_keys') state.foreignKeys = isOn;
        else state.recursiveTriggers = isOn;
        this.#session.applySettings();
      });
      this.#isolated ||= this.#session.checksAtCommit;
    }
    this.#executor.writeChanges(this.writer, 0);
    return null;
  }

  /** Constraints of this entry wait for COMMIT: it must be the entry's own. */
  #defer(name: string, value: string): StatementError | null {
    if (this.#session.state.foreignKeys && !this.#isolated) throw new Restart(null);
    this.#session.connection.exec(pragmaText(name, value));
    this.#executor.writeChanges(this.writer, 0);
    return null;
  }
}
