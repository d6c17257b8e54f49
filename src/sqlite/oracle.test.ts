import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import fc from 'fast-check';

import { Driver } from './machine.suite.ts';

/** Nothing here depends on the clock, on randomness or on when transactions end. */
const STATEMENTS: readonly string[] = [
  "INSERT INTO t(a, b) VALUES (1, 'x'), (2, 'y')",
  "INSERT INTO t(a, b) VALUES (1, 'z') ON CONFLICT(a) DO UPDATE SET b = b || 'z'",
  'INSERT INTO t(a) VALUES (1)',
  'INSERT OR IGNORE INTO t(a) VALUES (1), (9)',
  'INSERT OR REPLACE INTO t(a) VALUES (1)',
  'INSERT OR FAIL INTO t(a) VALUES (7), (1), (8)',
  'INSERT OR ROLLBACK INTO t(a) VALUES (5), (1)',
  'INSERT INTO t(id, a) VALUES (100, 100)',
  'UPDATE t SET b = a WHERE a > 1',
  'UPDATE t SET a = a + 1',
  'DELETE FROM t WHERE a = 2',
  'DELETE FROM t',
  'INSERT INTO u SELECT last_insert_rowid(), changes()',
  "INSERT INTO u VALUES (NULL, 'w') RETURNING rowid, *",
  'INSERT INTO w VALUES (1, 2)',
  'WITH x AS (SELECT 3 AS a) INSERT INTO w SELECT a, a FROM x',
  'CREATE TABLE IF NOT EXISTS made AS SELECT * FROM t',
  'DROP TABLE IF EXISTS made',
  'ALTER TABLE u ADD COLUMN more',
  'CREATE INDEX IF NOT EXISTS by_b ON t(b)',
  'INSERT INTO seq(a) VALUES (1)',
  'DELETE FROM seq',
  "INSERT INTO view(a) VALUES ('v')",
  'PRAGMA user_version = 5',
  'REINDEX',
  'ANALYZE',
  'SELECT * FROM t',
  'SELECT * FROM nowhere',
  'INSERT INTO made VALUES (1, 2, 3)',
  'gibberish',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT s',
  'RELEASE s',
  'ROLLBACK TO s',
];

const SCHEMA: readonly string[] = [
  'CREATE TABLE t(id INTEGER PRIMARY KEY, a UNIQUE, b)',
  'CREATE TABLE u(a, b)',
  'CREATE TABLE w(a PRIMARY KEY, b) WITHOUT ROWID',
  'CREATE TABLE seq(id INTEGER PRIMARY KEY AUTOINCREMENT, a)',
  'CREATE VIEW view AS SELECT a FROM t',
  `CREATE TRIGGER instead INSTEAD OF INSERT ON view BEGIN INSERT INTO u VALUES (new.a, 0); END`,
  `CREATE TRIGGER after AFTER DELETE ON t BEGIN INSERT INTO u VALUES (old.a, changes()); END`,
];

/** What a plain connection answers to the same statements, in rqlite's shapes. */
class Plain {
  readonly #database = new DatabaseSync(':memory:', { enableDoubleQuotedStringLiterals: true });

  run(sql: string): unknown {
    try {
      const statement = this.#database.prepare(sql);
      statement.setReturnArrays(true);
      if (!/returning/i.test(sql)) {
        statement.run();
        return this.#numbers();
      }
      const columns = statement.columns().map(({ name }) => name);
      const values: unknown = statement.all();
      return { columns, values };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  rows(sql: string): unknown[] {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    return statement.all();
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  close(): void {
    this.#database.close();
  }

  #numbers(): object {
    const { changes, lastInsertRowid } = this.#database.prepare('SELECT 1 WHERE 0').run();
    return {
      ...(lastInsertRowid === 0 ? {} : { last_insert_id: lastInsertRowid }),
      ...(changes === 0 ? {} : { rows_affected: changes }),
    };
  }
}

/** Results without what only the machine knows (types), so that both sides have one shape. */
function comparable(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('columns' in result)) return result;
  const { columns, values } = result as { columns: unknown; values?: unknown };
  return { columns, values: values ?? [] };
}

const CONTENT: readonly string[] = [
  ...['t', 'u', 'seq', 'sqlite_sequence'].map(
    (table) => `SELECT rowid, * FROM ${table} ORDER BY 1`,
  ),
  'SELECT name, sql FROM sqlite_schema ORDER BY 1',
];

test('entries without a transaction give what a plain connection gives', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.constantFrom(...STATEMENTS), { minLength: 1, maxLength: 9 }), {
        minLength: 1,
        maxLength: 6,
      }),
      (entries) => {
        const plain = new Plain();
        const driver = new Driver();
        driver.run(SCHEMA);
        for (const sql of SCHEMA) plain.run(sql);
        const want = entries.map((entry) => {
          const results = entry.map((sql) => plain.run(sql));
          // A transaction does not outlive its entry here: end it on both sides.
          const closing = plain.inTransaction ? ['COMMIT'] : [];
          return [...results, ...closing.map((sql) => plain.run(sql))];
        });
        const sayings = entries.map((entry, at) => {
          const isClosed = (want[at]?.length ?? 0) === entry.length;
          return [isClosed ? entry : [...entry, 'COMMIT']] as const;
        });
        const got = driver.range(sayings).map((results) => results.map(comparable));
        assert.deepEqual(got, want);
        for (const sql of CONTENT) {
          const mine = driver.rows(sql).filter(([name]) => name !== '__quorlite_state');
          assert.deepEqual(mine, plain.rows(sql), sql);
        }
        plain.close();
        driver.machine.close();
      },
    ),
    { numRuns: Number(process.env['QUORLITE_RUNS'] ?? 150) },
  );
});

test('a transaction is all or nothing, and its results stop at the error', () => {
  const driver = new Driver();
  driver.run(SCHEMA);
  const results = driver.run(
    ['INSERT INTO t(a) VALUES (1)', 'INSERT INTO t(a) VALUES (1)', 'INSERT INTO t(a) VALUES (2)'],
    { transaction: true },
  );
  assert.deepEqual(results, [
    { last_insert_id: 1, rows_affected: 1 },
    { error: 'UNIQUE constraint failed: t.a' },
  ]);
  assert.deepEqual(driver.rows('SELECT count(*) FROM t'), [[0]]);
});
