/**
 * Two kinds of errors. A *statement error* follows from the content and the statement: every node
 * meets it, it is a result like any other. An *environment error* is this node's own (disk, memory,
 * locks): to record it and go on would make this node differ from the others, so it ends the node.
 */

import { AssertionError } from '../base/assert.ts';
import { type ErrorCode, messageOf, QuorliteError } from '../base/errors.ts';

/** An error that every node meets at this statement. */
export interface StatementError {
  /** SQLite's extended result code; goes into the digest. */
  readonly code: number;
  readonly message: string;
}

/** SQLITE_ERROR: what we refuse ourselves has this code. */
export const GENERIC_ERROR = 1;
const FULL = 13;
/** A virtual table's complaint about its own content, as by FTS5's 'integrity-check'. */
const CORRUPT_VTAB = 267;
/** SQLITE_CONSTRAINT_FOREIGNKEY. */
export const FOREIGN_KEY_ERROR = 787;

/** Primary codes of https://www.sqlite.org/rescode.html that are about this node. */
const ENVIRONMENT: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [2, 'corrupt'], // INTERNAL
  [3, 'disk'], // PERM
  [5, 'locked'], // BUSY, after the timeout
  [7, 'disk'], // NOMEM
  [8, 'disk'], // READONLY
  [9, 'disk'], // INTERRUPT
  [10, 'disk'], // IOERR
  [11, 'corrupt'],
  [FULL, 'disk-full'],
  [14, 'disk'], // CANTOPEN
  [15, 'locked'], // PROTOCOL
  [17, 'locked'], // SCHEMA, after many tries
  [22, 'disk'], // NOLFS
  [26, 'corrupt'], // NOTADB
]);

/** What our own functions throw when SQLite's would fail: becomes the statement's error. */
export class FunctionFailure extends Error {
  override readonly name = 'FunctionFailure';
  readonly errcode: number;

  constructor(errcode: number, message: string) {
    super(message);
    this.errcode = errcode;
  }
}

/**
 * The statement error that `cause` is.
 *
 * @throws {QuorliteError} for an environment error
 * @throws {AssertionError} for what is no error of SQLite's: a mistake of ours
 */
export function statementErrorOf(cause: unknown): StatementError {
  const code = codeOf(cause);
  if (code === null) {
    if (cause instanceof QuorliteError) throw cause;
    throw new AssertionError(`Cannot execute a statement: ${messageOf(cause)}`);
  }
  const environment = code === CORRUPT_VTAB ? undefined : ENVIRONMENT.get(code & 0xff);
  if (environment !== undefined) throw environmentError(environment, code, cause);
  return { code, message: messageOf(cause) };
}

/** Whether SQLite says that there is no space; AUTOINCREMENT at its end says so too. */
export function isFull(cause: unknown): boolean {
  return ((codeOf(cause) ?? 0) & 0xff) === FULL;
}

/** Whether a constraint that waits for COMMIT was violated. */
export function isForeignKeyError(cause: unknown): boolean {
  return codeOf(cause) === FOREIGN_KEY_ERROR;
}

/** Turns whatever stopped the machine into an error that says so. */
export function fatalErrorOf(cause: unknown, attempted: string): Error {
  if (cause instanceof QuorliteError || cause instanceof AssertionError) return cause;
  const code = codeOf(cause);
  const environment = code === null ? undefined : ENVIRONMENT.get(code & 0xff);
  const message = `Cannot ${attempted}: ${messageOf(cause)}`;
  return new QuorliteError(environment ?? 'disk', message, { cause });
}

function environmentError(environment: ErrorCode, code: number, cause: unknown): QuorliteError {
  const message = `Cannot execute a statement: ${messageOf(cause)} (SQLite code ${code})`;
  return new QuorliteError(environment, message, { cause });
}

function codeOf(cause: unknown): number | null {
  if (!(cause instanceof Error) || !('errcode' in cause)) return null;
  return typeof cause.errcode === 'number' ? cause.errcode : null;
}
