/**
 * What one statement is, decided from its first words: whether it may go to a reader, must be
 * replicated, belongs to the transaction logic, or is refused. SQLite checks the rest of the
 * statement when it is prepared; what is not even a statement counts as a read, so that a
 * connection that cannot write gives SQLite's own message.
 */

import { parsePragma, type Pragma } from './pragma.ts';
import { type PragmaUse, usePragma } from './pragmas.ts';
import {
  isInternalName,
  refuseLocalNames,
  refuseModuleArguments,
  refuseNames,
} from './reserved.ts';
import type {
  ReadStatement,
  RefusedStatement,
  StatementClass,
  WriteStatement,
} from './statement-class.ts';
import { TokenCursor } from './tokenize.ts';
import { parseTransaction, type TransactionStatement } from './transaction.ts';
import { type Verb, verbAt } from './verb.ts';
import { foldName } from './words.ts';

/**
 * Classifies the first statement in `sql`; what follows its semicolon is not looked at, so split
 * scripts before (`splitStatements`). Never throws.
 */
export function classify(sql: string): StatementClass {
  const cursor = new TokenCursor(sql);
  do cursor.nextSignificant();
  while (cursor.isMark(';'));
  const verb = verbAt(cursor);
  const message = refuseNames(sql);
  return message === null ? classifyVerb(verb, cursor) : refused(verb, message);
}

/** `cursor` stands on the verb. */
function classifyVerb(verb: Verb, cursor: TokenCursor): StatementClass {
  switch (verb) {
    case 'select':
    case 'values':
    case 'empty':
    case 'other':
      return read(verb);
    case 'insert':
    case 'replace':
    case 'update':
    case 'delete':
      return refusedForNames(verb, cursor.sql) ?? changing(verb, hasReturning(cursor));
    case 'drop':
    case 'alter':
    case 'analyze':
    case 'reindex':
      return changing(verb, false);
    case 'create':
      return classifyCreate(cursor);
    case 'explain':
      return classifyExplain(cursor);
    case 'pragma':
      return classifyPragma(parsePragma(cursor));
    case 'vacuum':
      return classifyVacuum(cursor);
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'savepoint':
    case 'release':
      return classifyTransaction(verb, cursor);
    case 'attach':
      return refused(
        verb,
        'Cannot ATTACH a database: other nodes do not have the file; give the tables to this ' +
          'database, or open the other one through quorlite too',
      );
    case 'detach':
      return refused(verb, 'Cannot DETACH a database: none can be attached');
  }
}

/** RETURNING is reserved, so a bare word of that spelling in a statement is the clause. */
function hasReturning(cursor: TokenCursor): boolean {
  if (!/returning/i.test(cursor.sql)) return false;
  while (cursor.nextSignificant() !== 'end' && !cursor.isMark(';'))
    if (cursor.isWord('returning')) return true;
  return false;
}

function classifyCreate(cursor: TokenCursor): StatementClass {
  cursor.nextSignificant();
  if (cursor.isWord('temp') || cursor.isWord('temporary')) return refusedTemporary();
  if (cursor.isWord('virtual')) {
    const message = refuseModuleArguments(cursor.sql);
    if (message !== null) return refused('create', message);
    cursor.nextSignificant();
  }
  if (cursor.isWord('unique')) cursor.nextSignificant();
  // A view is looked into when it is read, not now.
  const isView = cursor.isWord('view');
  return (
    (namesTemporarySchema(cursor) ? refusedTemporary() : null) ??
    (isView ? null : refusedForNames('create', cursor.sql)) ??
    changing('create', false)
  );
}

/** Whether what follows TABLE, INDEX, VIEW or TRIGGER is `temp.name`. */
function namesTemporarySchema(cursor: TokenCursor): boolean {
  cursor.nextSignificant();
  if (cursor.isWord('if')) {
    cursor.nextSignificant();
    // IF NOT EXISTS; a table may also be called "if".
    if (!cursor.isWord('not')) return false;
    cursor.nextSignificant();
    cursor.nextSignificant();
  }
  const name = foldName(cursor.text);
  cursor.nextSignificant();
  return name === 'temp' && cursor.isMark('.');
}

function refusedTemporary(): StatementClass {
  return refused(
    'create',
    'Cannot create a temporary object: it would live in one connection of one node; ' +
      'use WITH, or a table',
  );
}

/**
 * EXPLAIN executes nothing, except that SQLite carries out most settings while it compiles them:
 * EXPLAIN PRAGMA foreign_keys=off turns them off (https://www.sqlite.org/pragma.html).
 */
function classifyExplain(cursor: TokenCursor): StatementClass {
  cursor.nextSignificant();
  if (cursor.isWord('query')) {
    cursor.nextSignificant();
    cursor.nextSignificant();
  }
  if (!cursor.isWord('pragma')) return read('explain');
  const inner = classifyPragma(parsePragma(cursor));
  if (inner.kind === 'read') return read('explain');
  const message = 'Cannot EXPLAIN this PRAGMA: SQLite would carry it out';
  return refused('explain', inner.kind === 'refused' ? inner.message : message);
}

function classifyPragma(pragma: Pragma): StatementClass {
  const { name, value } = pragma;
  // SQLite has a message for a PRAGMA without a name.
  if (name === '') return read('pragma');
  if (value !== null && isInternalName(value))
    return refused('pragma', `Cannot use ${value}: it belongs to quorlite`);
  const use: PragmaUse = usePragma(pragma);
  switch (use.kind) {
    case 'read':
      return read('pragma');
    case 'refused':
      return refused('pragma', use.message);
    case 'write':
    case 'setting':
    case 'scoped':
      return {
        verb: 'pragma',
        kind: 'write',
        hasReturning: false,
        alone: use.kind === 'setting',
        pragma: { ...pragma, use: use.kind },
      };
  }
}

function classifyVacuum(cursor: TokenCursor): StatementClass {
  while (cursor.nextSignificant() !== 'end' && !cursor.isMark(';'))
    if (cursor.isWord('into'))
      return refused(
        'vacuum',
        'Cannot VACUUM INTO a file: every node would write it; take a backup instead',
      );
  return { verb: 'vacuum', kind: 'write', hasReturning: false, alone: true, pragma: null };
}

function classifyTransaction(
  verb: TransactionStatement['verb'],
  cursor: TokenCursor,
): StatementClass {
  const parsed = parseTransaction(verb, cursor);
  if (!parsed.ok) return refused(verb, parsed.message);
  const { transaction } = parsed;
  return { verb, kind: 'transaction', hasReturning: false, alone: false, transaction };
}

function refusedForNames(verb: Verb, sql: string): StatementClass | null {
  const message = refuseLocalNames(sql);
  return message === null ? null : refused(verb, message);
}

function read(verb: Verb): ReadStatement {
  return { verb, kind: 'read', hasReturning: false, alone: false };
}

function changing(verb: Verb, hasReturning: boolean): WriteStatement {
  return { verb, kind: 'write', hasReturning, alone: false, pragma: null };
}

function refused(verb: Verb, message: string): RefusedStatement {
  return { verb, kind: 'refused', hasReturning: false, alone: false, message };
}
