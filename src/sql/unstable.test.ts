import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { findUnstableExpression } from './unstable.ts';

const EXPRESSIONS = [
  `date('now')`,
  `time('NOW')`,
  `datetime()`,
  'julianday()',
  `unixepoch('subsec')`,
  `date('subsecond')`,
  `strftime('%s')`,
  `strftime('%s', 'now')`,
  `timediff('now', a)`,
  `timediff(a, 'now')`,
  `date(a, 'localtime')`,
  `date(a, 'start of day', 'UTC')`,
  `date('now', 'localtime')`,
  `date(x'6e6f77')`,
  `date("now")`,
  `date(('now'))`,
  `[date]('now')`,
  `coalesce(null, date('now'))`,
  `date(trim('now'))`,
  'date /* */ ()',
  `strftime('%s', a, 'localtime')`,
  `julianday(a) - julianday('now')`,
  `'x' || date()`,
  'current_date',
  'CURRENT_TIME',
  'current_timestamp',
  '"current_date"()',
  'random()',
  'randomblob(4)',
  'changes()',
  'total_changes()',
  'last_insert_rowid()',
  'abs(random())',
  // Nothing wrong with these.
  'a',
  `date(a)`,
  `date('2020-01-01')`,
  `date(a, '+1 day')`,
  `date(a, 'subsec')`,
  `a || 'now'`,
  `lower('now')`,
  `strftime('now', a)`,
  `date(a, 'now')`,
  'date(2450000.5)',
  `"b"`,
  'abs(b)',
  `a || 'date()'`,
  `strftime('%s', a)`,
  `date(a, 'auto')`,
  `timediff(a, '2020-01-01')`,
  `a is b`,
  `strftime()`,
  `cast(a as text)`,
  `case when a then 'now' end`,
];

/** Ways to put an expression into the schema; natively each is evaluated by the insert below. */
const SCHEMAS: readonly ((expression: string) => string)[] = [
  (e) => `create table t(a, b check (${e} is not 5))`,
  (e) => `create table if not exists main.t(a, b, constraint c check (b is 7 or ${e} is not 5))`,
  (e) => `create table t(a, b default (date('now')), c as (${e}))`,
  (e) => `create table t(a default current_date, b, c text generated always as (${e}) stored)`,
  (e) => `create table t(a, b); alter table t add column c check (${e} is not 5)`,
  (e) => `create table t(a, b); alter table t add column c as (${e})`,
  (e) => `create table t(a, b); alter table t add constraint c check (${e} is not 5)`,
  (e) => `create table t(a, b); create index i on t(b, (${e}))`,
  (e) => `create table t(a, b); create unique index if not exists i on t(b) where ${e} is not 5`,
];

/** What native SQLite has against a schema, when it is made and when a row comes. */
function refusalOfEngine(script: string): string | null {
  const database = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true });
  try {
    database.exec(script);
    database.exec(`insert into t(a, b) values (null, 2), ('2020-01-01', 3)`);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.replace('error in table t after add column: ', '');
  }
}

test('findUnstableExpression() refuses with the words of SQLite what SQLite refuses', () => {
  for (const expression of EXPRESSIONS)
    for (const schema of SCHEMAS) {
      const script = schema(expression);
      const last = script.split('; ').at(-1) ?? '';
      assert.equal(findUnstableExpression(last)?.message ?? null, refusalOfEngine(script), script);
    }
});

test('findUnstableExpression() says where and what when it finds something', () => {
  const found = findUnstableExpression(`create index i on t(a) where b < DATE('now')`);
  assert.deepEqual(found, {
    where: 'partial-index',
    what: 'date',
    message: 'non-deterministic use of date() in an index',
  });
});

test('findUnstableExpression() allows the time when it is not kept for later', () => {
  const allowed = [
    `create table t(a default (date('now')), b default current_timestamp, c default (random()))`,
    `create table t as select date('now') as a, (random())`,
    `create table t as with x as (with y as (select date('now')) select * from y) select * from x`,
    `create table t(a) -- check (date('now'))`,
    `create table t("check (date('now'))" default 'check (date())')`,
    `create trigger r after insert on t begin update t set a = date('now') where (random()); end`,
    `create view v(a) as select date('now')`,
    `create virtual table f using fts5(a, check (date()))`,
    `explain create table t(a check (date()))`,
    `alter table t rename to u`,
    `insert into t values ('create', date('now'))`,
    'create',
    'create table t(a check (',
    '',
  ];
  for (const sql of allowed) assert.equal(findUnstableExpression(sql), null, sql);
});

test('findUnstableExpression() looks into literals when SQLite would need the right row', () => {
  // SQLite notices when a is NULL only; refusing at once costs nobody anything.
  const sql = `create table t(a check (date(coalesce(a, 'now')) > 0))`;
  assert.equal(findUnstableExpression(sql)?.what, 'date');
});
