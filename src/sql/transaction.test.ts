import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { TokenCursor } from './tokenize.ts';
import {
  parseTransaction,
  type TransactionParse,
  type TransactionStatement,
} from './transaction.ts';

function parse(sql: string): TransactionParse {
  const cursor = new TokenCursor(sql);
  cursor.nextSignificant();
  const word = cursor.folded;
  return parseTransaction(
    (word === 'end' ? 'commit' : word) as TransactionStatement['verb'],
    cursor,
  );
}

test('parseTransaction() gives what is asked for when the statement is legal', () => {
  const cases: [sql: string, transaction: TransactionStatement][] = [
    ['begin', { verb: 'begin', mode: 'deferred' }],
    ['BEGIN deferred TRANSACTION x;', { verb: 'begin', mode: 'deferred' }],
    ['begin immediate', { verb: 'begin', mode: 'immediate' }],
    ['begin exclusive transaction', { verb: 'begin', mode: 'exclusive' }],
    ['begin transaction immediate', { verb: 'begin', mode: 'deferred' }],
    ['commit transaction', { verb: 'commit' }],
    ['end transaction "x"', { verb: 'commit' }],
    ['rollback', { verb: 'rollback', savepoint: null }],
    ['rollback transaction x', { verb: 'rollback', savepoint: null }],
    ['rollback to a', { verb: 'rollback', savepoint: 'a' }],
    ['rollback transaction to savepoint "A b"', { verb: 'rollback', savepoint: 'A b' }],
    ['rollback transaction x to savepoint y', { verb: 'rollback', savepoint: 'y' }],
    ["savepoint 'it''s'", { verb: 'savepoint', savepoint: "it's" }],
    ['release a', { verb: 'release', savepoint: 'a' }],
    ['release savepoint a -- b', { verb: 'release', savepoint: 'a' }],
  ];
  for (const [sql, transaction] of cases) {
    assert.deepEqual(parse(sql), { ok: true, transaction }, sql);
    assert.equal(syntaxErrorOf(sql), null, sql);
  }
});

test('parseTransaction() says what SQLite says when the statement is not legal', () => {
  const cases = [
    'begin again',
    'begin immediate x',
    'commit x',
    'end end',
    'rollback x',
    'rollback to',
    'rollback to savepoint',
    'savepoint',
    'savepoint 1',
    'savepoint a b',
    'release a, b',
    'release savepoint',
    'release',
    'begin immediate exclusive',
    'commit to a',
    'savepoint ;',
  ];
  for (const sql of cases)
    assert.deepEqual(parse(sql), { ok: false, message: syntaxErrorOf(sql) }, sql);
});

function syntaxErrorOf(sql: string): string | null {
  try {
    new DatabaseSync(':memory:').prepare(sql);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
