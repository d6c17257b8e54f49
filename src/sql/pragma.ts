import type { TokenCursor } from './tokenize.ts';
import { dequote, foldAscii, foldName } from './words.ts';

/** A PRAGMA as it was written: `PRAGMA schema.name = value` or `PRAGMA schema.name(value)`. */
export interface Pragma {
  /** Folded to lower case; null when the statement names none. */
  readonly schema: string | null;
  /** Folded to lower case; empty when there is none, which SQLite refuses. */
  readonly name: string;
  /**
   * Without its quotes; a number keeps its minus sign and loses its plus sign, as in SQLite.
   * Null when there is neither `=` nor `(`: then the pragma is a question.
   */
  readonly value: string | null;
}

/**
 * Reads what follows the word PRAGMA, where `cursor` stands. Text that is no legal PRAGMA gives
 * whatever could be made of it: SQLite refuses it before it does anything.
 */
export function parsePragma(cursor: TokenCursor): Pragma {
  let schema: string | null = null;
  let name = nextName(cursor);
  cursor.nextSignificant();
  if (cursor.isMark('.')) {
    schema = name;
    name = nextName(cursor);
    cursor.nextSignificant();
  }
  const hasValue = cursor.kind === 'operator' && (cursor.text === '=' || cursor.isMark('('));
  return { schema, name, value: hasValue ? parseValue(cursor) : null };
}

/**
 * What SQLite makes of the value of an on-or-off pragma (sqlite3GetBoolean): a number is on unless
 * its lowest byte is 0, a word is on when it says so, and all else is off.
 */
export function pragmaBoolean(value: string): boolean {
  const digits = /^[0-9]+/.exec(value);
  if (digits !== null) return isOn(value, digits[0]);
  const word = foldAscii(value);
  return word === 'on' || word === 'yes' || word === 'true';
}

/** sqlite3GetInt32: hexadecimal counts up to 8 digits, more than 31 bits count as 0. */
function isOn(value: string, decimal: string): boolean {
  const hexadecimal = /^0[xX]0*([0-9a-fA-F]{1,8})(?![0-9a-fA-F])/.exec(value);
  const digits = hexadecimal?.[1];
  const number = digits === undefined ? Number(decimal) : Number.parseInt(digits, 16);
  return number <= 0x7fffffff && (number & 0xff) !== 0;
}

function nextName(cursor: TokenCursor): string {
  const kind = cursor.nextSignificant();
  return kind === 'word' || kind === 'name' || kind === 'string' ? foldName(cursor.text) : '';
}

function parseValue(cursor: TokenCursor): string {
  cursor.nextSignificant();
  let sign = '';
  if (cursor.kind === 'operator' && (cursor.text === '-' || cursor.text === '+')) {
    sign = cursor.text === '-' ? '-' : '';
    cursor.nextSignificant();
  }
  if (cursor.kind === 'end' || cursor.isMark(')') || cursor.isMark(';')) return sign;
  return sign + dequote(cursor.text);
}
