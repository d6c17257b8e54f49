/**
 * Expressions that the schema keeps and SQLite evaluates again and again: a CHECK, a generated
 * column, an index. If one of them used the time, an index entry could not be found again later.
 *
 * SQLite refuses such uses itself: the time functions at the first row, all else that is not
 * deterministic at the CREATE. On the writer connection it no longer can: our clock functions are
 * registered as deterministic, which they are within one entry; so
 * they are refused here, where native SQLite does and with its words (unstable.test.ts asks it).
 * In a CHECK native SQLite allows random() and CURRENT_TIMESTAMP, and so do we; DEFAULT, triggers
 * and views may use anything.
 */

import { isAt, type Lexeme, lexemes, parts } from './lexeme.ts';
import { schemaExpressions, type SchemaPlace } from './schema-expressions.ts';
import { dependsOnClock } from './time-functions.ts';
import { foldName } from './words.ts';

/** A use that must be refused. */
export interface UnstableExpression {
  readonly where: SchemaPlace;
  /** The function, folded: `date`, `current_timestamp`, `random`. */
  readonly what: string;
  /** As native SQLite puts it. */
  readonly message: string;
}

/** What our connections override among the functions that SQLite never takes for deterministic. */
const NONDETERMINISTIC = new Set([
  'changes',
  'current_date',
  'current_time',
  'current_timestamp',
  'last_insert_rowid',
  'random',
  'randomblob',
  'total_changes',
]);

/** The first unstable expression that a CREATE or ALTER statement would put into the schema. */
export function findUnstableExpression(sql: string): UnstableExpression | null {
  // Most statements are neither, and their tokens need not be collected to know it.
  if (!/create|alter/i.test(sql)) return null;
  for (const expression of schemaExpressions(lexemes(sql))) {
    const found = findIn(expression.lexemes, expression.where);
    if (found !== null) return found;
  }
  return null;
}

function findIn(list: readonly Lexeme[], where: SchemaPlace): UnstableExpression | null {
  for (const [at, { kind, text }] of list.entries()) {
    if (kind !== 'word' && kind !== 'name') continue;
    const what = foldName(text);
    const isCalled = isAt(list, at + 1, '(');
    if (isCalled && dependsOnClock(what, parts(list, at + 1)))
      return { where, what, message: `non-deterministic use of ${what}() in ${TIME[where]}` };
    // CURRENT_DATE and its like need no parentheses, and then no quotes either.
    const isUsed = isCalled || (kind === 'word' && what.startsWith('current_'));
    if (where !== 'check' && isUsed && NONDETERMINISTIC.has(what))
      return { where, what, message: `non-deterministic functions prohibited in ${OTHER[where]}` };
  }
  return null;
}

const TIME: Readonly<Record<SchemaPlace, string>> = {
  check: 'a CHECK constraint',
  generated: 'a generated column',
  index: 'an index',
  'partial-index': 'an index',
};

const OTHER: Readonly<Record<Exclude<SchemaPlace, 'check'>, string>> = {
  generated: 'generated columns',
  index: 'index expressions',
  'partial-index': 'partial index WHERE clauses',
};
