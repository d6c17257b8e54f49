/**
 * The date and time functions with the clock of the entry instead of the machine's: only "now" is
 * replaced, all else is left to SQLite's own functions on a helper connection.
 *
 * They are registered as deterministic, which they are within one entry: otherwise an index on
 * `date(column)`, legal in SQLite, would be refused. What SQLite therefore can no longer refuse,
 * `date('now')` in an index, is refused by `sql/unstable.ts`.
 */

import { type Connection, openHelper, type PreparedStatement, type SqlValue } from './driver.ts';

const OPTIONS = { deterministic: true, varargs: true, useBigIntArguments: true } as const;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The clock of the entry under way, and the functions that read it. */
export class ClockFunctions {
  readonly #native: NativeFunctions;
  #clockMs = 0;
  #text: string | null = null;

  /** Puts the functions on `connection`. */
  constructor(connection: Connection) {
    this.#native = new NativeFunctions(openHelper());
    for (const name of ['date', 'time', 'datetime', 'julianday', 'unixepoch'])
      connection.function(name, OPTIONS, (...values) => this.#call(name, 0, values));
    // The format comes first.
    connection.function('strftime', OPTIONS, (...values) => this.#call('strftime', 1, values));
    connection.function('timediff', { ...OPTIONS, varargs: false }, (left, right) =>
      this.#native.call('timediff', [this.#resolve(left ?? null), this.#resolve(right ?? null)]),
    );
    const keyword = { ...OPTIONS, varargs: false };
    connection.function('current_timestamp', keyword, () => this.#now().slice(0, 19));
    connection.function('current_date', keyword, () => this.#now().slice(0, 10));
    connection.function('current_time', keyword, () => this.#now().slice(11, 19));
  }

  /** From here on `now` is `clockMs`, milliseconds since 1970. */
  set(clockMs: number): void {
    this.#clockMs = clockMs;
    this.#text = null;
  }

  close(): void {
    this.#native.close();
  }

  /** `YYYY-MM-DD HH:MM:SS.SSS`, made when first asked for in an entry. */
  #now(): string {
    this.#text ??= new Date(this.#clockMs).toISOString().replace('T', ' ').slice(0, 23);
    return this.#text;
  }

  /** `at` is where the time value stands among the arguments. */
  #call(name: string, at: number, values: SqlValue[]): SqlValue {
    if (values.length < at) return null;
    const value = values[at];
    if (value === undefined) values.push(this.#now());
    else if (isSubsecond(value)) values.splice(at, 0, this.#now());
    else values[at] = this.#resolve(value);
    return this.#native.call(name, values);
  }

  #resolve(value: SqlValue): SqlValue {
    return wordOf(value) === 'now' ? this.#now() : value;
  }
}

/** SQLite's own functions, by name and number of arguments. */
class NativeFunctions {
  readonly #connection: Connection;
  readonly #statements = new Map<string, PreparedStatement>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  call(name: string, values: readonly SqlValue[]): SqlValue {
    const key = `${name}/${values.length}`;
    let statement = this.#statements.get(key);
    if (statement === undefined) {
      const marks = values.map(() => '?').join(',');
      statement = this.#connection.prepare(`SELECT ${name}(${marks})`);
      this.#statements.set(key, statement);
    }
    return statement.get(...values)?.[0] ?? null;
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }
}

/** `unixepoch('subsec')` means now, with fractions. */
function isSubsecond(value: SqlValue): boolean {
  const word = wordOf(value);
  return word === 'subsec' || word === 'subsecond';
}

/** A short word as SQLite reads it: BLOBs are text, a NUL ends it, case does not matter. */
function wordOf(value: SqlValue): string | null {
  let text: string;
  if (typeof value === 'string') text = value;
  else if (value instanceof Uint8Array) text = decoder.decode(value);
  else return null;
  const end = text.indexOf('\0');
  const word = end < 0 ? text : text.slice(0, end);
  return word.length <= 'subsecond'.length ? word.toLowerCase() : null;
}
