/**
 * Character classes of SQLite's tokenizer (tokenize.c: `aiClass`, `sqlite3CtypeMap`), for UTF-16
 * units. SQLite looks at UTF-8 bytes and lets every byte from 0x80 be part of an identifier, so
 * here every unit from 0x80 is one, lone surrogates included.
 */

const SPACE = 1;
const DIGIT = 2;
const HEX_DIGIT = 4;
const IDENTIFIER = 8;

/** White space to SQLite where a token may begin, a letter inside a word. */
export const BYTE_ORDER_MARK = 0xfeff;

/** Cannot begin white space but continues it, in every SQLite so far. */
export const VERTICAL_TAB = 0x0b;

const CLASSES = classes();

function classes(): Uint8Array {
  const table = new Uint8Array(128);
  const add = (characters: string, bits: number): void => {
    for (let at = 0; at < characters.length; at++) {
      const code = characters.charCodeAt(at);
      table[code] = (table[code] ?? 0) | bits;
    }
  };
  add(' \t\n\f\r', SPACE);
  add('0123456789', DIGIT | HEX_DIGIT | IDENTIFIER);
  add('abcdefABCDEF', HEX_DIGIT);
  add('abcdefghijklmnopqrstuvwxyz', IDENTIFIER);
  add('ABCDEFGHIJKLMNOPQRSTUVWXYZ', IDENTIFIER);
  add('_$', IDENTIFIER);
  return table;
}

/** Whether white space may begin with `code`. */
export function isSpace(code: number): boolean {
  return code < 128 && ((CLASSES[code] ?? 0) & SPACE) !== 0;
}

/** Whether `code` is one of 0 to 9. */
export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Whether `code` is a hexadecimal digit of either case. */
export function isHexDigit(code: number): boolean {
  return code < 128 && ((CLASSES[code] ?? 0) & HEX_DIGIT) !== 0;
}

/** Whether `code` may be in an identifier; `$` and digits may, though they cannot begin one. */
export function isIdentifier(code: number): boolean {
  return code >= 128 || ((CLASSES[code] ?? 0) & IDENTIFIER) !== 0;
}

/** The end of the identifier characters that begin at `at`. NaN, past the end, is none of them. */
export function endOfIdentifier(text: string, at: number): number {
  while (at < text.length && isIdentifier(text.charCodeAt(at))) at++;
  return at;
}

/** The end of the white space that begins at `at`, where white space is known to go on. */
export function endOfSpace(text: string, at: number): number {
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isSpace(code) && code !== VERTICAL_TAB) break;
  }
  return at;
}
