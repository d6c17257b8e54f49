import type { Statement, Value } from '../../command/command.ts';

/** What a body came to: statements, or the text of a 400. */
export type ParsedStatements =
  | { readonly statements: readonly Statement[]; readonly error?: undefined }
  | { readonly statements?: undefined; readonly error: string };

/**
 * A million statements in one request are a mistake: each costs some hundred bytes of memory, and
 * a body of the allowed size could hold twenty times as many empty ones.
 */
export const STATEMENTS_MAX = 1_000_000;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

const NO_VALUES: readonly Value[] = [];
const NO_NAMES: readonly (readonly [name: string, value: Value])[] = [];

/**
 * Whether a text may hold a number that is written with a fraction or an exponent and still comes
 * out of `JSON.parse` as an integer: those are REAL for SQLite, `2` is INTEGER, and the parsed
 * value no longer tells. That is `2.0`, `1e3`, and fractions so near to an integer, or behind so
 * many digits, that they round to it. A hit inside a string only costs time.
 */
const MAYBE_REAL = new RegExp(
  [
    /\.(?:0+\s*[,\]}]|0{9}|9{9}|(?<=\d{6}\.)(?:000|999)|(?<=\d{12}\.)\d)/.source,
    /\d[eE][+-]?\d+\s*[,\]}]/.source,
  ].join('|'),
);

/** Thrown inside when plain numbers are not enough: parse again, looking at the source text. */
const NEEDS_SOURCE = new Error('The source text of a number is needed');

/** A number together with how it was written. */
class SourceNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** A body that cannot be used; the message is the text of the 400. */
class Refusal extends Error {}

/**
 * The statements of a JSON body: an array of texts and of `[sql, parameter, …]`, as rqlite takes
 * it. Integers become bigints, exact over all of int64; other numbers stay REAL.
 */
export function parseStatements(body: string): ParsedStatements {
  try {
    return { statements: MAYBE_REAL.test(body) ? parseExact(body) : parseFast(body) };
  } catch (error) {
    if (error instanceof Refusal) return { error: error.message };
    throw error;
  }
}

/** A whole body as one SQL text, which may hold several statements. */
export function plainStatement(sql: string): readonly Statement[] {
  return [{ sql, positional: NO_VALUES, named: NO_NAMES }];
}

function parseFast(body: string): readonly Statement[] {
  try {
    return toStatements(parseJson(body));
  } catch (error) {
    if (error === NEEDS_SOURCE) return parseExact(body);
    throw error;
  }
}

/** About eight times slower: calls back for every value of the document. */
function parseExact(body: string): readonly Statement[] {
  return toStatements(
    parseJson(body, (_key, value, context) =>
      typeof value === 'number' ? new SourceNumber(context?.source ?? '') : value,
    ),
  );
}

/** `JSON.parse` with source access (TC39 proposal, in V8 since 11.4). */
type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

function parseJson(body: string, reviver?: Reviver): unknown {
  try {
    return JSON.parse(body, reviver) as unknown;
  } catch {
    // A SyntaxError, or a RangeError when arrays are nested too deeply for a reviver.
    throw new Refusal('invalid JSON body');
  }
}

function toStatements(document: unknown): readonly Statement[] {
  if (!Array.isArray(document)) throw new Refusal('invalid request');
  const elements = document as readonly unknown[];
  if (elements.length === 0) throw new Refusal('no statements');
  if (elements.length > STATEMENTS_MAX) {
    throw new Refusal(`more than ${STATEMENTS_MAX} statements in one request`);
  }
  return elements.map(toStatement);
}

function toStatement(element: unknown): Statement {
  if (typeof element === 'string') {
    return { sql: element, positional: NO_VALUES, named: NO_NAMES };
  }
  if (!Array.isArray(element)) throw new Refusal('invalid request');
  const items = element as readonly unknown[];
  const sql = items[0];
  if (typeof sql !== 'string') throw new Refusal('invalid request');
  if (items.length === 1) return { sql, positional: NO_VALUES, named: NO_NAMES };
  const positional: Value[] = [];
  let named: (readonly [string, Value])[] | null = null;
  for (let at = 1; at < items.length; at++) {
    const item = items[at];
    if (isNamed(item)) {
      named ??= [];
      for (const [name, value] of Object.entries(item)) named.push([name, toValue(value)]);
    } else {
      positional.push(toValue(item));
    }
  }
  return { sql, positional, named: named ?? NO_NAMES };
}

function isNamed(item: unknown): item is Readonly<Record<string, unknown>> {
  return (
    typeof item === 'object' &&
    item !== null &&
    !Array.isArray(item) &&
    !(item instanceof SourceNumber)
  );
}

function toValue(item: unknown): Value {
  switch (typeof item) {
    case 'number':
      return toNumber(item);
    case 'string':
      return item.length < 3 ? item : (toHexBlob(item) ?? item);
    case 'boolean':
      return item ? 1n : 0n;
    default:
      if (item === null) return null;
      if (item instanceof SourceNumber) return toExactNumber(item.source);
      if (Array.isArray(item)) return toBlob(item as readonly unknown[]);
      throw unsupported(item);
  }
}

/** Of a text without suspicious numbers, so that every safe integer was written as one. */
function toNumber(value: number): Value {
  if (Number.isSafeInteger(value)) return BigInt(value);
  // An integer beyond 2^53 lost digits; so may a fraction have that rounded to one.
  if (Number.isInteger(value) || !Number.isFinite(value)) throw NEEDS_SOURCE;
  return value;
}

/** int64 if it fits, else float64. */
function toExactNumber(source: string): Value {
  if (/^-?\d+$/.test(source)) {
    const integer = BigInt(source);
    if (integer >= INT64_MIN && integer <= INT64_MAX) return integer;
  }
  const value = Number(source);
  if (!Number.isFinite(value)) throw new Refusal(`invalid number ${source}`);
  return value;
}

/** SQLite's blob literal `x'0102'` inside a text, white space around it allowed. */
function toHexBlob(text: string): Uint8Array | null {
  const first = text.charCodeAt(0);
  // Nearly every text ends here: it begins neither with x or X nor with white space.
  if (first !== 0x78 && first !== 0x58 && first > 0x20 && first < 0x80) return null;
  const literal = text.trim();
  if (!/^[xX]'(?:[\da-fA-F]{2})*'$/.test(literal)) return null;
  return new Uint8Array(Buffer.from(literal.slice(2, -1), 'hex'));
}

function toBlob(items: readonly unknown[]): Uint8Array {
  const bytes = new Uint8Array(items.length);
  items.forEach((item, at) => {
    bytes[at] = toByte(item);
  });
  return bytes;
}

function toByte(item: unknown): number {
  if (item instanceof SourceNumber) {
    const { source } = item;
    const byte = /^-?\d{1,16}$/.test(source) ? Number(source) : -1;
    if (byte < 0 || byte > 255) throw new Refusal(`unsupported type ${source}`);
    return byte;
  }
  if (typeof item !== 'number') throw unsupported(item);
  // The error names the number as it was written.
  if (!Number.isInteger(item) || item < 0 || item > 255) throw NEEDS_SOURCE;
  return item;
}

/** Names the type as Go does, because rqlite does. */
function unsupported(item: unknown): Refusal {
  let type: string;
  if (item === null) type = '<nil>';
  else if (typeof item === 'boolean') type = 'bool';
  else if (typeof item === 'string') type = 'string';
  else type = Array.isArray(item) ? '[]interface {}' : 'map[string]interface {}';
  return new Refusal(`unsupported type ${type}`);
}
