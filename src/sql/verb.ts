import type { TokenCursor } from './tokenize.ts';

/** Every word that a statement of SQLite's can begin with, except WITH and END. */
const VERB_WORDS = [
  'select',
  'values',
  'insert',
  'replace',
  'update',
  'delete',
  'create',
  'drop',
  'alter',
  'pragma',
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'release',
  'attach',
  'detach',
  'vacuum',
  'analyze',
  'reindex',
  'explain',
] as const;

/**
 * What a statement begins with. After WITH it is the verb that follows, END is `commit`, `empty`
 * has no token but semicolons, and `other` is no statement of SQLite's.
 */
export type Verb = (typeof VERB_WORDS)[number] | 'empty' | 'other';

const VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ...VERB_WORDS.map((verb) => [verb, verb] as const),
  ['end', 'commit'],
]);

const AFTER_WITH: ReadonlySet<Verb> = new Set<Verb>([
  'select',
  'values',
  'insert',
  'replace',
  'update',
  'delete',
]);

/** The verb of the statement whose first token `cursor` stands on; leaves it on the verb. */
export function verbAt(cursor: TokenCursor): Verb {
  if (cursor.kind === 'end') return 'empty';
  if (cursor.kind !== 'word') return 'other';
  const word = cursor.folded;
  return word === 'with' ? verbAfterWith(cursor) : (VERBS.get(word) ?? 'other');
}

/**
 * After WITH come `name (columns) AS (select)`, comma-separated: the verb is the first word outside
 * parentheses that follows a closing one and is not AS. Names may be keywords; this skips them.
 */
function verbAfterWith(cursor: TokenCursor): Verb {
  let depth = 0;
  let afterParenthesis = false;
  while (cursor.nextSignificant() !== 'end') {
    if (cursor.isMark('(')) depth++;
    else if (cursor.isMark(')')) depth--;
    else if (depth === 0 && afterParenthesis && cursor.kind === 'word' && !cursor.isWord('as')) {
      const verb = VERBS.get(cursor.folded);
      return verb !== undefined && AFTER_WITH.has(verb) ? verb : 'other';
    }
    afterParenthesis = cursor.isMark(')');
  }
  return 'other';
}
