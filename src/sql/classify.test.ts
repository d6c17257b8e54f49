import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { classify } from './classify.ts';
import type { StatementClass } from './statement-class.ts';

/** Statements that are legal in `openDatabase()`, with what they must be. */
const CASES: readonly [kind: StatementClass['kind'], verb: string, sql: string][] = [
  ['read', 'select', 'select 1'],
  ['read', 'select', ' -- note\n /* and */ SeLeCt a from t'],
  ['read', 'select', ';;select a from t;'],
  ['read', 'select', '\uFEFFselect a from t'],
  ['read', 'select', "select replace(a, 'x', 'insert') from t"],
  ['read', 'select', 'select count(*), max(a) from t group by b order by 1'],
  ['read', 'select', 'select * from v'],
  ['read', 'select', "select * from pragma_table_info('t')"],
  ['read', 'select', 'with x as (select 1) select * from x'],
  [
    'read',
    'select',
    'with replace as (select 1), x(insert_) as (select 2) select * from replace, x',
  ],
  [
    'read',
    'select',
    'with recursive n(i) as (select 1 union all select i+1 from n limit 3) select i from n',
  ],
  [
    'read',
    'select',
    'with x as materialized (select 1), y as not materialized (select 2) select * from x, y',
  ],
  ['read', 'values', 'values (1), (2)'],
  ['read', 'values', 'with x as (select 1) values (1)'],
  ['read', 'explain', 'explain insert into t values (1, 2)'],
  ['read', 'explain', 'explain query plan delete from t'],
  ['read', 'explain', 'explain create trigger r2 after insert on t begin select 1; end'],
  ['read', 'explain', "explain attach 'x' as x"],
  ['read', 'explain', 'explain pragma table_info(t)'],
  ['read', 'pragma', 'pragma table_info(t)'],
  ['read', 'pragma', "PRAGMA main.table_xinfo('t')"],
  ['read', 'pragma', 'pragma table_list'],
  ['read', 'pragma', 'pragma [index_list] = t'],
  ['read', 'pragma', 'pragma index_info(i)'],
  ['read', 'pragma', 'pragma index_xinfo(i)'],
  ['read', 'pragma', 'pragma foreign_key_list(t)'],
  ['read', 'pragma', 'pragma foreign_key_check'],
  ['read', 'pragma', 'pragma foreign_key_check(t)'],
  ['read', 'pragma', 'pragma integrity_check(10)'],
  ['read', 'pragma', 'pragma quick_check'],
  ['read', 'pragma', 'pragma database_list'],
  ['read', 'pragma', 'pragma collation_list'],
  ['read', 'pragma', 'pragma compile_options'],
  ['read', 'pragma', 'pragma function_list'],
  ['read', 'pragma', 'pragma user_version'],
  ['read', 'pragma', 'pragma foreign_keys'],
  ['read', 'pragma', 'pragma page_size'],
  ['read', 'pragma', 'pragma encoding'],
  ['write', 'insert', 'insert into t values (1, 2)'],
  ['write', 'insert', 'insert or replace into t(a) select b from t'],
  ['write', 'insert', 'insert into t default values returning *'],
  ['write', 'insert', 'insert into t values (1, 2) on conflict do nothing'],
  ['write', 'insert', 'with x as (select 1) insert into t select *, 2 from x'],
  ['write', 'replace', 'replace into t values (1, 2)'],
  ['write', 'replace', 'with x as (select 1) replace into t select *, 2 from x'],
  ['write', 'update', 'update t set a = 1 where b = 2'],
  ['write', 'update', 'update or ignore t set a = 1 returning a'],
  ['write', 'update', 'with x(y) as (select 1) update t set a = (select y from x)'],
  ['write', 'delete', 'delete from t'],
  ['write', 'delete', 'with x as (select 1) delete from t where a in x returning b'],
  [
    'write',
    'create',
    'create table if not exists n(a int primary key, b text default current_timestamp) strict',
  ],
  ['write', 'create', 'create table n as select * from t'],
  ['write', 'create', 'create table main.temp(a)'],
  ['write', 'create', 'create unique index if not exists j on t(b)'],
  ['write', 'create', 'create view w as select * from pragma_data_version'],
  ['write', 'create', 'create trigger s after insert on t begin update t set a = 1; end'],
  ['write', 'create', "create virtual table f using fts5(a, content='t')"],
  ['write', 'drop', 'drop table t'],
  ['write', 'drop', 'drop index i'],
  ['write', 'drop', 'drop view v'],
  ['write', 'drop', 'drop trigger r'],
  ['write', 'alter', 'alter table t rename to u'],
  ['write', 'alter', 'alter table t add column c'],
  ['write', 'alter', 'alter table t drop column b'],
  ['write', 'analyze', 'analyze'],
  ['write', 'reindex', 'reindex t'],
  ['write', 'vacuum', 'vacuum'],
  ['write', 'vacuum', 'vacuum main;'],
  ['write', 'pragma', 'pragma user_version = 7'],
  ['write', 'pragma', 'pragma application_id(-7)'],
  ['write', 'pragma', 'pragma incremental_vacuum'],
  ['write', 'pragma', 'pragma incremental_vacuum(3)'],
  ['transaction', 'begin', 'begin'],
  ['transaction', 'begin', 'begin immediate transaction'],
  ['transaction', 'commit', 'commit'],
  ['transaction', 'commit', 'END transaction;'],
  ['transaction', 'rollback', 'rollback'],
  ['transaction', 'rollback', 'rollback to savepoint a'],
  ['transaction', 'savepoint', 'savepoint a'],
  ['transaction', 'release', 'release a'],
];

function openDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  database.exec(`
    pragma auto_vacuum = incremental;
    create table t(a, b); create index i on t(a); create view v as select * from t;
    create trigger r after delete on t begin select 1; end`);
  return database;
}

/** What SQLite's own program for a statement would do. */
function kindByOpcodes(sql: string): StatementClass['kind'] {
  if (/^\s*explain/i.test(sql)) return 'read';
  const database = openDatabase();
  const program = database.prepare(`explain ${sql.replace(/^;+/, '')}`).all();
  const opcodes = program.map(({ opcode }) => opcode);
  if (opcodes.includes('AutoCommit') || opcodes.includes('Savepoint')) return 'transaction';
  if (opcodes.includes('Vacuum') || opcodes.includes('IncrVacuum')) return 'write';
  return program.some(({ opcode, p2 }) => opcode === 'Transaction' && p2 !== 0) ? 'write' : 'read';
}

test('classify() agrees with the opcodes of SQLite when a statement is legal', () => {
  for (const [kind, verb, sql] of CASES) {
    const found = classify(sql);
    assert.deepEqual([found.kind, found.verb], [kind, verb], sql);
    assert.equal(found.kind, kindByOpcodes(sql), sql);
  }
});

test('classify() finds RETURNING when it is the clause and not part of a name or text', () => {
  const cases: [sql: string, has: boolean][] = [
    ['insert into t values (1) returning a', true],
    ['update t set a = 1 ReTurning *', true],
    ['delete from t returning"a"', true],
    ['with x as (select 1) delete from t returning a', true],
    ["insert into t values ('returning')", false],
    ['insert into "returning" values (1) -- returning', false],
    ['insert into returning_all values (1)', false],
    ['select 1 as a', false],
  ];
  for (const [sql, has] of cases) assert.equal(classify(sql).hasReturning, has, sql);
});

test('classify() says alone when a statement does not work inside a transaction', () => {
  for (const sql of ['vacuum', 'pragma foreign_keys = on', 'pragma recursive_triggers(0)'])
    assert.equal(classify(sql).alone, true, sql);
  for (const sql of ['pragma defer_foreign_keys = on', 'pragma user_version = 1', 'analyze'])
    assert.equal(classify(sql).alone, false, sql);
});

test('classify() gives the pragma when it has to be replicated', () => {
  const found = classify('pragma Main."foreign_KEYS" = OFF');
  assert.deepEqual(found, {
    verb: 'pragma',
    kind: 'write',
    hasReturning: false,
    alone: true,
    pragma: { schema: 'main', name: 'foreign_keys', value: 'OFF', use: 'setting' },
  });
  const scoped = classify('pragma defer_foreign_keys(1)');
  assert.equal(scoped.kind === 'write' && scoped.pragma?.use, 'scoped');
});

test('classify() refuses with a reason when a statement would act outside the log', () => {
  const cases: [sql: string, message: RegExp][] = [
    ["attach 'x' as y", /^Cannot ATTACH/],
    ['detach database y', /^Cannot DETACH/],
    ["vacuum into 'x'", /^Cannot VACUUM INTO.*backup/],
    ["vacuum main into 'x'", /^Cannot VACUUM INTO/],
    ['pragma optimize', /run ANALYZE instead/],
    ['pragma main.optimize(0x10002)', /run ANALYZE instead/],
    ['select * from pragma_optimize(1)', /run ANALYZE instead/],
    ['pragma writable_schema = on', /^Cannot set PRAGMA writable_schema/],
    ['pragma locking_mode = exclusive', /^Cannot set PRAGMA locking_mode/],
    ['pragma temp_store = memory', /^Cannot set PRAGMA temp_store/],
    ['pragma unheard_of', /^Cannot run PRAGMA unheard_of/],
    ['pragma constructor', /^Cannot run PRAGMA constructor/],
    ['pragma temp.user_version = 1', /temporary/],
    ['pragma journal_mode = delete', /^disallowed pragma/],
    ['pragma "journal_mode"(delete)', /^disallowed pragma/],
    ['pragma main.synchronous = off', /^disallowed pragma/],
    ['pragma query_only = on', /^disallowed pragma/],
    ['pragma wal_autocheckpoint = 0', /^disallowed pragma/],
    ['pragma wal_checkpoint', /^disallowed pragma/],
    ['pragma wal_checkpoint(truncate)', /^disallowed pragma/],
    ['explain pragma journal_mode = delete', /^disallowed pragma/],
    ['explain query plan pragma foreign_keys = off', /carry it out/],
    ['create temp table a(b)', /temporary/],
    ['create temporary view a as select 1', /temporary/],
    ['create table if not exists temp.a(b)', /temporary/],
    ['create unique index "TEMP".a on b(c)', /temporary/],
    ['create virtual table temp.a using fts5(b)', /temporary/],
    ['insert into t select * from pragma_database_list', /differs from node to node/],
    ["insert into t select * from 'dbstat'", /differs from node to node/],
    ['begin again', /^near "again": syntax error$/],
  ];
  for (const [sql, message] of cases) {
    const found = classify(sql);
    assert.equal(found.kind, 'refused', sql);
    if (found.kind === 'refused') assert.match(found.message, message, sql);
  }
});

test('classify() refuses to explain a pragma because SQLite would carry it out', () => {
  const database = new DatabaseSync(':memory:');
  const sql = 'explain pragma foreign_keys = off';
  assert.equal(classify(sql).kind, 'refused');
  assert.equal(database.prepare('pragma foreign_keys').get()?.['foreign_keys'], 1);
  database.prepare(sql);
  assert.equal(database.prepare('pragma foreign_keys').get()?.['foreign_keys'], 0);
});

test('classify() refuses internal names and load_extension() wherever they are used', () => {
  const refused = [
    'select * from __quorlite_meta',
    'select * from main."__QUORLITE_meta"',
    "select * from t, '__quorlite_meta'",
    "select * from (t join '__quorlite_meta')",
    "select * from (t), '__quorlite_meta'",
    "select 1 in '__quorlite_meta'",
    "delete from '__quorlite_meta'",
    "update or replace '__quorlite_meta' set a = 1",
    "drop table if exists '__quorlite_meta'",
    'explain select * from [__quorlite_meta]',
    'create trigger x after insert on t begin delete from `__quorlite_meta`; end',
    "create virtual table x using fts5(a, content='__quorlite_meta')",
    'alter table t rename to __quorlite_t',
    "pragma table_info('__quorlite_meta')",
    "select load_extension('x')",
    'select "LOAD_EXTENSION" /* */ (\'x\')',
    'create table a(b check (load_extension(b)))',
  ];
  for (const sql of refused) assert.equal(classify(sql).kind, 'refused', sql);
  const allowed = [
    "select '__quorlite_meta'",
    "insert into t values (1, '__quorlite_meta'), ('__quorlite_b', 2)",
    "select * from t where a not like '__quorlite_%' and b in ('__quorlite_a', '__quorlite_b')",
    "select coalesce(a, '__quorlite_meta') from t, u where a = '__quorlite_meta'",
    "select 'load_extension(1)', load_extension from t -- load_extension(1)",
    "select a is not distinct from b, '__quorlite_c' /* __quorlite_meta */ from t",
    "select a from t order by b, '__quorlite_a'",
    'insert into t(pragma_score, dbstats) values (1, 2)',
  ];
  for (const sql of allowed) assert.notEqual(classify(sql).kind, 'refused', sql);
});

test('classify() leaves the message to SQLite when the text is no statement', () => {
  for (const sql of ['garbage', '(select 1)', '1', "'a'", 'with', 'with x', 'explain', 'pragma'])
    assert.equal(classify(sql).kind, 'read', sql);
  assert.equal(classify('select_ 1').verb, 'other');
  for (const sql of ['', ' ;; ', '-- note', '/* note']) assert.equal(classify(sql).verb, 'empty');
});

test('classify() answers when the text is anything', () => {
  const words =
    'with as explain query plan pragma create temp table . ( ) , ; = begin rollback to savepoint ' +
    'vacuum into insert returning select a "a" \'a\' 1 -1 __quorlite_a if not exists virtual index';
  const texts = fc.array(fc.constantFrom(...words.split(' ')), { maxLength: 12 });
  fc.assert(
    fc.property(texts, (list) => {
      const { kind } = classify(list.join(' '));
      assert.ok(['read', 'write', 'transaction', 'refused'].includes(kind));
    }),
    { seed: 3, numRuns: 2_000 },
  );
});
