import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { below, type Random, Sfc32 } from '../base/prng.ts';
import { splitStatements } from './split.ts';
import { TokenCursor } from './tokenize.ts';

const STATEMENTS = [
  'select 1',
  `select ';'`,
  `select 'it''s;' , "a" from t`,
  'insert into "x;y" values(1)',
  `insert into [e;nd] values('/*;')`,
  `create trigger tr after insert on t begin
    update t set a=case when new.a then 1 else 2 end; select 1; end`,
  `create temp trigger if not exists tr after delete on t begin delete from t where b=';end;'; end`,
  'create trigger tr update of a on t begin select 1; -- end;\n /* ; end; */ select 2;;; end',
  'explain create trigger tr before update on t begin select 1; end',
  'explain query plan create trigger tr before update on t begin select 1; end',
  'CREATE /* ; */ TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END',
  `create temporary trigger "tr;" after insert on t when new.a>1 begin
    insert into t values(';',1); end`,
  '/* c;c */ select /*;*/ 2',
  '-- l;l\nselect 3',
  "select x'00', `a` from t",
  'begin',
  'end',
  `create table q(a default 'x;', "end" int)`,
  'create temp table trigger(a)',
  'create view v as select 1 as "begin;"',
  'explain query plan select 1',
  'select case when 1 then 2 end',
  'savepoint s',
  `select '''', ''''';'`,
  "select $a(;), :b::c(;'), :d::(;), @e",
  'create virtual table f using fts5(?0$a(;), ?$a(;))',
  'select 1 - -1, 4/2, 3*2, a->>b from t',
  '\uFEFFcreate trigger tr after insert on t begin select 1; end',
  'select 1 as é, 2 as a$b',
  'select 1 /* open to the end of the',
  'select 1 \v, 2',
  `select "open ; name`,
  'garbage',
];
const SEPARATORS = [';', ' ; ', ';;\n', ' ; -- x;y\n', '; /* ; */ ', ';\uFEFF', '; \v;', ';--\n'];

/** A script of a few statements; the last one may lack its semicolon. */
function randomScript(random: Random): string {
  let script = '';
  for (let left = 1 + below(random, 5); left > 0; left--)
    script += pick(random, STATEMENTS) + pick(random, SEPARATORS);
  return below(random, 3) === 0 ? script.replace(/[;\s]+$/, '') : script;
}

function pick(random: Random, from: readonly string[]): string {
  return from[below(random, from.length)] ?? '';
}

/** What SQLite takes for statements, up to the first that it refuses. */
function splitByEngine(database: DatabaseSync, script: string): { texts: string[]; all: boolean } {
  const texts: string[] = [];
  let rest = script;
  for (;;) {
    let source: string;
    try {
      source = database.prepare(rest).sourceSQL;
    } catch (error) {
      return { texts, all: error instanceof Error && /no statements/.test(error.message) };
    }
    texts.push(source);
    rest = rest.slice(source.length);
  }
}

/** Without the blanks and empty statements that SQLite counts as part of a statement. */
function trim(source: string): string {
  const cursor = new TokenCursor(source);
  do cursor.nextSignificant();
  while (cursor.isMark(';'));
  const { start } = cursor;
  let end = start;
  for (; cursor.kind !== 'end'; cursor.nextSignificant()) ({ end } = cursor);
  return source.slice(start, end);
}

/** Whether a semicolon stands between the tokens of a statement, not at its end. */
function hasInnerSemicolon(source: string): boolean {
  const cursor = new TokenCursor(source);
  while (cursor.nextSignificant() !== 'end')
    if (cursor.isMark(';')) return cursor.nextSignificant() !== 'end';
  return false;
}

function openDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  database.exec('create table t(a,b); create table "x;y"(z); create table [e;nd](k)');
  return database;
}

test('splitStatements() agrees with SQLite when scripts are random', () => {
  const database = openDatabase();
  const random = new Sfc32(7, 11);
  let whole = 0;
  for (let round = 0; round < 20_000; round++) {
    const script = randomScript(random);
    const { texts, all } = splitByEngine(database, script);
    const mine = splitStatements(script);
    if (all) whole++;
    else assert.ok(mine.length > texts.length, JSON.stringify(script));
    if (all) assert.equal(mine.length, texts.length, JSON.stringify(script));
    for (const [at, source] of texts.entries())
      assert.equal(trim(mine[at]?.text ?? ''), trim(source), JSON.stringify(script));
  }
  assert.ok(whole > 10_000, `only ${whole} scripts were legal as a whole`);
});

test('splitStatements() agrees with SQLite when tokens are random', () => {
  const database = openDatabase();
  const random = new Sfc32(9, 11);
  const pieces =
    `' '' " "" [ ] \` x x' 0 1_0 . e - -- / /* */ * a é $ $a $a( $a(; : :: :b :b::c( @ # ? ?0 ` +
    '( ) ; ; < > = create trigger end begin explain temp';
  const alphabet = [...pieces.split(' '), ' ', '\n', '\v', '\uFEFF'];
  let compared = 0;
  for (let round = 0; round < 20_000; round++) {
    let soup = '';
    for (let left = 1 + below(random, 9); left > 0; left--) soup += pick(random, alphabet);
    // A module's arguments may be any tokens, if only their parentheses match.
    const script = `create virtual table f using fts5(${soup}); select 2`;
    const [source] = splitByEngine(database, script).texts;
    // A bare semicolon among the arguments: the one case in which sqlite3_complete() disagrees.
    if (source === undefined || hasInnerSemicolon(source)) continue;
    assert.equal(
      trim(splitStatements(script)[0]?.text ?? ''),
      trim(source),
      JSON.stringify(script),
    );
    compared++;
  }
  assert.ok(compared > 3_000, `only ${compared} scripts could be compared`);
});

test('splitStatements() gives texts without a tail when SQLite prepares them', () => {
  const database = openDatabase();
  const random = new Sfc32(8, 11);
  for (let round = 0; round < 1_000; round++)
    for (const { text } of splitStatements(randomScript(random))) {
      let source = text;
      try {
        source = database.prepare(text).sourceSQL;
      } catch {
        // Not a legal statement: it has no tail to speak of.
      }
      assert.equal(source, text);
    }
});

test('splitStatements() gives positions when statements have blanks around them', () => {
  const script = ' ; -- one;\n select 1 ;/* x */; values(2) -- end\n';
  assert.deepEqual(splitStatements(script), [
    { text: 'select 1 ;', start: 12, end: 22 },
    { text: 'values(2)', start: 31, end: 40 },
  ]);
  for (const { text, start, end } of splitStatements(script))
    assert.equal(script.slice(start, end), text);
});

test('splitStatements() gives nothing when there is no token', () => {
  for (const script of ['', ' \n', ';', ';; ;', '-- only\n', '/* only */;', '/* open ;', '\uFEFF'])
    assert.deepEqual(splitStatements(script), [], JSON.stringify(script));
});

test('splitStatements() gives the rest as one statement when something is not closed', () => {
  for (const rest of [`select 'a; b`, 'select [a;', 'create trigger a after insert on t begin x;'])
    assert.deepEqual(
      splitStatements(`select 1;${rest}`).map(({ text }) => text),
      ['select 1;', rest],
    );
  // END closes a trigger only between semicolons.
  const trigger = 'create trigger a after insert on t begin select 1; end x; select 2; end;';
  assert.deepEqual(splitStatements(trigger)[0]?.text, trigger);
  // An illegal token hides nothing.
  assert.equal(splitStatements('select @(1; select 2)').length, 2);
  // What SQLite would answer with a syntax error must not get lost.
  assert.deepEqual(splitStatements('select 1; /*')[1]?.text, '/*');
});
