import type { Statement } from '../command/command.ts';
import { classify } from '../sql/classify.ts';
import { splitStatements } from '../sql/split.ts';

/**
 * Whether none of `statements` has to be replicated, so that they may be answered by a reader.
 * A text may hold several statements: each counts. What is refused or belongs to transactions
 * counts as a write, so that the write path says why it is refused.
 */
export function onlyReads(statements: readonly Statement[]): boolean {
  return statements.every(({ sql }) => isRead(sql));
}

function isRead(sql: string): boolean {
  if (classify(sql).kind !== 'read') return false;
  // Only a text with something behind a semicolon can hold more statements.
  if (!/;\s*\S/.test(sql)) return true;
  return splitStatements(sql).every(({ text }) => classify(text).kind === 'read');
}
