import assert from 'node:assert/strict';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { test } from 'node:test';

import { parameterNames } from './parameters.ts';

const CASES: readonly [sql: string, names: (string | null)[]][] = [
  ['select 1', []],
  ['select ?', [null]],
  ['select ?, ?, ?', [null, null, null]],
  ['select ?2, ?', [null, '?2', null]],
  ['select ?5', [null, null, null, null, '?5']],
  ['select ?005, ?5', [null, null, null, null, '?005']],
  ['select ?, ?1', ['?1']],
  ['select :a, :a, @a, $a, #a', [':a', '@a', '$a', '#a']],
  ['select ?3, :b, ?1, ?', ['?1', null, '?3', ':b', null]],
  ['select :A, :a', [':A', ':a']],
  ['select $a::b(c), :d::e', ['$a::b(c)', ':d::e']],
  [`select '?', "t"."?", [?], ':a' -- ?\n, ? /* ? */`, [null]],
  ['select :1, ?1', [':1']],
  ['select 1 ? ; select ?', [null]],
  ['insert into t values (?, :a) returning ?', [null, ':a', null]],
];

test('parameterNames() gives what SQLite would when parameters are mixed', () => {
  for (const [sql, names] of CASES) assert.deepEqual(parameterNames(sql), names, sql);
});

test('parameterNames() counts as SQLite does when values are bound', () => {
  const database = new DatabaseSync(':memory:');
  database.exec('create table t(a, "?")');
  for (const [sql] of CASES) {
    // Not legal SQL, only tokens.
    if (sql.startsWith('select 1 ')) continue;
    const text = sql.replace('[?]', '1').replace('"t"."?"', '1');
    const statement = database.prepare(text);
    statement.setAllowBareNamedParameters(false);
    const names = parameterNames(text);
    const named = names.filter((name) => name !== null && !name.startsWith('?'));
    // node:sqlite binds values in order to those that have no name of their own.
    assert.equal(positionsOf(statement), names.length - named.length, text);
    for (const name of named) statement.all({ [name ?? '']: 1 });
    assert.throws(() => statement.all({ ':unknown': 1 }), /Unknown named parameter/);
  }
});

/** How many values the statement takes without names. */
function positionsOf(statement: StatementSync): number {
  for (let count = 0; ; count++)
    try {
      statement.all(...Array.from({ length: count + 1 }, () => 1));
    } catch {
      return count;
    }
}

test('parameterNames() ignores a number when SQLite refuses it', () => {
  const database = new DatabaseSync(':memory:');
  for (const sql of ['select ?0', 'select ?32767', 'select ?99999999999999999999']) {
    assert.throws(() => database.prepare(sql), /variable number must be between/);
    assert.deepEqual(parameterNames(sql), []);
  }
  assert.equal(parameterNames('select ?32766').length, 32_766);
});
