/**
 * SQLite's tokenizer (tokenize.c, `sqlite3GetToken`): the same text gives the same tokens, quirks
 * included, so that what we decide from tokens is what the engine will see. Where the engine says
 * `unrecognized token` the kind is `illegal`. Nothing throws and nothing is allocated per token.
 */

import {
  BYTE_ORDER_MARK,
  endOfIdentifier,
  endOfSpace,
  isDigit,
  isIdentifier,
  isSpace,
} from './characters.ts';
import {
  endOfBlob,
  endOfBlockComment,
  endOfLineComment,
  endOfNumber,
  endOfOperator,
  endOfParameter,
  endOfQuoted,
} from './token-end.ts';
import { foldAscii } from './words.ts';

/**
 * - `word`: a keyword or a bare identifier; which of the two only the grammar knows.
 * - `name`: an identifier in `"…"`, `[…]` or backticks; `"…"` may also be a misquoted string.
 * - `string`: `'…'`, which SQLite also takes as a name where only a name can stand.
 * - `parameter`: `?`, `?NNN`, and `:a`, `@a`, `$a`, `#a` with Tcl's `::` and `(…)` suffixes.
 * - `operator`: all punctuation, the semicolon included.
 */
export type TokenKind =
  | 'space'
  | 'comment'
  | 'word'
  | 'name'
  | 'string'
  | 'blob'
  | 'number'
  | 'parameter'
  | 'operator'
  | 'illegal'
  | 'end';

/** A token as a piece of its text. */
export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

/** Walks over the tokens of a text; after `next()` the cursor itself is the token it stands on. */
export class TokenCursor implements Token {
  readonly sql: string;
  #kind: TokenKind = 'space';
  #start = 0;
  #end: number;

  /** Begins at `at`, which must be where a token begins. */
  constructor(sql: string, at = 0) {
    this.sql = sql;
    this.#end = at;
  }

  get kind(): TokenKind {
    return this.#kind;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** The token as it was written. */
  get text(): string {
    return this.sql.slice(this.#start, this.#end);
  }

  /** The token with ASCII letters in lower case: what keywords are compared to. */
  get folded(): string {
    return foldAscii(this.text);
  }

  /** Steps to the next token, blank or not; at the end of the text the kind is `end`, for ever. */
  next(): TokenKind {
    this.#start = this.#end;
    if (this.#start >= this.sql.length) this.#kind = 'end';
    else this.#read(this.sql.charCodeAt(this.#start));
    return this.#kind;
  }

  /** Steps to the next token that is neither white space nor a comment. */
  nextSignificant(): TokenKind {
    do this.next();
    while (this.#kind === 'space' || this.#kind === 'comment');
    return this.#kind;
  }

  /** Whether the token is the bare word `word`, which is given in lower case. */
  isWord(word: string): boolean {
    return this.#kind === 'word' && this.#end - this.#start === word.length && this.folded === word;
  }

  /** Whether the token is the punctuation `mark`, one character that begins no longer operator. */
  isMark(mark: '(' | ')' | ',' | '.' | ';'): boolean {
    return this.#kind === 'operator' && this.sql[this.#start] === mark;
  }

  #read(code: number): void {
    const { sql } = this;
    const at = this.#start;
    if (isIdentifier(code)) this.#readWord(code);
    else if (isSpace(code)) this.#take('space', endOfSpace(sql, at));
    else if (code === 0x27) this.#takeClosed('string', endOfQuoted(sql, at));
    else if (code === 0x22 || code === 0x60 || code === 0x5b)
      this.#takeClosed('name', endOfQuoted(sql, at));
    else if (code === 0x3f || code === 0x3a || code === 0x40 || code === 0x23)
      this.#takeClosed('parameter', endOfParameter(sql, at));
    else if (code === 0x2e && isDigit(sql.charCodeAt(at + 1)))
      this.#takeClosed('number', endOfNumber(sql, at));
    else this.#readMark(code);
  }

  /** What begins with an identifier character is a word but for five exceptions. */
  #readWord(code: number): void {
    const { sql } = this;
    const at = this.#start;
    if (isDigit(code)) this.#takeClosed('number', endOfNumber(sql, at));
    else if (code === 0x24) this.#takeClosed('parameter', endOfParameter(sql, at));
    else if (code === BYTE_ORDER_MARK) this.#take('space', at + 1);
    else if ((code | 0x20) === 0x78 && sql.charCodeAt(at + 1) === 0x27)
      this.#takeClosed('blob', endOfBlob(sql, at));
    else this.#take('word', endOfIdentifier(sql, at + 1));
  }

  #readMark(code: number): void {
    const { sql } = this;
    const at = this.#start;
    const after = sql.charCodeAt(at + 1);
    if (code === 0x2d && after === 0x2d) this.#take('comment', endOfLineComment(sql, at));
    // A comment opened by the last two characters is a division and a product to SQLite.
    else if (code === 0x2f && after === 0x2a && at + 2 < sql.length)
      this.#take('comment', endOfBlockComment(sql, at));
    else this.#takeClosed('operator', endOfOperator(sql, at));
  }

  #take(kind: TokenKind, end: number): void {
    this.#kind = kind;
    this.#end = end;
  }

  /** `end` is negative when the token is no legal one. */
  #takeClosed(kind: TokenKind, end: number): void {
    if (end >= 0) this.#take(kind, end);
    else this.#take('illegal', -end);
  }
}
