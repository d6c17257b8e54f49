/**
 * Words and names as SQLite compares them: ASCII letters fold, everything else is itself.
 * `toLowerCase` alone would fold too much (U+212A, the Kelvin sign, becomes a plain k).
 */

/** `text` with A to Z in lower case and all else untouched (sqlite3UpperToLower). */
export function foldAscii(text: string): string {
  // No character outside ASCII: the common case, and then both foldings are the same.
  if (!/[^\0-\x7f]/.test(text)) return text.toLowerCase();
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/**
 * The name or text that a token stands for: quotes of any of SQLite's four kinds removed and
 * doubled quotes inside made single (sqlite3Dequote). Anything unquoted is returned as it is.
 */
export function dequote(token: string): string {
  const quote = token[0];
  if (quote === '[') return token.slice(1, -1);
  if (quote !== "'" && quote !== '"' && quote !== '`') return token;
  const inside = token.slice(1, -1);
  return inside.includes(quote) ? inside.replaceAll(quote + quote, quote) : inside;
}

/** The form of a name that two spellings of it share: without quotes, ASCII letters folded. */
export function foldName(token: string): string {
  return foldAscii(dequote(token));
}
