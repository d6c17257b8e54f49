import { TokenCursor } from './tokenize.ts';
import { dequote, foldAscii } from './words.ts';

/** Before a string literal these say that it is a name: `UPDATE 'a'`, `FROM 'a'`, `main.'a'`. */
const BEFORE_NAME = new Set([
  '.',
  'abort',
  'analyze',
  'exists',
  'fail',
  'from',
  'ignore',
  'in',
  'index',
  'into',
  'join',
  'on',
  'references',
  'reindex',
  'replace',
  'rollback',
  'table',
  'to',
  'trigger',
  'update',
  'using',
  'view',
]);

/** Keywords that end the list of tables that FROM began. */
const AFTER_FROM = new Set([
  'except',
  'group',
  'having',
  'intersect',
  'limit',
  'order',
  'returning',
  'select',
  'set',
  'union',
  'values',
  'where',
  'window',
]);

/** A place in a statement that names something. */
export interface NameUse {
  /** Without quotes, ASCII letters folded. */
  readonly name: string;
  /** Whether a parenthesis follows: a function call, or a list of columns or arguments. */
  readonly isCalled: boolean;
}

/**
 * The first name in `sql` that `test` accepts, or null. A name is a word (keywords included), a
 * quoted identifier, or a string literal where SQLite takes one as a table's name, as in
 * `DELETE FROM 'a'`; text in other string literals and in comments is no name.
 */
export function findName(sql: string, test: (use: NameUse) => boolean): NameUse | null {
  const cursor = new TokenCursor(sql);
  const from = new FromTracker();
  let candidate: string | null = null;
  for (;;) {
    const kind = cursor.nextSignificant();
    if (candidate !== null) {
      const use = { name: candidate, isCalled: cursor.isMark('(') };
      if (test(use)) return use;
      candidate = null;
    }
    if (kind === 'end') return null;
    if (kind === 'word' || kind === 'name') candidate = foldAscii(dequote(cursor.text));
    else if (kind === 'string' && from.expectsName()) candidate = foldAscii(dequote(cursor.text));
    from.step(cursor);
  }
}

/**
 * Follows whether a string literal would be a table's name. After most keywords the one token
 * before it tells; after a comma or an opening parenthesis it matters whether FROM's list of
 * tables is going on at that level of parentheses.
 */
class FromTracker {
  /** The token before: a word folded, an operator as it is, anything else empty. */
  #previous = '';
  /** Whether each open level of parentheses is in a list of tables, the innermost last. */
  readonly #levels: boolean[] = [];
  #inFrom = false;

  expectsName(): boolean {
    if (this.#previous === ',' || this.#previous === '(') return this.#inFrom;
    return BEFORE_NAME.has(this.#previous);
  }

  step(cursor: TokenCursor): void {
    const { kind } = cursor;
    const token = kind === 'word' ? cursor.folded : kind === 'operator' ? cursor.text : '';
    if (token === '(') this.#open();
    else if (token === ')') this.#inFrom = this.#levels.pop() ?? false;
    else if (token === 'from') this.#inFrom = this.#previous !== 'distinct';
    else if (AFTER_FROM.has(token)) this.#inFrom = false;
    this.#previous = token;
  }

  #open(): void {
    this.#levels.push(this.#inFrom);
    // Only a parenthesis that stands where a table can stand holds tables itself.
    const isTable = ['from', 'join', ',', '('].includes(this.#previous);
    this.#inFrom = this.#inFrom && isTable;
  }
}
