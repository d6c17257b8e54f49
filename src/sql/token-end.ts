/**
 * Where a token ends, by what it began with. One rule of sqlite3 tokenize.c each.
 *
 * A function whose token may be malformed returns the end negated then: tokens are at least one
 * character long, so an end is never 0. SQLite answers those with `unrecognized token`.
 */

import { endOfIdentifier, isDigit, isHexDigit, isIdentifier, isSpace } from './characters.ts';

const UNDERSCORE = 0x5f;

/** `--` to the end of the line; the line break is not part of it. */
export function endOfLineComment(sql: string, at: number): number {
  const end = sql.indexOf('\n', at);
  return end < 0 ? sql.length : end;
}

/** `/*` to its end; one that is not closed reaches to the end of the text and is legal. */
export function endOfBlockComment(sql: string, at: number): number {
  const end = sql.indexOf('*/', at + 2);
  return end < 0 ? sql.length : end + 2;
}

/** A string or a quoted name; a doubled quote inside stands for one, except in brackets. */
export function endOfQuoted(sql: string, at: number): number {
  const quote = sql.charAt(at);
  const close = quote === '[' ? ']' : quote;
  let end = sql.indexOf(close, at + 1);
  while (end >= 0 && close === quote && sql.charAt(end + 1) === close)
    end = sql.indexOf(close, end + 2);
  return end < 0 ? -sql.length : end + 1;
}

/** `x'…'`: whole bytes in hexadecimal. */
export function endOfBlob(sql: string, at: number): number {
  let end = at + 2;
  while (isHexDigit(sql.charCodeAt(end))) end++;
  if (sql.charAt(end) === "'" && (end - at) % 2 === 0) return end + 1;
  const close = sql.indexOf("'", end);
  return close < 0 ? -sql.length : -(close + 1);
}

/** A number; a letter that follows it at once, or an underscore not between digits, spoils it. */
export function endOfNumber(sql: string, at: number): number {
  const hexadecimal =
    sql.charCodeAt(at) === 0x30 &&
    (sql.charCodeAt(at + 1) | 0x20) === 0x78 &&
    isHexDigit(sql.charCodeAt(at + 2));
  const end = hexadecimal ? endOfDigits(sql, at + 3, isHexDigit) : endOfDecimal(sql, at);
  const after = endOfIdentifier(sql, end);
  if (after > end) return -after;
  return separatorsAreLegal(sql, at, end, hexadecimal) ? end : -end;
}

function endOfDecimal(sql: string, at: number): number {
  let end = endOfDigits(sql, at, isDigit);
  if (sql.charAt(end) === '.') end = endOfDigits(sql, end + 1, isDigit);
  if ((sql.charCodeAt(end) | 0x20) !== 0x65) return end;
  const sign = sql.charAt(end + 1);
  const exponent = sign === '+' || sign === '-' ? end + 2 : end + 1;
  return isDigit(sql.charCodeAt(exponent)) ? endOfDigits(sql, exponent, isDigit) : end;
}

function endOfDigits(sql: string, at: number, isOne: (code: number) => boolean): number {
  let code = sql.charCodeAt(at);
  while (isOne(code) || code === UNDERSCORE) code = sql.charCodeAt(++at);
  return at;
}

/** Since 3.46 digits may be separated by single underscores (sqlite3DequoteNumber). */
function separatorsAreLegal(sql: string, at: number, end: number, hexadecimal: boolean): boolean {
  const isOne = hexadecimal ? isHexDigit : isDigit;
  for (let each = at; each < end; each++) {
    if (sql.charCodeAt(each) !== UNDERSCORE) continue;
    if (!isOne(sql.charCodeAt(each - 1)) || !isOne(sql.charCodeAt(each + 1))) return false;
  }
  return true;
}

/**
 * `?`, `?NNN`, or one of `: @ $ #` and a name. The name may hold `::`, and once it has a character
 * it may end in parentheses around anything but white space: Tcl's array variables.
 */
export function endOfParameter(sql: string, at: number): number {
  let end = at + 1;
  if (sql.charAt(at) === '?') {
    while (isDigit(sql.charCodeAt(end))) end++;
    return end;
  }
  let named = false;
  for (;;) {
    const code = sql.charCodeAt(end);
    if (isIdentifier(code)) {
      named = true;
      end++;
    } else if (code === 0x3a && sql.charCodeAt(end + 1) === 0x3a) end += 2;
    else if (code === 0x28 && named) return endOfSuffix(sql, end + 1);
    else return named ? end : -end;
  }
}

function endOfSuffix(sql: string, at: number): number {
  for (; at < sql.length; at++) {
    const code = sql.charCodeAt(at);
    if (code === 0x29) return at + 1;
    // Here, unlike between tokens, a vertical tab is as white as the rest.
    if (isSpace(code) || code === 0x0b) break;
  }
  return -at;
}

/** Punctuation, the longest operator first; a character that is none is a token of its own. */
export function endOfOperator(sql: string, at: number): number {
  const after = sql.charAt(at + 1);
  switch (sql.charAt(at)) {
    case '-':
      if (after !== '>') return at + 1;
      return sql.charAt(at + 2) === '>' ? at + 3 : at + 2;
    case '=':
      return after === '=' ? at + 2 : at + 1;
    case '<':
      return after === '=' || after === '>' || after === '<' ? at + 2 : at + 1;
    case '>':
      return after === '=' || after === '>' ? at + 2 : at + 1;
    case '|':
      return after === '|' ? at + 2 : at + 1;
    case '!':
      return after === '=' ? at + 2 : -(at + 1);
    case '(':
    case ')':
    case ',':
    case '.':
    case ';':
    case '+':
    case '*':
    case '/':
    case '%':
    case '&':
    case '~':
      return at + 1;
    default:
      return -(at + 1);
  }
}
