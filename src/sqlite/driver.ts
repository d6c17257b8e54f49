/**
 * The slice of `node:sqlite` that this room uses, and how connections are opened. Nothing else in
 * the product imports `node:sqlite`.
 *
 * Integers are read as bigints and rows as arrays everywhere: numbers would lose 64-bit integers
 * and make 1 and 1.0 the same, objects would lose columns of the same name.
 */

import { backup as nativeBackup, DatabaseSync } from 'node:sqlite';

/** A value as SQLite stores it; a number is always REAL. */
export type SqlValue = null | bigint | number | string | Uint8Array;

/** Named parameters with their prefixes; must come before positional values. */
export type NamedValues = Readonly<Record<string, SqlValue>>;

/** What a prepared statement takes. */
export type BoundValue = SqlValue | NamedValues;

/** A row, a value per column. */
export type Row = readonly SqlValue[];

/**
 * The connection's raw numbers after a statement (sqlite3_changes64, sqlite3_last_insert_rowid).
 */
export interface RawChanges {
  readonly changes: bigint;
  readonly lastInsertRowid: bigint;
}

/** A prepared statement. It prepares itself again after a schema change. */
export interface PreparedStatement {
  /** Every row. */
  all(...values: readonly BoundValue[]): Row[];
  /** The first row. */
  get(...values: readonly BoundValue[]): Row | undefined;
  /** One step: everything for a write, up to the first row for a read. */
  run(...values: readonly BoundValue[]): RawChanges;
  /** Row by row; must be used up or returned. */
  iterate(...values: readonly BoundValue[]): IterableIterator<Row>;
  columns(): readonly { readonly name: string; readonly type: string | null }[];
  /** The text that was prepared: without what follows the first statement. */
  readonly sourceSQL: string;
}

/** How a function is called and what it promises. */
export interface FunctionOptions {
  readonly deterministic: boolean;
  readonly varargs: boolean;
  readonly useBigIntArguments: true;
}

/** Answers 0 (allow), 1 (deny) or 2 (ignore) to an action; see sqlite3_set_authorizer. */
export type Authorizer = (action: number, first: string | null, second: string | null) => number;

/** A connection. */
export interface Connection {
  prepare(sql: string): PreparedStatement;
  exec(sql: string): void;
  function(name: string, options: FunctionOptions, run: (...values: SqlValue[]) => SqlValue): void;
  setAuthorizer(authorizer: Authorizer | null): void;
  /** False in autocommit mode. */
  readonly isTransaction: boolean;
  serialize(): Uint8Array;
  deserialize(image: Uint8Array): void;
  close(): void;
}

/** A database that lives in memory and belongs to its connection. */
export const IN_MEMORY = ':memory:';

/**
 * How long a lock that somebody else holds is waited for. Within the product nobody competes for
 * the write lock; a person with the sqlite3 shell does, and may take seconds.
 */
const BUSY_TIMEOUT_MS = 10_000;

/** How long a reader waits: only recovery after a crash and the shell make it wait. */
const READER_BUSY_TIMEOUT_MS = 5_000;

/**
 * SQLITE_LIMIT_LENGTH, bytes of one text, blob or row: 256 MiB. The same on every node, because a
 * statement that meets it fails; below 512 MiB, the longest string that V8 can make of a text.
 */
export const LENGTH_MAX = 268_435_456;

/** Page cache of a connection, KiB; the default of 2 MiB would read the same pages again. */
const CACHE_KIB = 16_384;

/**
 * Shared by all connections: rqlite's clients write VALUES("text"), and nobody loads extensions.
 */
const OPTIONS = {
  enableDoubleQuotedStringLiterals: true,
  enableForeignKeyConstraints: false,
  allowExtension: false,
  allowBareNamedParameters: false,
  defensive: true,
  readBigInts: true,
  returnArrays: true,
  limits: { length: LENGTH_MAX },
} as const;

/** Opens, and creates where there is none, the database that one writer changes. */
export function openWriter(path: string): Connection {
  const connection = open(path, { ...OPTIONS, timeout: BUSY_TIMEOUT_MS });
  if (path !== IN_MEMORY) connection.exec('PRAGMA page_size=4096; PRAGMA journal_mode=WAL');
  // trusted_schema must stay on: our functions stand in DEFAULT, triggers and views, and Node
  // cannot mark them as innocuous.
  connection.exec(
    `PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;
     PRAGMA cache_size=-${CACHE_KIB}; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=ON;
     PRAGMA recursive_triggers=OFF`,
  );
  return connection;
}

/** Opens a database for reading; natively nothing can change it. */
export function openReader(path: string): Connection {
  const connection = open(path, { ...OPTIONS, readOnly: true, timeout: READER_BUSY_TIMEOUT_MS });
  connection.exec(
    `PRAGMA temp_store=MEMORY; PRAGMA cache_size=-${CACHE_KIB}; PRAGMA cell_size_check=ON;
     PRAGMA trusted_schema=ON`,
  );
  return connection;
}

/** An empty database to ask SQLite's own functions in. */
export function openHelper(): Connection {
  return open(IN_MEMORY, OPTIONS);
}

/** Opens a file that nobody else has open, without changing how it works. */
export function openPlain(path: string): Connection {
  return open(path, OPTIONS);
}

/**
 * Copies the database as `source` sees it now, page by page, to the new file `path`; `source` must
 * hold a read transaction and must not be used until the promise settles.
 */
export async function backup(source: Connection, path: string): Promise<void> {
  // 4 MiB a step: the copy runs on a thread of libuv's pool and must not hold it for long.
  if (source instanceof DatabaseSync) await nativeBackup(source, path, { rate: 1024 });
}

function open(
  path: string,
  options: typeof OPTIONS & { readonly timeout?: number; readonly readOnly?: boolean },
): Connection {
  // The declared types know neither returnArrays nor readBigInts of the options.
  return new DatabaseSync(path, options) as unknown as Connection;
}
