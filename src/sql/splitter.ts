/**
 * Splits a script that arrives in pieces. Every character is looked at once, however small the
 * pieces are: what a token needs to know of the piece before it is a mode, and at most two
 * characters (an operator or comment mark cut in the middle) wait for the next piece.
 *
 * The lexical rules are those of tokenize.ts, reduced to what a semicolon can hide in. A doubled
 * quote is two strings side by side here, which ends statements at the same places.
 */

import {
  BYTE_ORDER_MARK,
  endOfIdentifier,
  endOfSpace,
  isDigit,
  isIdentifier,
  isSpace,
  VERTICAL_TAB,
} from './characters.ts';
import type { ScriptStatement } from './split.ts';
import {
  heedsWords,
  nextState,
  SIGNAL_LENGTH_MAX,
  type Signal,
  signalOfWord,
  type StatementState,
} from './statement-state.ts';

/** What a script so far is waiting for, for a prompt to show. */
export type Pending = 'statement' | 'trigger' | 'string' | 'name' | 'comment';

/** What the text is in the middle of; `token`: of nothing, `ordinal`: of the digits after `?`. */
type Mode =
  | 'token'
  | 'space'
  | 'word'
  | 'ordinal'
  | 'parameter'
  | 'parameter-suffix'
  | 'quoted'
  | 'line-comment'
  | 'block-comment';

/** Answered by a step that cannot go on without the text that follows. */
const NEEDS_MORE = -1;

/** Takes a script in pieces of any size and gives its statements as they become complete. */
export class StatementSplitter {
  #mode: Mode = 'token';
  #state: StatementState = 'start';
  /** In `quoted`: the character that ends it. */
  #close = '';
  /** In `word`: the word so far, as much of it as can matter. */
  #word = '';
  /** In `parameter`: whether its name has a character yet. */
  #named = false;
  /** Characters that mean nothing without those that follow. */
  #carry = '';
  /** Where the piece being scanned begins in the script. */
  #base = 0;
  /** Where the statement begins in the script; -1 before its first token. */
  #start = -1;
  /** Where the statement's last token so far ends in the script. */
  #end = 0;
  /** The statement's text in earlier pieces. */
  #parts: string[] = [];
  /** No text follows: whatever is cut in the middle stays so. */
  #final = false;

  /** Takes the next piece; returns the statements it completes, with positions in the script. */
  push(text: string): ScriptStatement[] {
    const piece = this.#carry + text;
    const statements: ScriptStatement[] = [];
    let at = 0;
    while (at < piece.length) {
      const next = this.#step(piece, at);
      if (next === NEEDS_MORE) break;
      at = next;
      if (this.#isComplete()) statements.push(this.#take(piece, at));
    }
    this.#keep(piece, at);
    return statements;
  }

  /**
   * Ends the script: returns what has no semicolon at its end, be it a whole statement or not; null
   * when there is nothing but blanks. The splitter is then as at the beginning.
   */
  finish(): ScriptStatement | null {
    this.#final = true;
    this.push('');
    const start = this.#start;
    const end = this.#end;
    const text = start < 0 ? '' : this.#parts.join('').slice(0, end - start);
    this.reset();
    return start < 0 ? null : { text, start, end };
  }

  /** Forgets what is buffered and where the script was: a script begins with the next piece. */
  reset(): void {
    this.#mode = 'token';
    this.#state = 'start';
    this.#carry = '';
    this.#base = 0;
    this.#start = -1;
    this.#parts = [];
    this.#final = false;
  }

  /** What the text so far is in the middle of; null between statements. */
  pending(): Pending | null {
    if (this.#mode === 'quoted') return this.#close === "'" ? 'string' : 'name';
    if (this.#mode === 'block-comment') return 'comment';
    if (this.#start < 0) return this.#carry === '' ? null : 'statement';
    const state = this.#state;
    const inTrigger = state === 'trigger' || state === 'semicolon' || state === 'end';
    return inTrigger ? 'trigger' : 'statement';
  }

  /** UTF-16 units of the statement that is not complete yet, for a caller to limit. */
  get bufferedLength(): number {
    return this.#start < 0 ? 0 : this.#base - this.#start;
  }

  /** Whether the token just read was the semicolon that ends a statement. */
  #isComplete(): boolean {
    return this.#state === 'start' && this.#start >= 0 && this.#mode === 'token';
  }

  #take(piece: string, at: number): ScriptStatement {
    const start = this.#start;
    const here = piece.slice(Math.max(0, start - this.#base), at);
    const text = this.#parts.length === 0 ? here : this.#parts.join('') + here;
    this.#start = -1;
    this.#parts = [];
    return { text, start, end: this.#base + at };
  }

  #keep(piece: string, at: number): void {
    if (this.#start >= 0) this.#parts.push(piece.slice(Math.max(0, this.#start - this.#base), at));
    this.#carry = piece.slice(at);
    this.#base += at;
  }

  /** Goes on from `at`, by one token or to the end of the piece. */
  #step(piece: string, at: number): number {
    switch (this.#mode) {
      case 'token':
        return this.#begin(piece, at);
      case 'space':
        return this.#space(piece, at);
      case 'word':
        return this.#continueWord(piece, at);
      case 'ordinal':
        return this.#continueOrdinal(piece, at);
      case 'parameter':
        return this.#continueParameter(piece, at);
      case 'parameter-suffix':
        return this.#continueSuffix(piece, at);
      case 'quoted':
        return this.#continueQuoted(piece, at);
      case 'line-comment':
        return this.#continueLineComment(piece, at);
      case 'block-comment':
        return this.#continueBlockComment(piece, at);
    }
  }

  #begin(piece: string, at: number): number {
    const code = piece.charCodeAt(at);
    switch (code) {
      case 0x3b: // ;
        return this.#semicolon(at);
      case 0x27: // '
      case 0x22: // "
      case 0x60: // `
        return this.#open(at, piece.charAt(at));
      case 0x5b: // [
        return this.#open(at, ']');
      case 0x3f: // ?
        this.#mode = 'ordinal';
        return this.#mark('other', at, at + 1);
      case 0x24: // $
      case 0x40: // @
      case 0x23: // #
      case 0x3a: // :
        this.#mode = 'parameter';
        this.#named = false;
        return this.#mark('other', at, at + 1);
      case 0x2d: // -
        return this.#dash(piece, at);
      case 0x2f: // /
        return this.#slash(piece, at);
      case BYTE_ORDER_MARK:
        return at + 1;
    }
    if (isIdentifier(code)) return this.#beginWord(piece, at);
    return isSpace(code) ? this.#space(piece, at) : this.#mark('other', at, at + 1);
  }

  /** Notes that a token reaches from `at` to `end` and what it is; returns `end`. */
  #mark(signal: Signal, at: number, end: number): number {
    if (this.#start < 0) this.#start = this.#base + at;
    this.#end = this.#base + end;
    if (this.#state !== 'normal' || signal === 'semicolon')
      this.#state = nextState(this.#state, signal);
    return end;
  }

  #semicolon(at: number): number {
    return this.#start < 0 ? at + 1 : this.#mark('semicolon', at, at + 1);
  }

  #space(piece: string, at: number): number {
    const end = endOfSpace(piece, at);
    this.#mode = end === piece.length ? 'space' : 'token';
    return end;
  }

  #beginWord(piece: string, at: number): number {
    const end = endOfIdentifier(piece, at + 1);
    if (end === piece.length) {
      this.#mode = 'word';
      this.#word = '';
      // Its signal waits for its end; that there is a token does not.
      if (this.#start < 0) this.#start = this.#base + at;
      return this.#continueWord(piece, at);
    }
    const heeds = heedsWords(this.#state);
    return this.#mark(heeds ? signalOfWord(piece.slice(at, end)) : 'other', at, end);
  }

  #continueWord(piece: string, at: number): number {
    const end = endOfIdentifier(piece, at);
    if (this.#word.length <= SIGNAL_LENGTH_MAX)
      this.#word += piece.slice(at, Math.min(end, at + SIGNAL_LENGTH_MAX + 1));
    this.#end = this.#base + end;
    if (end === piece.length) return end;
    this.#mode = 'token';
    return this.#mark(signalOfWord(this.#word), at, end);
  }

  #continueOrdinal(piece: string, at: number): number {
    let end = at;
    while (isDigit(piece.charCodeAt(end))) end++;
    this.#end = this.#base + end;
    if (end < piece.length) this.#mode = 'token';
    return end;
  }

  #continueParameter(piece: string, at: number): number {
    let end = at;
    for (; end < piece.length; end++) {
      const code = piece.charCodeAt(end);
      if (isIdentifier(code)) {
        this.#named = true;
        continue;
      }
      if (code === 0x3a) {
        if (end + 1 === piece.length && !this.#final) break;
        if (piece.charCodeAt(end + 1) === 0x3a) {
          end++;
          continue;
        }
      }
      this.#mode = code === 0x28 && this.#named ? 'parameter-suffix' : 'token';
      break;
    }
    this.#end = this.#base + end;
    // A colon at the end of the piece may be half of a `::`.
    return end === at && this.#mode === 'parameter' ? NEEDS_MORE : end;
  }

  #continueSuffix(piece: string, at: number): number {
    let end = at;
    for (; end < piece.length; end++) {
      const code = piece.charCodeAt(end);
      if (code !== 0x29 && !isSpace(code) && code !== VERTICAL_TAB) continue;
      this.#mode = 'token';
      if (code === 0x29) end++;
      break;
    }
    this.#end = this.#base + end;
    return end;
  }

  #open(at: number, close: string): number {
    this.#mode = 'quoted';
    this.#close = close;
    return this.#mark('other', at, at + 1);
  }

  #continueQuoted(piece: string, at: number): number {
    const close = piece.indexOf(this.#close, at);
    const end = close < 0 ? piece.length : close + 1;
    if (close >= 0) this.#mode = 'token';
    this.#end = this.#base + end;
    return end;
  }

  #dash(piece: string, at: number): number {
    if (at + 1 === piece.length && !this.#final) return NEEDS_MORE;
    if (piece.charCodeAt(at + 1) !== 0x2d) return this.#mark('other', at, at + 1);
    this.#mode = 'line-comment';
    return at + 2;
  }

  #slash(piece: string, at: number): number {
    if (at + 1 === piece.length && !this.#final) return NEEDS_MORE;
    if (piece.charCodeAt(at + 1) !== 0x2a) return this.#mark('other', at, at + 1);
    // A comment opened by the last two characters of a text is a division to SQLite.
    if (at + 2 === piece.length) return this.#final ? this.#mark('other', at, at + 1) : NEEDS_MORE;
    this.#mode = 'block-comment';
    return at + 2;
  }

  #continueLineComment(piece: string, at: number): number {
    const end = piece.indexOf('\n', at);
    if (end < 0) return piece.length;
    this.#mode = 'token';
    return end;
  }

  #continueBlockComment(piece: string, at: number): number {
    const close = piece.indexOf('*/', at);
    if (close >= 0) {
      this.#mode = 'token';
      return close + 2;
    }
    if (this.#final || !piece.endsWith('*')) return piece.length;
    return piece.length - 1 === at ? NEEDS_MORE : piece.length - 1;
  }
}
