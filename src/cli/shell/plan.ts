/**
 * How the statements of a script become requests.
 *
 * Statements are sent many at a time, in transactions that nobody asked for: when one fails, none
 * of its batch happened, the ones before it are sent again, and the run has stopped at the first
 * error exactly. So nothing may share a batch that means something else inside a transaction.
 */

/** A statement and the line it begins on, counted from 1. */
export interface PlacedStatement {
  readonly sql: string;
  readonly line: number;
}

/** One request to make. */
export type PlannedRequest =
  /** Statements that stand by themselves and are sent together for speed. */
  | { readonly kind: 'batch'; readonly statements: readonly PlacedStatement[] }
  /** A statement that must not be inside a transaction. */
  | { readonly kind: 'alone'; readonly statement: PlacedStatement }
  /** What the script itself put between BEGIN and COMMIT. */
  | {
      readonly kind: 'transaction';
      readonly begin: PlacedStatement;
      readonly statements: readonly PlacedStatement[];
    };

/** A script that cannot be run as it is, and where. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** What a statement means for the plan. */
export type StatementRole = 'write' | 'read' | 'alone' | 'begin' | 'commit' | 'rollback';

/** The cost of a request vanishes in so many, and progress still shows. */
const STATEMENTS_MAX = 500;
/** UTF-16 units of SQL in one batch. */
const LENGTH_MAX = 256 * 1024;
/** Rows come back in one answer, so fewer reads share a request. */
const READS_MAX = 50;

/** Statements that mean something else, or nothing, inside a transaction. */
const ALONE = new Set(['pragma', 'vacuum', 'attach', 'detach', 'savepoint', 'release']);
const READS = new Set(['select', 'values', 'explain']);

/** Takes statements in order and gives requests, in order. */
export class ScriptPlan {
  #batch: PlacedStatement[] = [];
  #length = 0;
  #reads = 0;
  #begin: PlacedStatement | null = null;
  #transaction: PlacedStatement[] = [];

  /** The BEGIN that waits for its COMMIT; null outside a transaction. */
  get begin(): PlacedStatement | null {
    return this.#begin;
  }

  /**
   * Takes the next statement; returns the requests that are now due.
   *
   * @throws {ScriptError} when a BEGIN or COMMIT has no partner
   */
  add(statement: PlacedStatement): readonly PlannedRequest[] {
    const role = roleOf(statement.sql);
    if (this.#begin !== null) return this.#addInside(this.#begin, statement, role);
    switch (role) {
      case 'begin':
        this.#begin = statement;
        return this.flush();
      case 'commit':
      case 'rollback':
        throw new ScriptError(statement.line, 'no transaction is active');
      case 'alone':
        return [...this.flush(), { kind: 'alone', statement }];
      case 'read':
      case 'write':
        return this.#addToBatch(statement, role);
    }
  }

  /** The requests that are due although more could still join them. */
  flush(): readonly PlannedRequest[] {
    if (this.#batch.length === 0) return [];
    const statements = this.#batch;
    this.#batch = [];
    this.#length = 0;
    this.#reads = 0;
    return [{ kind: 'batch', statements }];
  }

  /** Forgets a transaction that was begun; nothing of it was sent. */
  abandon(): void {
    this.#begin = null;
    this.#transaction = [];
  }

  /**
   * Ends the script.
   *
   * @throws {ScriptError} when a transaction is still waiting for its COMMIT
   */
  finish(): readonly PlannedRequest[] {
    if (this.#begin === null) return this.flush();
    throw new ScriptError(
      this.#begin.line,
      'this transaction has no COMMIT, so none of its statements were sent',
    );
  }

  #addInside(
    begin: PlacedStatement,
    statement: PlacedStatement,
    role: StatementRole,
  ): readonly PlannedRequest[] {
    const statements = this.#transaction;
    switch (role) {
      case 'begin':
        throw new ScriptError(
          statement.line,
          `cannot start a transaction within the one of line ${begin.line}`,
        );
      case 'commit':
        this.abandon();
        return statements.length === 0 ? [] : [{ kind: 'transaction', begin, statements }];
      case 'rollback':
        this.abandon();
        return [];
      case 'alone':
      case 'read':
      case 'write':
        statements.push(statement);
        return [];
    }
  }

  #addToBatch(statement: PlacedStatement, role: 'read' | 'write'): readonly PlannedRequest[] {
    const due = this.#length + statement.sql.length > LENGTH_MAX ? this.flush() : [];
    this.#batch.push(statement);
    this.#length += statement.sql.length;
    if (role === 'read') this.#reads++;
    const full = this.#batch.length >= STATEMENTS_MAX || this.#reads >= READS_MAX;
    return full ? [...due, ...this.flush()] : due;
  }
}

/** What a statement, without white space or comments before it, means for the plan. */
export function roleOf(sql: string): StatementRole {
  const word = /^[A-Za-z]+/.exec(sql);
  const first = word?.[0].toLowerCase() ?? '';
  if (first === 'begin') return 'begin';
  if (first === 'commit' || first === 'end') return 'commit';
  // ROLLBACK TO a savepoint leaves the transaction open.
  if (first === 'rollback') return /\bto\b/i.test(sql) ? 'alone' : 'rollback';
  if (ALONE.has(first)) return 'alone';
  return READS.has(first) ? 'read' : 'write';
}
