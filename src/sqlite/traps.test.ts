import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Driver, type Said } from './machine.suite.ts';

/** A driver with the table `t(id INTEGER PRIMARY KEY, a)`. */
function withTable(...more: readonly Said[]): Driver {
  const driver = new Driver();
  driver.run(['CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE)', ...more]);
  return driver;
}

test('prepare ignores the tail: every statement of a text runs', () => {
  const driver = new Driver();
  const results = driver.run(['CREATE TABLE t(a); INSERT INTO t VALUES (1); ; -- end\n', ' ;; ']);
  assert.deepEqual(results, [{}, { last_insert_id: 1, rows_affected: 1 }]);
  assert.deepEqual(driver.run(['SELECT 1; gibberish']).at(1), {
    error: 'near "gibberish": syntax error',
  });
});

test('prepare ignores the tail: parameters are consumed statement by statement', () => {
  const driver = new Driver();
  driver.run(['CREATE TABLE t(a, b)']);
  driver.run([['INSERT INTO t VALUES (?, ?); INSERT INTO t VALUES (?, 0)', 1n, 2n, 3n]]);
  assert.deepEqual(driver.rows('SELECT * FROM t'), [
    [1, 2],
    [3, 0],
  ]);
});

test('a NUL ends the text silently: it is refused', () => {
  const driver = withTable();
  const [result] = driver.run(['INSERT INTO t(a) VALUES (1)\0; DROP TABLE t']);
  assert.match(JSON.stringify(result), /NUL character/);
  assert.deepEqual(driver.rows('SELECT count(*) FROM t'), [[0]]);
});

test('numbers bind as REAL: integers stay integers, reals stay reals', () => {
  const driver = new Driver();
  driver.run(['CREATE TABLE t(a)', ['INSERT INTO t VALUES (?), (?), (?)', 1n, 1, 2n ** 63n - 1n]]);
  assert.deepEqual(driver.machine.rows('SELECT a, typeof(a) FROM t'), [
    [1n, 'integer'],
    [1, 'real'],
    [2n ** 63n - 1n, 'integer'],
  ]);
});

test('too few parameters are an error and surplus ones are ignored', () => {
  const driver = withTable();
  assert.deepEqual(
    driver.run(['INSERT INTO t(a) VALUES (?)', ['INSERT INTO t(a) VALUES (?)', 'x', 'y']]),
    [
      { error: 'not enough args to execute query: want 1 got 0' },
      { last_insert_id: 1, rows_affected: 1 },
    ],
  );
});

test('INSERT OR ROLLBACK ends the whole SQLite transaction: neighbours are applied again', () => {
  const driver = withTable(['INSERT INTO t(a) VALUES (?)', 'taken']);
  const results = driver.range([
    [['INSERT INTO t(a) VALUES (1)']],
    [
      [
        'INSERT INTO t(a) VALUES (2)',
        "INSERT OR ROLLBACK INTO t(a) VALUES (3), ('taken')",
        'INSERT INTO t(a) VALUES (4)',
      ],
    ],
    [["INSERT OR ROLLBACK INTO t(a) VALUES ('taken')"]],
    [['INSERT INTO t(a) VALUES (5)']],
  ]);
  const error = { error: 'UNIQUE constraint failed: t.a' };
  assert.deepEqual(results[1]?.[1], error);
  assert.deepEqual(results[2], [error]);
  assert.deepEqual(driver.rows('SELECT a FROM t ORDER BY id'), [['taken'], [1], [2], [4], [5]]);
  assert.equal(driver.machine.applied, driver.entries.length);
});

test('RAISE(ROLLBACK) in a trigger takes back what the entry did, and no more', () => {
  const driver = withTable(
    `CREATE TRIGGER no BEFORE INSERT ON t WHEN new.a = 'bad' BEGIN
       SELECT RAISE(ROLLBACK, 'not this one'); END`,
  );
  const results = driver.range([
    [["INSERT INTO t(a) VALUES ('before')"]],
    [
      ["INSERT INTO t(a) VALUES ('mine')", "INSERT INTO t(a) VALUES ('bad')"],
      { transaction: true },
    ],
    [["INSERT INTO t(a) VALUES ('after')"]],
  ]);
  assert.deepEqual(results[1]?.[1], { error: 'not this one' });
  assert.deepEqual(driver.rows('SELECT a FROM t ORDER BY id'), [['before'], ['after']]);
});

test("OR ROLLBACK inside a user's BEGIN takes back the BEGIN's work and closes it", () => {
  const driver = withTable("INSERT INTO t(a) VALUES ('taken')");
  const [results = []] = driver.range([
    [
      [
        'INSERT INTO t(a) VALUES (1)',
        'BEGIN',
        'INSERT INTO t(a) VALUES (2)',
        "INSERT OR ROLLBACK INTO t(a) VALUES ('taken')",
        'COMMIT',
      ],
    ],
  ]);
  assert.deepEqual(results[4], { error: 'cannot commit - no transaction is active' });
  assert.deepEqual(driver.rows('SELECT a FROM t ORDER BY id'), [['taken'], [1]]);
});

test('OR FAIL keeps what came before the failure, but not in a transaction', () => {
  const driver = withTable("INSERT INTO t(a) VALUES ('taken')");
  driver.run(["INSERT OR FAIL INTO t(a) VALUES (1), ('taken')"]);
  driver.run(["INSERT OR FAIL INTO t(a) VALUES (2), ('taken')"], { transaction: true });
  assert.deepEqual(driver.rows('SELECT a FROM t ORDER BY id'), [['taken'], [1]]);
  const failing = new Driver();
  failing.run(['CREATE TABLE t(a UNIQUE ON CONFLICT FAIL)']);
  failing.run(['INSERT INTO t VALUES (1), (2), (1)'], { transaction: true });
  assert.deepEqual(failing.rows('SELECT a FROM t'), []);
});

test('VACUUM cannot run inside a transaction: it is applied alone', () => {
  const driver = withTable();
  const results = driver.range([
    [['INSERT INTO t(a) VALUES (1)']],
    [['INSERT INTO t(a) VALUES (2)', 'VACUUM', 'INSERT INTO t(a) VALUES (3)']],
    [['INSERT INTO t(a) VALUES (4)']],
  ]);
  assert.deepEqual(results[1], [
    { last_insert_id: 2, rows_affected: 1 },
    { last_insert_id: 2, rows_affected: 1 },
    { last_insert_id: 3, rows_affected: 1 },
  ]);
  assert.deepEqual(driver.run(['VACUUM'], { transaction: true }), [
    { error: 'cannot VACUUM from within a transaction' },
  ]);
  assert.deepEqual(driver.rows('SELECT count(*) FROM t'), [[4]]);
});

test('PRAGMA foreign_keys does nothing inside a transaction: it is applied alone', () => {
  const driver = withTable('CREATE TABLE u(t REFERENCES t)');
  assert.deepEqual(driver.run(['INSERT INTO u VALUES (7)', 'DELETE FROM u']).length, 2);
  driver.range([[['PRAGMA foreign_keys = ON']], [['SELECT 1']]]);
  assert.deepEqual(driver.run(['INSERT INTO u VALUES (7)']), [
    { error: 'FOREIGN KEY constraint failed' },
  ]);
  // Inside a transaction SQLite ignores it, and so do we.
  driver.run(['PRAGMA foreign_keys = OFF'], { transaction: true });
  assert.deepEqual(driver.run(['INSERT INTO u VALUES (7)']), [
    { error: 'FOREIGN KEY constraint failed' },
  ]);
});

test("a user's BEGIN, COMMIT, ROLLBACK and savepoints stay inside their entry", () => {
  const driver = withTable();
  const results = driver.range([
    [['BEGIN', 'INSERT INTO t(a) VALUES (1)', 'COMMIT']],
    [['BEGIN', 'INSERT INTO t(a) VALUES (2)', 'ROLLBACK', 'INSERT INTO t(a) VALUES (3)']],
    [['SAVEPOINT s', 'INSERT INTO t(a) VALUES (4)', 'ROLLBACK TO s', 'RELEASE s']],
    [['BEGIN', 'BEGIN', 'SAVEPOINT "a b"', 'INSERT INTO t(a) VALUES (5)', 'END']],
    [['COMMIT', 'ROLLBACK', 'RELEASE nope']],
    [['BEGIN'], { transaction: true }],
  ]);
  assert.deepEqual(results[3]?.[1], { error: 'cannot start a transaction within a transaction' });
  assert.deepEqual(results[4], [
    { error: 'cannot commit - no transaction is active' },
    { error: 'cannot rollback - no transaction is active' },
    { error: 'no such savepoint: nope' },
  ]);
  assert.deepEqual(results[5], [{ error: 'cannot start a transaction within a transaction' }]);
  assert.deepEqual(driver.rows('SELECT a FROM t ORDER BY id'), [[1], [3], [5]]);
});

test('a BEGIN left open at the end of its entry is rolled back and says so', () => {
  const driver = withTable();
  const [results = []] = driver.range([
    [['INSERT INTO t(a) VALUES (1)', 'BEGIN', 'INSERT INTO t(a) VALUES (2)']],
  ]);
  assert.deepEqual(results[0], { last_insert_id: 1, rows_affected: 1 });
  assert.match(JSON.stringify(results[1]), /Cannot leave a transaction open/);
  assert.match(JSON.stringify(results[2]), /rolled back/);
  assert.equal(results.length, 3);
  assert.deepEqual(driver.rows('SELECT a FROM t'), [[1]]);
});

/** Foreign keys on, and one that COMMIT checks. */
function withDeferredKey(): Driver {
  const driver = new Driver();
  driver.run([
    'PRAGMA foreign_keys = ON',
    'CREATE TABLE parent(id INTEGER PRIMARY KEY)',
    `CREATE TABLE child(id INTEGER PRIMARY KEY,
       parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED)`,
  ]);
  return driver;
}

const KEY_FAILED = { error: 'FOREIGN KEY constraint failed' };

test('deferred foreign keys are checked at COMMIT: the error lands on the right statement', () => {
  const driver = withDeferredKey();
  const results = driver.range([
    [['INSERT INTO parent VALUES (1)']],
    [['INSERT INTO child(parent) VALUES (1)', 'INSERT INTO child(parent) VALUES (2)']],
    [['INSERT INTO parent VALUES (3)']],
    [
      ['INSERT INTO child(parent) VALUES (9)', 'INSERT INTO parent VALUES (9)'],
      { transaction: true },
    ],
    [
      ['INSERT INTO parent VALUES (5)', 'INSERT INTO child(parent) VALUES (8)'],
      { transaction: true },
    ],
  ]);
  assert.deepEqual(results[1]?.[1], KEY_FAILED);
  assert.equal(JSON.stringify(results[3]).includes('error'), false);
  assert.deepEqual(results[4], [{ last_insert_id: 5, rows_affected: 1 }, KEY_FAILED]);
  assert.deepEqual(driver.rows('SELECT id FROM parent'), [[1], [3], [9]]);
  assert.deepEqual(driver.rows('SELECT parent FROM child ORDER BY id'), [[1], [9]]);
});

test("deferred foreign keys: a user's COMMIT fails and takes its transaction back", () => {
  const driver = withDeferredKey();
  const [results = []] = driver.range([
    [
      [
        'BEGIN',
        'INSERT INTO child(parent) VALUES (1)',
        'COMMIT',
        'INSERT INTO parent VALUES (2)',
        'BEGIN',
        'INSERT INTO child(parent) VALUES (3)',
        'INSERT INTO parent VALUES (3)',
        'COMMIT',
      ],
    ],
  ]);
  assert.deepEqual(results[2], KEY_FAILED);
  assert.deepEqual(driver.rows('SELECT id FROM parent'), [[2], [3]]);
  assert.deepEqual(driver.rows('SELECT parent FROM child'), [[3]]);
});

test('deferred foreign keys: one that is made in the middle of a range counts from there', () => {
  const driver = new Driver();
  driver.run(['PRAGMA foreign_keys = ON', 'CREATE TABLE parent(id INTEGER PRIMARY KEY)']);
  const results = driver.range([
    [['INSERT INTO parent VALUES (1)']],
    [
      [
        'CREATE TABLE child(parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED)',
        'INSERT INTO child VALUES (4)',
      ],
      { transaction: true },
    ],
    [['INSERT INTO parent VALUES (2)']],
  ]);
  assert.deepEqual(results[1]?.[1], KEY_FAILED);
  assert.deepEqual(driver.rows('SELECT id FROM parent'), [[1], [2]]);
});

test('deferred foreign keys: PRAGMA defer_foreign_keys does not reach the neighbours', () => {
  const driver = new Driver();
  driver.run([
    'PRAGMA foreign_keys = ON',
    'CREATE TABLE parent(id INTEGER PRIMARY KEY)',
    'CREATE TABLE child(parent REFERENCES parent)',
  ]);
  const results = driver.range([
    [['INSERT INTO parent VALUES (1)']],
    [
      [
        'PRAGMA defer_foreign_keys = ON',
        'INSERT INTO child VALUES (5)',
        'INSERT INTO parent VALUES (5)',
      ],
      { transaction: true },
    ],
    [['INSERT INTO child VALUES (6)']],
    [['PRAGMA defer_foreign_keys = ON', 'INSERT INTO child VALUES (6)'], { transaction: true }],
    [['INSERT INTO parent VALUES (2)']],
  ]);
  assert.deepEqual(results[2], [KEY_FAILED]);
  assert.deepEqual(results[3]?.[1], KEY_FAILED);
  assert.deepEqual(driver.rows('SELECT id FROM parent'), [[1], [2], [5]]);
  assert.deepEqual(driver.rows('SELECT parent FROM child'), [[5]]);
});

test('AUTOINCREMENT at the largest rowid says the disk is full: a statement error', () => {
  const driver = new Driver();
  driver.run(['CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT)', 'CREATE TABLE u(a)']);
  driver.run(['INSERT INTO t VALUES (9223372036854775807)']);
  const results = driver.range([
    [['INSERT INTO u VALUES (1)']],
    [['INSERT INTO t DEFAULT VALUES']],
    [['INSERT INTO u VALUES (2)']],
  ]);
  assert.match(JSON.stringify(results[1]), /database or disk is full/);
  assert.deepEqual(driver.rows('SELECT a FROM u'), [[1], [2]]);
});

test('sqlite_stat1 written by hand is read at once, as after a restart', () => {
  const driver = withTable('CREATE INDEX by_a ON t(a)', 'CREATE INDEX by_id ON t(id, a)');
  const plan = (): unknown => driver.rows('EXPLAIN QUERY PLAN SELECT * FROM t WHERE a > 5')[0]?.[3];
  const before = plan();
  driver.run([
    'ANALYZE sqlite_schema',
    'CREATE TABLE w(x, y)',
    'CREATE INDEX wx ON w(x)',
    'CREATE INDEX wy ON w(y)',
  ]);
  const choose = (): string =>
    String(driver.rows('EXPLAIN QUERY PLAN SELECT * FROM w WHERE x = 1 AND y = 2')[0]?.[3]);
  driver.run(['ANALYZE', "INSERT INTO sqlite_stat1 VALUES ('w', 'wx', '100000 50000')"]);
  driver.run(["INSERT INTO sqlite_stat1 VALUES ('w', 'wy', '100000 2')"]);
  assert.match(choose(), /USING INDEX wy/);
  // And back, also when the one who wrote it takes it back.
  driver.run(["UPDATE sqlite_stat1 SET stat = '100000 2' WHERE idx = 'wx'", 'blah'], {
    transaction: true,
  });
  assert.match(choose(), /USING INDEX wy/);
  driver.run([
    "UPDATE sqlite_stat1 SET stat = CASE idx WHEN 'wx' THEN '100000 2' ELSE '100000 50000' END",
  ]);
  assert.match(choose(), /USING INDEX wx/);
  assert.equal(plan(), before);
});

test('schema change and cached statements: columns are those of now', () => {
  const driver = withTable("INSERT INTO t(a) VALUES ('x')");
  const all = ['SELECT * FROM t'] as const;
  assert.match(JSON.stringify(driver.run(all, { rows: true })), /"columns":\["id","a"\]/);
  driver.run(['ALTER TABLE t ADD COLUMN b DEFAULT 5']);
  assert.match(JSON.stringify(driver.run(all, { rows: true })), /"columns":\["id","a","b"\]/);
  driver.run(['ALTER TABLE t ADD COLUMN c', 'blah'], { transaction: true });
  assert.match(JSON.stringify(driver.run(all, { rows: true })), /"columns":\["id","a","b"\]/);
});

test('what a statement must not do is refused, and the neighbours go on', () => {
  const driver = withTable();
  const refused = [
    "ATTACH 'x.db' AS x",
    'CREATE TEMP TABLE x(a)',
    "SELECT load_extension('x')",
    'INSERT INTO __quorlite_state(id) VALUES (2)',
    'UPDATE "__quorlite_state" SET applied = 0',
    'DROP TABLE __quorlite_state',
    'CREATE TABLE __quorlite_x(a)',
    'INSERT INTO t(a) SELECT count(*) FROM dbstat',
    'INSERT INTO t(a) SELECT * FROM pragma_page_count',
    "INSERT INTO t(a) SELECT fts3_tokenizer('simple')",
    'PRAGMA journal_mode = DELETE',
    'PRAGMA optimize',
    'PRAGMA writable_schema = ON',
    "CREATE INDEX i ON t(date('now'))",
    'CREATE TABLE c(a CHECK (a < CURRENT_TIMESTAMP), b AS (random()))',
    'DROP TABLE sqlite_stat1',
  ];
  driver.run(['ANALYZE']);
  for (const sql of refused) {
    const [result] = driver.run([sql]);
    assert.match(JSON.stringify(result), /^\{"error"/, sql);
  }
  assert.deepEqual(driver.rows('SELECT count(*) FROM t'), [[0]]);
});

test('views and triggers cannot reach our own tables either', () => {
  const driver = withTable();
  driver.run(['CREATE VIEW v AS SELECT 1 AS a']);
  const [result] = driver.run([
    `CREATE TRIGGER r INSTEAD OF INSERT ON v BEGIN UPDATE __quorlite_state SET applied = 0; END`,
  ]);
  assert.match(JSON.stringify(result), /error/);
});

test('SELECT in an entry: runs, and answers like a write unless rows are wanted', () => {
  const driver = withTable("INSERT INTO t(a) VALUES ('x')");
  assert.deepEqual(driver.run(['SELECT * FROM t', 'SELECT abs(-9223372036854775808)']), [
    { last_insert_id: 1, rows_affected: 1 },
    { error: 'integer overflow' },
  ]);
  assert.deepEqual(
    driver.run(['SELECT a FROM t', "INSERT INTO t(a) VALUES ('y')"], { rows: true }),
    [
      { columns: ['a'], types: ['text'], values: [['x']] },
      { last_insert_id: 2, rows_affected: 1 },
    ],
  );
});

test('last_insert_id and rows_affected are raw, whatever our own bookkeeping does', () => {
  const driver = withTable();
  driver.range([[["INSERT INTO t(a) VALUES ('x'), ('y')"]], [['SELECT 1']]]);
  const stale = { last_insert_id: 2, rows_affected: 2 };
  assert.deepEqual(driver.run(['DROP TABLE IF EXISTS nope']), [stale]);
  assert.deepEqual(driver.run(['PRAGMA user_version = 3']), [stale]);
  assert.deepEqual(driver.run(['DELETE FROM t WHERE id > 100']), [{ last_insert_id: 2 }]);
});

test('changes() means the statement before, in another entry and in a trigger too', () => {
  const driver = withTable('CREATE TABLE log(n)', "INSERT INTO t(a) VALUES ('x'), ('y'), ('z')");
  driver.run(['INSERT INTO log SELECT changes()']);
  driver.run([
    `CREATE TRIGGER r AFTER UPDATE ON t BEGIN
       DELETE FROM log; INSERT INTO log VALUES (changes()); END`,
  ]);
  assert.deepEqual(driver.rows('SELECT n FROM log'), [[3]]);
  driver.run(['UPDATE t SET a = 5 WHERE id = 1']);
  assert.deepEqual(driver.rows('SELECT n FROM log'), [[1]]);
});

test('bytes that are no command give every node the same error', () => {
  const driver = new Driver();
  const index = 1;
  const entries = [{ index, data: new Uint8Array([1, 1, 9]) }];
  driver.machine.apply({ entries, formats: [0], through: 1 });
  assert.equal(driver.machine.applied, 1);
  const newer = [{ index: 2, data: new Uint8Array([2, 1]) }];
  assert.throws(() => driver.machine.apply({ entries: newer, formats: [0], through: 2 }), /newer/);
});
