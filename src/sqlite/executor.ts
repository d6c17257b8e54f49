import type { Statement } from '../command/command.ts';
import type { ResultWriter } from '../result/writer.ts';
import { pragmaBoolean } from '../sql/pragma.ts';
import { nothingObserved } from './authorizer.ts';
import { bind } from './bind.ts';
import { mix, mixInteger, mixRow } from './digest.ts';
import type { BoundValue, Row } from './driver.ts';
import { GENERIC_ERROR, isFull, type StatementError, statementErrorOf } from './errors.ts';
import type { Part, Preparation } from './program.ts';
import type { Session } from './session.ts';

/** Rows are encoded in pieces of this many. */
const PIECE_ROWS = 512;

/** Characters of results that one entry may give back; beyond it a result is an error instead. */
const RESULT_LENGTH_MAX = 67_108_864;

/** SQLite ended the whole transaction: what was in it must be applied again without this. */
export class TransactionLost extends Error {
  override readonly name = 'TransactionLost';
  readonly error: StatementError;

  constructor(error: StatementError) {
    super(`SQLite rolled the transaction back: ${error.message}`);
    this.error = error;
  }
}

/** One statement to execute. */
export interface Execution {
  readonly part: Part;
  readonly statement: Statement;
  /** The first positional value that is this part's. */
  readonly start: number;
  /** Its place in the entry. */
  readonly ordinal: number;
  /** A statement that reads returns its rows. */
  readonly rows: boolean;
  /** Null when nobody waits. */
  readonly writer: ResultWriter | null;
  /** Whether time is to be taken. */
  readonly timings: boolean;
}

/** Executes single statements on the writer's connection. */
export class Executor {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Executes and writes the result. Returns the error of the statement, unwritten, or null.
   *
   * @throws {TransactionLost} when SQLite took back more than the statement
   * @throws {QuorliteError} for an error of the environment
   */
  execute(execution: Execution): StatementError | null {
    const { part, statement, start, ordinal } = execution;
    const began = execution.timings ? performance.now() : 0;
    const binding = bind(part, statement, start);
    if (!binding.ok) return { code: GENERIC_ERROR, message: binding.message };
    const { guard, determinism } = this.#session;
    determinism.beginStatement(ordinal);
    guard.reason = null;
    let error: StatementError | null = null;
    let isPrepared = false;
    try {
      const preparation = this.#prepare(part);
      this.#session.freshen(preparation.observed.uses);
      isPrepared = true;
      guard.active = true;
      this.#run(execution, preparation, binding.values, began);
    } catch (cause) {
      guard.active = false;
      error = this.#failed(part, cause, isPrepared);
    } finally {
      guard.active = false;
    }
    if (error === null) this.#followUp(part);
    return error;
  }

  /** Writes the result of a statement that gives no rows, and takes it into the digest. */
  writeChanges(writer: ResultWriter | null, seconds: number): void {
    const { state } = this.#session;
    state.digest = mixInteger(
      mixInteger(mix(state.digest, 1), state.changes),
      state.lastInsertRowid,
    );
    writer?.changes({
      lastInsertId: state.lastInsertRowid,
      rowsAffected: Number(state.changes),
      seconds,
    });
  }

  /** Writes an error, and takes it into the digest. */
  writeError(writer: ResultWriter | null, error: StatementError, fromRead: boolean): void {
    const { state } = this.#session;
    state.digest = mix(mix(state.digest, 2), error.code);
    writer?.error(error.message, fromRead);
  }

  #prepare(part: Part): Preparation {
    const { guard, connection, schema } = this.#session;
    const known = part.preparation;
    if (known !== null && known.schema === schema) return known;
    guard.observed = nothingObserved();
    guard.active = true;
    const statement = connection.prepare(part.text);
    guard.active = false;
    const columns = statement.columns().map(({ name, type }) => ({ name, type }));
    const preparation = { statement, columns, observed: guard.observed, schema };
    // SQLite carries out parts of a PRAGMA while it prepares it.
    if (part.class.verb !== 'pragma') part.preparation = preparation;
    return preparation;
  }

  #run(
    execution: Execution,
    { statement, columns }: Preparation,
    values: readonly BoundValue[],
    began: number,
  ): void {
    const { part, writer } = execution;
    const { kind } = part.class;
    if (part.class.hasReturning || (execution.rows && kind === 'read' && columns.length > 0)) {
      const rows = statement.iterate(...values);
      this.#writeRows(execution, { columns, rows, began });
      if (kind === 'write') this.#session.wrote(this.#session.raw(), part.counts);
      return;
    }
    const raw = statement.run(...values);
    if (kind === 'write') this.#session.wrote(raw, part.counts);
    this.#session.guard.active = false;
    this.writeChanges(writer, execution.timings ? secondsSince(began) : 0);
  }

  #writeRows(
    { part, writer, timings }: Execution,
    result: {
      readonly columns: Preparation['columns'];
      readonly rows: Iterable<Row>;
      readonly began: number;
    },
  ): void {
    const { state } = this.#session;
    const hashes = part.class.hasReturning;
    let digest = mix(state.digest, 3);
    let count = 0;
    let piece: Row[] = [];
    let sink: ResultWriter | null = writer;
    let isOpen = false;
    const flush = (): void => {
      if (isOpen) sink?.moreRows(piece);
      else sink?.openRows(result.columns, piece);
      isOpen = true;
      piece = [];
      if (sink === null || sink.length <= RESULT_LENGTH_MAX) return;
      // The statement goes on for its effects; only the client goes without.
      sink.abandonRows();
      sink.error(`result too large: more than ${RESULT_LENGTH_MAX} bytes`, !hashes);
      sink = null;
    };
    try {
      for (const row of result.rows) {
        count++;
        if (hashes) digest = mixRow(digest, row);
        if (sink === null) continue;
        piece.push(row);
        if (piece.length === PIECE_ROWS) flush();
      }
      if (piece.length > 0 || !isOpen) flush();
      sink?.closeRows(timings ? secondsSince(result.began) : 0);
    } catch (cause) {
      if (isOpen) sink?.abandonRows();
      throw cause;
    }
    state.digest = mix(digest, count);
  }

  #failed(part: Part, cause: unknown, isPrepared: boolean): StatementError {
    const { connection, guard } = this.#session;
    const isTransaction = connection.isTransaction;
    const error = isFull(cause) ? this.#sequenceFull(cause) : statementErrorOf(cause);
    // What could not even be prepared has left no numbers.
    if (isPrepared && part.class.kind === 'write')
      this.#session.wrote(this.#session.raw(), part.counts);
    if (!isTransaction) throw new TransactionLost(error);
    return guard.reason === null ? error : { code: error.code, message: guard.reason };
  }

  /** AUTOINCREMENT at the largest rowid reports a full disk, on every node alike. */
  #sequenceFull(cause: unknown): StatementError {
    const { connection } = this.#session;
    const has = connection.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'`);
    const reached = 'SELECT 1 FROM sqlite_sequence WHERE seq >= 9223372036854775807';
    if (has.get() === undefined || connection.prepare(reached).get() === undefined)
      return statementErrorOf(cause);
    return { code: 13, message: 'database or disk is full: AUTOINCREMENT has used every number' };
  }

  #followUp(part: Part): void {
    const { preparation } = part;
    if (part.changesSchema) this.#session.changedSchema();
    else if (preparation?.observed.writesStatistics === true) this.#session.changedStatistics();
  }
}

/** The text that carries out a PRAGMA with an on-or-off value, whatever its spelling. */
export function pragmaText(name: string, value: string | null): string {
  return `PRAGMA ${name}=${pragmaBoolean(value ?? '') ? 'ON' : 'OFF'}`;
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1000;
}
