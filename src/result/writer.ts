import type { ResultFormat } from './format.ts';
import { RqliteWriter } from './rqlite.ts';

/** A value as the engine reads it: integers are always bigints, numbers are REAL. */
export type ResultValue = null | bigint | number | string | Uint8Array;

/** One row, a value per column. */
export type ResultRow = readonly ResultValue[];

/** A column of a result. Writers cache by the identity of the array that columns stand in. */
export interface ResultColumn {
  readonly name: string;
  /** As declared, in its own case; null for an expression. */
  readonly type: string | null;
}

/** What a statement that gives no rows did. */
export interface ChangesResult {
  readonly lastInsertId: bigint;
  readonly rowsAffected: number;
  readonly seconds: number;
}

/**
 * Turns the results of the statements of one request into one byte string in the client's own
 * format: the elements of its results array, comma-joined, without the brackets.
 */
export interface ResultWriter {
  /** Characters gathered so far; a lower bound of the bytes to come. */
  readonly length: number;
  changes(result: ChangesResult): void;
  /** A whole result with rows. */
  rows(columns: readonly ResultColumn[], rows: readonly ResultRow[], seconds: number): void;
  /** A result with rows that come in pieces: `openRows`, `moreRows` as often, `closeRows`. */
  openRows(columns: readonly ResultColumn[], first: readonly ResultRow[]): void;
  moreRows(rows: readonly ResultRow[]): void;
  closeRows(seconds: number): void;
  /** Forgets a result that `openRows` began. */
  abandonRows(): void;
  /** Forgets all but the first `length` characters; no result may be open. */
  rewind(length: number): void;
  /** `fromRead`: the statement was one that only reads; some formats show it. */
  error(message: string, fromRead: boolean): void;
  /** The bytes; `replyFailure` tells whether they are an error of the whole reply instead. */
  finish(): Uint8Array;
}

/** The writer for a format. */
export function createResultWriter(format: ResultFormat): ResultWriter {
  switch (format.protocol) {
    case 'rqlite':
      return new RqliteWriter(format);
  }
}
