import { TokenCursor, type TokenKind } from './tokenize.ts';
import { foldAscii } from './words.ts';

/** A token with its text, for statements that are rare enough to afford an object each. */
export interface Lexeme {
  readonly kind: TokenKind;
  /** As written, but with ASCII letters folded in a word. */
  readonly text: string;
}

/** The tokens of the first statement in `sql`, without blanks and without its semicolon. */
export function lexemes(sql: string): Lexeme[] {
  const found: Lexeme[] = [];
  const cursor = new TokenCursor(sql);
  do cursor.nextSignificant();
  while (cursor.isMark(';'));
  // A semicolon in a trigger's body ends the list early; nobody asks for what follows.
  for (; cursor.kind !== 'end' && !cursor.isMark(';'); cursor.nextSignificant()) {
    const { kind, text } = cursor;
    found.push({ kind, text: kind === 'word' ? foldAscii(text) : text });
  }
  return found;
}

/** Whether the lexeme at `at` is the bare word or the punctuation `text`. */
export function isAt(list: readonly Lexeme[], at: number, text: string): boolean {
  const lexeme = list[at];
  if (lexeme === undefined || lexeme.text !== text) return false;
  return lexeme.kind === 'word' || lexeme.kind === 'operator';
}

/** The index of the parenthesis that closes the one at `open`; the end of the list without one. */
export function closing(list: readonly Lexeme[], open: number): number {
  let depth = 0;
  for (let at = open; at < list.length; at++) {
    if (isAt(list, at, '(')) depth++;
    else if (isAt(list, at, ')') && --depth === 0) return at;
  }
  return list.length;
}

/** The comma-separated parts between the parenthesis at `open` and the one that closes it. */
export function parts(list: readonly Lexeme[], open: number): Lexeme[][] {
  const end = closing(list, open);
  if (open + 1 === end) return [];
  const found: Lexeme[][] = [];
  let begin = open + 1;
  for (let at = begin; at < end; at++) {
    if (isAt(list, at, '(')) at = closing(list, at);
    else if (isAt(list, at, ',')) {
      found.push(list.slice(begin, at));
      begin = at + 1;
    }
  }
  found.push(list.slice(begin, end));
  return found;
}
