import assert from 'node:assert/strict';
import { test } from 'node:test';

import { onlyReads } from './only-reads.ts';

function reads(...texts: readonly string[]): boolean {
  return onlyReads(texts.map((sql) => ({ sql, positional: [], named: [] })));
}

test('onlyReads() is true when every statement reads', () => {
  assert.equal(reads('SELECT 1'), true);
  assert.equal(reads('SELECT 1; SELECT 2;', ' values (1) ', 'EXPLAIN DELETE FROM t'), true);
  assert.equal(reads("-- note; no statement\nSELECT ';'"), true);
  assert.equal(reads(''), true);
});

test('onlyReads() is false when one statement writes, wherever it stands', () => {
  assert.equal(reads('INSERT INTO t VALUES(1)'), false);
  assert.equal(reads('SELECT 1', 'DELETE FROM t'), false);
  assert.equal(reads('SELECT 1; DELETE FROM t'), false);
  assert.equal(reads('SELECT 1;DELETE FROM t;'), false);
  assert.equal(reads('; ; DELETE FROM t'), false);
  assert.equal(reads('WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x'), false);
});

test('onlyReads() is false for transaction control and refused statements', () => {
  assert.equal(reads('BEGIN'), false);
  assert.equal(reads("ATTACH 'x' AS y"), false);
});
