import { closing, isAt, type Lexeme } from './lexeme.ts';

/** Where in the schema an expression is kept. */
export type SchemaPlace = 'check' | 'generated' | 'index' | 'partial-index';

/** An expression, or several in a row, that the schema keeps and SQLite evaluates for every row. */
export interface SchemaExpression {
  readonly where: SchemaPlace;
  readonly lexemes: readonly Lexeme[];
}

/**
 * The expressions that a CREATE TABLE, a CREATE INDEX or an ALTER TABLE adds to the schema and that
 * must give the same value at any time. DEFAULT is none: it is evaluated once for a row. A view's
 * and a trigger's text is none either.
 */
export function schemaExpressions(list: readonly Lexeme[]): SchemaExpression[] {
  if (isAt(list, 0, 'alter')) return columnExpressions(list, 0, list.length);
  if (!isAt(list, 0, 'create')) return [];
  const at = isAt(list, 1, 'temp') || isAt(list, 1, 'temporary') ? 2 : 1;
  if (isAt(list, at, 'table')) return tableExpressions(list);
  const isIndex = isAt(list, isAt(list, 1, 'unique') ? 2 : 1, 'index');
  return isIndex ? indexExpressions(list) : [];
}

function tableExpressions(list: readonly Lexeme[]): SchemaExpression[] {
  for (let at = 0; at < list.length; at++) {
    // CREATE TABLE … AS SELECT keeps no expression.
    if (isAt(list, at, 'as')) return [];
    if (isAt(list, at, '(')) return columnExpressions(list, at + 1, closing(list, at));
  }
  return [];
}

/** `CHECK (…)` and `[GENERATED ALWAYS] AS (…)` between `from` and `to`, outside parentheses. */
function columnExpressions(list: readonly Lexeme[], from: number, to: number): SchemaExpression[] {
  const found: SchemaExpression[] = [];
  for (let at = from; at < to; at++) {
    if (!isAt(list, at, '(')) continue;
    const end = closing(list, at);
    const where = isAt(list, at - 1, 'check')
      ? 'check'
      : isAt(list, at - 1, 'as')
        ? 'generated'
        : null;
    if (where !== null) found.push({ where, lexemes: list.slice(at + 1, end) });
    at = end;
  }
  return found;
}

/** What is indexed, and the condition of a partial index. */
function indexExpressions(list: readonly Lexeme[]): SchemaExpression[] {
  const open = list.findIndex((_, at) => isAt(list, at, '('));
  if (open < 0) return [];
  const end = closing(list, open);
  const keys: SchemaExpression = { where: 'index', lexemes: list.slice(open + 1, end) };
  if (!isAt(list, end + 1, 'where')) return [keys];
  return [keys, { where: 'partial-index', lexemes: list.slice(end + 2) }];
}
