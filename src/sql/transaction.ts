import type { TokenCursor } from './tokenize.ts';
import { dequote } from './words.ts';

/** What a transaction statement asks for. */
export type TransactionStatement =
  | { readonly verb: 'begin'; readonly mode: 'deferred' | 'immediate' | 'exclusive' }
  | { readonly verb: 'commit' }
  /** `savepoint` is where to go back to (`ROLLBACK TO`); null ends the transaction. */
  | { readonly verb: 'rollback'; readonly savepoint: string | null }
  | { readonly verb: 'savepoint' | 'release'; readonly savepoint: string };

/** A transaction statement, or why it is none in SQLite's own words. */
export type TransactionParse =
  | { readonly ok: true; readonly transaction: TransactionStatement }
  | { readonly ok: false; readonly message: string };

/**
 * Reads the statement whose first word, `verb`, `cursor` stands on; END is `commit`. The whole
 * statement is checked, because the one who acts on the answer need never show it to SQLite.
 * Savepoint names are without quotes, in their own case; SQLite compares them without regard to it.
 */
export function parseTransaction(
  verb: TransactionStatement['verb'],
  cursor: TokenCursor,
): TransactionParse {
  cursor.nextSignificant();
  const transaction = parse(verb, cursor);
  if (transaction !== null && cursor.isMark(';')) cursor.nextSignificant();
  if (transaction !== null && cursor.kind === 'end') return { ok: true, transaction };
  const message =
    cursor.kind === 'end' ? 'incomplete input' : `near "${cursor.text}": syntax error`;
  return { ok: false, message };
}

/** Leaves the cursor on the first token that is not understood. */
function parse(
  verb: TransactionStatement['verb'],
  cursor: TokenCursor,
): TransactionStatement | null {
  switch (verb) {
    case 'begin': {
      const mode = parseMode(cursor);
      skipTransactionWord(cursor);
      return { verb, mode };
    }
    case 'commit':
      skipTransactionWord(cursor);
      return { verb };
    case 'rollback': {
      skipTransactionWord(cursor);
      if (!skipWord(cursor, 'to')) return { verb, savepoint: null };
      skipWord(cursor, 'savepoint');
      const savepoint = parseName(cursor);
      return savepoint === null ? null : { verb, savepoint };
    }
    case 'savepoint':
    case 'release': {
      if (verb === 'release') skipWord(cursor, 'savepoint');
      const savepoint = parseName(cursor);
      return savepoint === null ? null : { verb, savepoint };
    }
  }
}

function parseMode(cursor: TokenCursor): 'deferred' | 'immediate' | 'exclusive' {
  if (skipWord(cursor, 'immediate')) return 'immediate';
  if (skipWord(cursor, 'exclusive')) return 'exclusive';
  skipWord(cursor, 'deferred');
  return 'deferred';
}

/** `TRANSACTION`, and the name that may follow it and means nothing. */
function skipTransactionWord(cursor: TokenCursor): void {
  if (skipWord(cursor, 'transaction') && !cursor.isWord('to')) parseName(cursor);
}

function skipWord(cursor: TokenCursor, word: string): boolean {
  const found = cursor.isWord(word);
  if (found) cursor.nextSignificant();
  return found;
}

function parseName(cursor: TokenCursor): string | null {
  const { kind } = cursor;
  if (kind !== 'word' && kind !== 'name' && kind !== 'string') return null;
  const name = dequote(cursor.text);
  cursor.nextSignificant();
  return name;
}
