/**
 * A hash of the logical content: equal on all nodes at the same index, however their files differ.
 * It streams: memory does not depend on the size of the database.
 *
 * Included: the schema, every row of every table with its rowid (shadow tables of virtual tables
 * and SQLite's own tables too), the header's numbers for users, and the state that later entries
 * see.
 */

import { createHash, type Hash } from 'node:crypto';

import { ByteWriter } from '../base/bytes.ts';
import type { Connection, Row, SqlValue } from './driver.ts';
import { NOT_INTERNAL_SQL } from './internal.ts';
import { readState } from './state.ts';

/** Bytes gathered before the hash is fed. */
const PIECE_BYTES = 65_536;

/** Rows between two chances for others to run. */
const ROWS_PER_STEP = 5_000;

/** The index and hash of the content that `connection` sees, at once. */
export function hashContent(connection: Connection): ContentHash {
  const steps = hashingSteps(connection);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** A content hash and the index it belongs to. */
export interface ContentHash {
  readonly index: number;
  /** SHA-256, hexadecimal. */
  readonly hash: string;
}

/** The same, giving way every few thousand rows; the caller holds a read transaction. */
export function* hashingSteps(connection: Connection): Generator<void, ContentHash, void> {
  const sink = new HashSink();
  const { applied, lastInsertRowid, changes, totalChanges, foreignKeys, recursiveTriggers } =
    readState(connection);
  sink.row([BigInt(applied), lastInsertRowid, changes, totalChanges]);
  sink.row([foreignKeys ? 1n : 0n, recursiveTriggers ? 1n : 0n]);
  for (const pragma of ['user_version', 'application_id', 'encoding'])
    sink.row([pragma, connection.prepare(`PRAGMA ${pragma}`).get()?.[0] ?? null]);
  const schema = connection.prepare(
    `SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE ${NOT_INTERNAL_SQL}
     ORDER BY name COLLATE BINARY, type`,
  );
  for (const row of schema.all()) sink.row(row);
  for (const table of tablesOf(connection)) {
    sink.row(['table', table.name]);
    let rows = 0;
    for (const row of connection.prepare(selectOf(connection, table)).iterate()) {
      sink.row(row);
      rows++;
      if (rows % ROWS_PER_STEP === 0) yield;
    }
    yield;
  }
  return { index: applied, hash: sink.finish() };
}

/** A table with rows of its own. */
interface Table {
  readonly name: string;
  readonly withoutRowid: boolean;
}

/** Every table that holds rows in the file; virtual tables hold theirs in shadow tables. */
function tablesOf(connection: Connection): Table[] {
  return connection
    .prepare(
      `SELECT name, wr FROM pragma_table_list
       WHERE schema = 'main' AND type IN ('table', 'shadow') AND name <> 'sqlite_schema'
         AND ${NOT_INTERNAL_SQL} ORDER BY name COLLATE BINARY`,
    )
    .all()
    .map(([name, withoutRowid]) => ({ name: String(name), withoutRowid: withoutRowid === 1n }));
}

/** Rows in the order of their key, with what is stored and nothing that is computed. */
function selectOf(connection: Connection, { name, withoutRowid }: Table): string {
  const columns = connection
    .prepare('SELECT name, pk, hidden FROM pragma_table_xinfo(?)')
    .all(name)
    .map(([column, key, hidden]) => ({ name: String(column), key: Number(key), hidden }));
  // 2 is a generated column that is computed when read.
  const stored = columns.filter(({ hidden }) => hidden !== 2n).map((column) => quote(column.name));
  const taken = new Set(columns.map((column) => column.name.toLowerCase()));
  const rowid = ['rowid', '_rowid_', 'oid'].find((alias) => !taken.has(alias));
  const from = `FROM ${quote(name)} NOT INDEXED`;
  if (withoutRowid) {
    const keys = columns.filter(({ key }) => key > 0).sort((a, b) => a.key - b.key);
    const order = keys.map((column) => quote(column.name)).join(', ');
    // NOT INDEXED would forbid the primary key here.
    return `SELECT ${stored.join(', ')} FROM ${quote(name)} ORDER BY ${order}`;
  }
  // ANALYZE goes through tables in the order of a hash table in memory, which differs between a
  // node that made them and one that read them from the file: its rowids mean nothing.
  if (name.startsWith('sqlite_stat')) return `SELECT ${stored.join(', ')} ${from} ORDER BY 1, 2, 3`;
  // A table that hides its rowid three times is scanned in the order of it all the same.
  if (rowid === undefined) return `SELECT ${stored.join(', ')} ${from}`;
  return `SELECT ${[rowid, ...stored].join(', ')} ${from} ORDER BY ${rowid}`;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Values as bytes that cannot be confused, into SHA-256. */
class HashSink {
  readonly #hash: Hash = createHash('sha256');
  readonly #writer = new ByteWriter(PIECE_BYTES * 2);

  row(row: Row): void {
    this.#writer.varint(row.length);
    for (const value of row) this.#value(value);
    if (this.#writer.length >= PIECE_BYTES) this.#flush();
  }

  finish(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #value(value: SqlValue): void {
    const writer = this.#writer;
    if (value === null) writer.u8(0);
    else if (typeof value === 'bigint') writer.u8(1).i64(value);
    else if (typeof value === 'number') writer.u8(2).f64(value);
    else if (typeof value === 'string') writer.u8(3).text(value);
    else writer.u8(4).blob(value);
  }

  #flush(): void {
    this.#hash.update(this.#writer.view());
    this.#writer.reset();
  }
}
