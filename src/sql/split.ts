import { StatementSplitter } from './splitter.ts';

/** One statement of a script. */
export interface ScriptStatement {
  /**
   * From its first token up to and including its semicolon; without one (only the last statement
   * can lack it) up to its last token. Comments and white space around it are left out.
   */
  readonly text: string;
  /** Where `text` begins in the script, in UTF-16 units. */
  readonly start: number;
  /** Where `text` ends in the script. */
  readonly end: number;
}

/**
 * The statements of a script as SQLite itself would take them one after the other, the ones it
 * would find wrong included; pieces without a token are none. For text that SQLite accepts,
 * `prepare(text).sourceSQL` is `text`: nothing of it is left over as a tail.
 *
 * The one exception, shared with sqlite3_complete() and so with SQLite's own shell: a bare
 * semicolon among the arguments of CREATE VIRTUAL TABLE ends the statement here.
 */
export function splitStatements(sql: string): ScriptStatement[] {
  const splitter = new StatementSplitter();
  const statements = splitter.push(sql);
  const last = splitter.finish();
  if (last !== null) statements.push(last);
  return statements;
}
