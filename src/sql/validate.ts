import { SQL_TEXT_LENGTH_MAX } from './limits.ts';

/** A refusal, as a value: this room never throws on what comes from outside. */
export interface Refusal {
  readonly ok: false;
  readonly message: string;
}

/**
 * Whether a statement's text may be handed to SQLite at all; null when it may. Whatever SQLite
 * answers by itself, syntax errors above all, is left to it; so are lone surrogates, which become
 * U+FFFD on the way.
 */
export function validateText(sql: string, lengthMax: number = SQL_TEXT_LENGTH_MAX): Refusal | null {
  if (sql.length > lengthMax)
    return refusal(
      `Cannot execute a statement of ${sql.length} characters: the limit is ${lengthMax}; ` +
        'pass large values as parameters, or use several statements',
    );
  const at = sql.indexOf('\0');
  // SQLite takes the text up to there for the whole statement and says nothing.
  if (at >= 0)
    return refusal(
      `Cannot execute a statement with a NUL character (at ${at}): ` +
        'pass the value as a parameter, or write it with char(0)',
    );
  return null;
}

function refusal(message: string): Refusal {
  return { ok: false, message };
}
