import type { TransactionStatement } from '../sql/transaction.ts';
import { GENERIC_ERROR, type StatementError, statementErrorOf } from './errors.ts';
import type { Session } from './session.ts';

/** Everything that a user's statements opened lies inside this savepoint. */
const OUTER = '__quorlite_scope';

/**
 * A user's BEGIN, COMMIT, ROLLBACK and savepoints inside one entry. The connection is shared and
 * always inside a transaction of ours, so none of them reaches SQLite as it is: what BEGIN or the
 * first SAVEPOINT opens is a savepoint, and nothing of it outlives the entry.
 */
export class UserTransaction {
  readonly #session: Session;
  #began = false;
  /** Names of open savepoints, folded, the innermost last. */
  #savepoints: string[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  /** Whether statements are being gathered that may yet be taken back. */
  get isOpen(): boolean {
    return this.#began || this.#savepoints.length > 0;
  }

  /**
   * Carries out `statement`; null when that worked. In an entry that is a transaction by itself
   * (`inTransaction`) only savepoints make sense.
   */
  run(statement: TransactionStatement, inTransaction: boolean): StatementError | null {
    switch (statement.verb) {
      case 'begin':
        if (inTransaction || this.isOpen)
          return refused('cannot start a transaction within a transaction');
        this.#open();
        this.#began = true;
        return null;
      case 'commit':
        if (!this.isOpen) return refused('cannot commit - no transaction is active');
        if (inTransaction) return refused('cannot commit - the request is a transaction itself');
        this.release();
        return null;
      case 'rollback':
        if (statement.savepoint !== null) return this.#rollbackTo(statement.savepoint);
        if (!this.isOpen) return refused('cannot rollback - no transaction is active');
        if (inTransaction) return refused('cannot rollback - the request is a transaction itself');
        this.rollback();
        return null;
      case 'savepoint':
        return this.#savepoint(statement.savepoint);
      case 'release':
        return this.#release(statement.savepoint);
    }
  }

  /** Keeps everything. */
  release(): void {
    if (this.isOpen) this.#exec(`RELEASE ${OUTER}`);
    this.forget();
  }

  /** Takes everything back. */
  rollback(): void {
    if (this.isOpen) {
      this.#exec(`ROLLBACK TO ${OUTER}`);
      this.#exec(`RELEASE ${OUTER}`);
      this.#session.partlyRolledBack();
    }
    this.forget();
  }

  /** SQLite has taken everything back by itself. */
  forget(): void {
    this.#began = false;
    this.#savepoints = [];
  }

  #open(): void {
    this.#exec(`SAVEPOINT ${OUTER}`);
  }

  #savepoint(name: string): null {
    if (!this.isOpen) this.#open();
    this.#exec(`SAVEPOINT ${quote(name)}`);
    this.#savepoints.push(name.toLowerCase());
    return null;
  }

  #release(name: string): StatementError | null {
    const error = this.#try(`RELEASE ${quote(name)}`);
    if (error !== null) return error;
    this.#savepoints.length = this.#savepoints.lastIndexOf(name.toLowerCase());
    // The outermost savepoint without BEGIN is a transaction, and releasing it the COMMIT.
    if (!this.isOpen) this.#exec(`RELEASE ${OUTER}`);
    return null;
  }

  #rollbackTo(name: string): StatementError | null {
    const error = this.#try(`ROLLBACK TO ${quote(name)}`);
    if (error !== null) return error;
    this.#savepoints.length = this.#savepoints.lastIndexOf(name.toLowerCase()) + 1;
    this.#session.partlyRolledBack();
    return null;
  }

  #try(sql: string): StatementError | null {
    try {
      this.#exec(sql);
      return null;
    } catch (cause) {
      return statementErrorOf(cause);
    }
  }

  #exec(sql: string): void {
    this.#session.connection.exec(sql);
  }
}

function refused(message: string): StatementError {
  return { code: GENERIC_ERROR, message };
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
