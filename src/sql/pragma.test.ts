import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { type Pragma, parsePragma, pragmaBoolean } from './pragma.ts';
import { answersForOneNode, usePragma } from './pragmas.ts';
import { TokenCursor } from './tokenize.ts';

function parse(sql: string): Pragma {
  const cursor = new TokenCursor(sql);
  cursor.nextSignificant();
  return parsePragma(cursor);
}

test('parsePragma() gives schema, name and value when they are written in any way', () => {
  const cases: [sql: string, pragma: [string | null, string, string | null]][] = [
    ['pragma user_version', [null, 'user_version', null]],
    ['PRAGMA User_Version;', [null, 'user_version', null]],
    ['pragma main.user_version = 5', ['main', 'user_version', '5']],
    ['pragma "main" . [user_version] ( -5 );', ['main', 'user_version', '-5']],
    ['pragma a=+5', [null, 'a', '5']],
    ["pragma a='It''s'", [null, 'a', "It's"]],
    ['pragma a /* b */ = -- c\n "D"', [null, 'a', 'D']],
    ['pragma a()', [null, 'a', '']],
    ['pragma a=', [null, 'a', '']],
    ['pragma a b = 1', [null, 'a', null]],
    ['pragma', [null, '', null]],
    ['pragma = 1', [null, '', null]],
  ];
  for (const [sql, [schema, name, value]] of cases)
    assert.deepEqual(parse(sql), { schema, name, value }, sql);
});

test('pragmaBoolean() agrees with SQLite when a value is written in any way', () => {
  const database = new DatabaseSync(':memory:');
  const values =
    `0 1 2 255 256 257 512 0x10 0x100 0x0 0x00000000001 0x1FFFFFFFF 0xFFFFFFFF 0x7fffffff ` +
    `2147483647 2147483648 4294967297 99999999999 1.9 0.9 .5 1e3 -1 +1 +0 on ON Yes true no off ` +
    `false full extra banana onn default delete '' '1x' '0x' '0x1g' '2x' "on" [yes] '''on'''`;
  for (const value of values.split(' ')) {
    database.exec('pragma recursive_triggers = on');
    const sql = `pragma recursive_triggers = ${value}`;
    database.exec(sql);
    const row = database.prepare('pragma recursive_triggers').get();
    const mine = pragmaBoolean(parse(sql).value ?? '');
    assert.equal(mine ? 1 : 0, row?.['recursive_triggers'], sql);
  }
});

test('usePragma() knows every pragma when SQLite lists them', () => {
  const database = new DatabaseSync(':memory:');
  const rows = database.prepare('pragma pragma_list').all();
  assert.ok(rows.length > 50);
  for (const { name } of rows) {
    const use = usePragma({ schema: null, name: String(name), value: null });
    const isKnown = use.kind !== 'refused' || !use.message.includes('does not know');
    assert.ok(isKnown, String(name));
  }
});

test('usePragma() lets nothing change a connection when it calls the pragma a read', () => {
  const settings = [
    'foreign_keys',
    'recursive_triggers',
    'cache_size',
    'busy_timeout',
    'journal_mode',
    'query_only',
    'temp_store',
    'user_version',
    'application_id',
    'writable_schema',
  ];
  for (const name of settings) {
    const use = usePragma({ schema: null, name, value: '1' });
    assert.notEqual(use.kind, 'read', name);
    assert.equal(usePragma({ schema: null, name, value: null }).kind, 'read', name);
  }
});

test('answersForOneNode() tells local pragmas when names look like pragmas', () => {
  for (const name of ['database_list', 'data_version', 'cache_size', 'page_count'])
    assert.equal(answersForOneNode(name), true, name);
  for (const name of ['table_info', 'user_version', 'score', ''])
    assert.equal(answersForOneNode(name), false, name);
});
