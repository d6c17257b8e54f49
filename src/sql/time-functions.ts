import type { Lexeme } from './lexeme.ts';
import { dequote, foldAscii } from './words.ts';

/**
 * Whether a call of one of SQLite's date and time functions depends on the current time or on the
 * time zone (date.c: where `sqlite3NotPureFunc` is asked). False for every other function.
 *
 * Literals decide, wherever they stand in an argument: `date(coalesce(a, 'now'))` counts, though
 * SQLite itself would notice only at a row in which `a` is NULL. A value that comes from a column
 * cannot be seen here.
 */
export function dependsOnClock(name: string, args: readonly (readonly Lexeme[])[]): boolean {
  switch (name) {
    case 'date':
    case 'time':
    case 'datetime':
    case 'julianday':
    case 'unixepoch':
      return args.length === 0 || isNow(args[0]) || args.slice(1).some(isZone);
    case 'strftime':
      return args.length === 1 || isNow(args[1]) || args.slice(2).some(isZone);
    case 'timediff':
      return args.some(isNow);
    default:
      return false;
  }
}

/** A time value that is the current time; `subsec` as the first value means it too. */
function isNow(argument: readonly Lexeme[] | undefined): boolean {
  return literals(argument ?? []).some(
    (text) => text === 'now' || text === 'subsec' || text === 'subsecond',
  );
}

/** A modifier that converts with the time zone of the machine. */
function isZone(argument: readonly Lexeme[]): boolean {
  return literals(argument).some((text) => text === 'localtime' || text === 'utc');
}

function literals(argument: readonly Lexeme[]): string[] {
  return argument.flatMap(({ kind, text }) => {
    if (kind === 'string') return [foldAscii(dequote(text))];
    // A misquoted string literal, unless a column has that name.
    if (kind === 'name' && text.startsWith('"')) return [foldAscii(dequote(text))];
    return kind === 'blob' ? [foldAscii(textOfBlob(text))] : [];
  });
}

/** The characters of `x'…'`, enough to recognise an ASCII word. */
function textOfBlob(literal: string): string {
  const bytes = literal.slice(2, -1).match(/../g) ?? [];
  return String.fromCharCode(...bytes.slice(0, 16).map((byte) => Number.parseInt(byte, 16)));
}
