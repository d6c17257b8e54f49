/**
 * Answers reads on a connection that natively cannot write. Synchronous; knows no threads. The
 * writer's overridden functions are not here: a read may see the real time and real randomness.
 */

import { messageOf } from '../base/errors.ts';
import type { Statement } from '../command/command.ts';
import { formatFromNumber } from '../result/format.ts';
import { createResultWriter, type ResultWriter } from '../result/writer.ts';
import { nothingObserved } from './authorizer.ts';
import { bind } from './bind.ts';
import {
  type BoundValue,
  type Connection,
  openReader,
  type PreparedStatement,
  type Row,
} from './driver.ts';
import { STATE_TABLE } from './internal.ts';
import { type Part, type Preparation, ProgramCache } from './program.ts';
import { RowBounds } from './row-bound.ts';
import { SELECT_APPLIED } from './state.ts';

/** One request: its statements and the form of their results. */
export interface ReaderRequest {
  readonly statements: readonly Statement[];
  /** From `formatToNumber`. */
  readonly format: number;
}

/** How a batch is watched. */
export interface ReaderWatch {
  /** The request at this place begins. */
  enter(position: number): void;
  /** Asked every few hundred rows: whether to give the batch up. */
  isStopped(): boolean;
}

/** Limits of one result. */
export interface ReaderLimits {
  readonly rowsMax: number;
  /** Of the result as the client gets it. */
  readonly bytesMax: number;
}

/**
 * 64 MiB of text are built as one string and sent as one piece; more rows than this are of no use
 * in one answer. What is larger is to be asked for in parts.
 */
export const READER_LIMITS: ReaderLimits = { rowsMax: 10_000_000, bytesMax: 67_108_864 };

/** rqlite's words. */
const WRITE_REFUSED = 'attempt to change database via query operation';
/** rqlite's words. */
export const QUERY_TIMEOUT = 'query timeout';

/** Rows fetched before limits are looked at. */
const PIECE_ROWS = 256;

/** Settings that a reader's connection does not have; the writer's are in the state. */
const REPLICATED_SETTINGS = new Set(['foreign_keys', 'recursive_triggers']);

/** A reader has no authorizer: natively it cannot write. */
const NOTHING_OBSERVED = nothingObserved();

/** One read connection. */
export class SqliteReader {
  readonly #connection: Connection;
  readonly #limits: ReaderLimits;
  readonly #programs = new ProgramCache();
  readonly #begin: PreparedStatement;
  readonly #commit: PreparedStatement;
  readonly #schemaVersion: PreparedStatement;
  readonly #applied: PreparedStatement;
  /** SQLite's own count of schema changes, as of the transaction before. */
  #schema = -1;
  readonly #bounds: RowBounds;

  constructor(path: string, limits: ReaderLimits = READER_LIMITS) {
    this.#connection = openReader(path);
    this.#limits = limits;
    this.#bounds = new RowBounds(this.#connection);
    this.#begin = this.#connection.prepare('BEGIN');
    this.#commit = this.#connection.prepare('COMMIT');
    this.#schemaVersion = this.#connection.prepare('PRAGMA schema_version');
    this.#applied = this.#connection.prepare(SELECT_APPLIED);
  }

  /**
   * Answers every request from one state of the database; results as `ResultWriter.finish` gives
   * them. Once `watch.isStopped()`, what is left is null.
   */
  run(requests: readonly ReaderRequest[], watch: ReaderWatch): (Uint8Array | null)[] {
    this.#begin.run();
    try {
      this.#checkSchema();
      return requests.map((request, position) => {
        if (watch.isStopped()) return null;
        watch.enter(position);
        return this.#answer(request, watch);
      });
    } finally {
      this.#commit.run();
    }
  }

  /** The applied index of the content that a read would see now. */
  applied(): number {
    return Number(this.#applied.get()?.[0] ?? 0n);
  }

  close(): void {
    this.#programs.clear();
    this.#connection.close();
  }

  /** Column names and types of prepared statements are those of the schema they were made for. */
  #checkSchema(): void {
    const schema = Number(this.#schemaVersion.get()?.[0] ?? 0n);
    if (schema === this.#schema) return;
    this.#schema = schema;
    // PRAGMA table_info and its like do not notice a change; an ordinary SELECT does, for all.
    this.#applied.get();
  }

  #answer({ statements, format }: ReaderRequest, watch: ReaderWatch): Uint8Array {
    const resultFormat = formatFromNumber(format);
    const writer = createResultWriter(resultFormat);
    for (const statement of statements) {
      let start = 0;
      for (const part of this.#programs.get(statement.sql)) {
        const error = this.#query({
          part,
          statement,
          start,
          writer,
          watch,
          timings: resultFormat.timings,
        });
        if (error !== null) writer.error(error, true);
        start += part.names.length;
      }
    }
    return writer.finish();
  }

  #query(query: Query): string | null {
    const { part, statement, start, timings } = query;
    if (part.class.kind === 'write' || part.class.kind === 'transaction') return WRITE_REFUSED;
    if (part.refusal !== null) return part.refusal;
    const binding = bind(part, statement, start);
    if (!binding.ok) return binding.message;
    const began = timings ? performance.now() : 0;
    try {
      const preparation = this.#prepare(part);
      if (!this.#bounds.isSmall(part, preparation.statement))
        return this.#stream(query, preparation, binding.values, began);
      const rows = preparation.statement.all(...binding.values);
      this.#bounds.saw(preparation.statement, rows.length);
      query.writer.rows(preparation.columns, rows, timings ? secondsSince(began) : 0);
      return null;
    } catch (cause) {
      return messageOfError(cause);
    }
  }

  /** Piece by piece, so that a huge result ends at its limit and a stopped one at once. */
  #stream(
    { writer, watch, timings }: Query,
    { statement, columns }: Preparation,
    values: readonly BoundValue[],
    began: number,
  ): string | null {
    const rows = statement.iterate(...values);
    let count = 0;
    let piece: Row[] = [];
    let isOpen = false;
    const from = writer.length;
    const end = (error: string): string => {
      if (isOpen) writer.abandonRows();
      rows.return?.();
      return error;
    };
    try {
      for (let next = rows.next(); next.done !== true; next = rows.next()) {
        piece.push(next.value);
        count++;
        if (piece.length < PIECE_ROWS) continue;
        if (isOpen) writer.moreRows(piece);
        else writer.openRows(columns, piece);
        isOpen = true;
        piece = [];
        if (watch.isStopped()) return end(QUERY_TIMEOUT);
        if (count > this.#limits.rowsMax || writer.length - from > this.#limits.bytesMax)
          return end(tooLarge(this.#limits));
      }
    } catch (cause) {
      return end(messageOfError(cause));
    }
    if (isOpen) writer.moreRows(piece);
    else writer.openRows(columns, piece);
    writer.closeRows(timings ? secondsSince(began) : 0);
    this.#bounds.saw(statement, count);
    return null;
  }

  #prepare(part: Part): Preparation {
    const schema = this.#schema;
    const known = part.preparation;
    if (known !== null && known.schema === schema) return known;
    const statement = this.#connection.prepare(replicatedSetting(part) ?? part.text);
    const columns = statement.columns().map(({ name, type }) => ({ name, type }));
    const preparation = { statement, columns, observed: NOTHING_OBSERVED, schema };
    // A PRAGMA finds its answer while it is prepared.
    if (part.class.verb !== 'pragma') part.preparation = preparation;
    return preparation;
  }
}

/** One statement of a request. */
interface Query {
  readonly part: Part;
  readonly statement: Statement;
  readonly start: number;
  readonly writer: ResultWriter;
  readonly watch: ReaderWatch;
  readonly timings: boolean;
}

/** A question for a setting that is the writer's, asked where it is kept. */
function replicatedSetting(part: Part): string | null {
  if (part.class.verb !== 'pragma') return null;
  const name = /^\s*pragma\s+(?:main\s*\.\s*)?(\w+)\s*;?\s*$/i.exec(part.text)?.[1]?.toLowerCase();
  if (name === undefined || !REPLICATED_SETTINGS.has(name)) return null;
  return `SELECT ${name} FROM ${STATE_TABLE}`;
}

function messageOfError(cause: unknown): string {
  const message = messageOf(cause);
  return message === 'attempt to write a readonly database' ? WRITE_REFUSED : message;
}

function tooLarge({ rowsMax, bytesMax }: ReaderLimits): string {
  return `result too large: more than ${rowsMax} rows or ${bytesMax} bytes; ask for it in parts`;
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1000;
}
