import { QuorliteError } from '../base/errors.ts';

/** A value to bind. Whole numbers become INTEGER, others REAL; `Uint8Array` a BLOB. */
export type BindValue = null | boolean | number | bigint | string | Uint8Array;

/** SQL with its parameters: in order for `?`, or by name (without prefix) for `:n`, `@n`, `$n`. */
export interface BoundStatement {
  readonly sql: string;
  readonly params?: readonly BindValue[] | Readonly<Record<string, BindValue>>;
}

/** One statement, with or without parameters. */
export type StatementInput = string | BoundStatement;

/** One statement, or several for one request. */
export type StatementsInput = StatementInput | readonly StatementInput[];

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * The body that carries `input`.
 *
 * @throws {QuorliteError} `invalid-request` for values that SQLite or the API cannot hold
 */
export function encodeStatements(input: StatementsInput): string {
  const statements = isList(input) ? input : [input];
  return `[${statements.map(encodeStatement).join(',')}]`;
}

function isList(input: StatementsInput): input is readonly StatementInput[] {
  return Array.isArray(input);
}

function encodeStatement(statement: StatementInput): string {
  if (typeof statement === 'string') return JSON.stringify(statement);
  const { sql, params } = statement;
  if (params === undefined) return JSON.stringify(sql);
  return `[${[JSON.stringify(sql), ...encodeParameters(params)].join(',')}]`;
}

function encodeParameters(params: NonNullable<BoundStatement['params']>): readonly string[] {
  if (isPositional(params)) return params.map((value, at) => encodeValue(value, `${at + 1}`));
  const members = Object.entries(params).map(
    ([name, value]) => `${JSON.stringify(name)}:${encodeValue(value, name)}`,
  );
  return [`{${members.join(',')}}`];
}

function isPositional(
  params: NonNullable<BoundStatement['params']>,
): params is readonly BindValue[] {
  return Array.isArray(params);
}

function encodeValue(value: BindValue, name: string): string {
  switch (typeof value) {
    case 'string':
      // The API has no way to say that this is meant as text (rqlite's does not, either).
      if (/^\s*[xX]'(?:[\da-fA-F]{2})*'\s*$/.test(value)) {
        throw invalid(name, `the text ${value.trim()} would arrive as a blob`);
      }
      return JSON.stringify(value);
    case 'bigint':
      if (value < INT64_MIN || value > INT64_MAX) throw invalid(name, `${value} needs 65 bits`);
      return String(value);
    case 'number':
      if (!Number.isFinite(value)) throw invalid(name, `${value} is no number for SQLite`);
      return String(value);
    case 'boolean':
      return String(value);
    default:
      if (value === null) return 'null';
      if (value instanceof Uint8Array) return `"x'${Buffer.from(value).toString('hex')}'"`;
      throw invalid(name, `a ${typeof value} is no value for SQLite`);
  }
}

function invalid(name: string, problem: string): QuorliteError {
  return new QuorliteError('invalid-request', `Cannot bind parameter ${name}: ${problem}`);
}
