import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { QuorliteError } from '../base/errors.ts';
import { Driver, PLAIN, parse, type Said, scratch, statement } from './machine.suite.ts';
import { SqliteMachine } from './machine.ts';
import { SqliteReader } from './reader.ts';
import { type PoolRequest, ReaderPool } from './readers.ts';

/** Counts to a number that takes some seconds, and gives one row. */
const LONG = `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 12000000)
  SELECT count(*) FROM c`;

/** The same, but row by row, so that a worker can notice that it was stopped. */
const ROWS = `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 12000000)
  SELECT n FROM c WHERE n % 7 = 0`;

/** A database with 1,000 rows in `t(id, a)`, and the one who writes it. */
function written(t: TestContext): { readonly path: string; readonly driver: Driver } {
  const path = join(scratch(t), 'main.db');
  const driver = new Driver(SqliteMachine.open(path));
  t.after(() => {
    driver.machine.close();
  });
  driver.run([
    'CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT)',
    `INSERT INTO t(a) WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000)
     SELECT 'row ' || n FROM c`,
  ]);
  return { path, driver };
}

function ask(
  pool: ReaderPool,
  said: readonly Said[],
  limits: Partial<PoolRequest> = {},
): Promise<unknown[]> {
  const statements = said.map(statement);
  return new Promise((resolve, reject) => {
    pool.query(
      { statements, format: PLAIN, statementTimeoutMs: 0, timeoutMs: 20_000, ...limits },
      {
        resolve: (body) => {
          resolve(parse(body));
        },
        reject: (error: QuorliteError) => {
          reject(error);
        },
      },
    );
  });
}

async function pooled(t: TestContext, path: string, workers = 2): Promise<ReaderPool> {
  const pool = await ReaderPool.open({ path, workers });
  t.after(() => pool.close());
  return pool;
}

const NOBODY = { enter: () => {}, isStopped: () => false } as const;

function read(reader: SqliteReader, ...said: readonly Said[]): unknown[] {
  const [body] = reader.run([{ statements: said.map(statement), format: PLAIN }], NOBODY);
  return parse(body ?? null);
}

test('a reader refuses to write in rqlite’s words and goes on', (t) => {
  const { path } = written(t);
  const reader = new SqliteReader(path);
  const refused = { error: 'attempt to change database via query operation' };
  const writes = [
    'INSERT INTO t VALUES (1)',
    'BEGIN',
    'VACUUM',
    'PRAGMA user_version = 1',
    'COMMIT',
  ];
  assert.deepEqual(
    read(reader, ...writes),
    writes.map(() => refused),
  );
  assert.match(JSON.stringify(read(reader, "ATTACH 'x' AS x")), /error/);
  assert.deepEqual(read(reader, ['SELECT a FROM t WHERE id = ?', 3n], 'SELECT a FRM t'), [
    { columns: ['a'], types: ['text'], values: [['row 3']] },
    { error: 'near "t": syntax error' },
  ]);
  reader.close();
});

test('a reader sees columns as they are after a schema change, in PRAGMAs too', (t) => {
  const { path, driver } = written(t);
  const reader = new SqliteReader(path);
  const columns = (): unknown => {
    const [all, info] = read(reader, 'SELECT * FROM t LIMIT 1', 'PRAGMA table_info(t)');
    return [
      (all as { columns: unknown }).columns,
      (info as { values: unknown[][] }).values.map(([, name]) => name),
    ];
  };
  assert.deepEqual(columns(), [
    ['id', 'a'],
    ['id', 'a'],
  ]);
  driver.run(['ALTER TABLE t ADD COLUMN b']);
  assert.deepEqual(columns(), [
    ['id', 'a', 'b'],
    ['id', 'a', 'b'],
  ]);
  reader.close();
});

test('a reader answers for settings that are the writer’s', (t) => {
  const { path, driver } = written(t);
  const reader = new SqliteReader(path);
  const setting = (): unknown =>
    (read(reader, 'PRAGMA foreign_keys;')[0] as { values: unknown }).values;
  assert.deepEqual(setting(), [[0]]);
  driver.run(['PRAGMA foreign_keys = 1']);
  assert.deepEqual(setting(), [[1]]);
  reader.close();
});

test('a result beyond its limits is an error, and the ones beside it are not', (t) => {
  const { path } = written(t);
  for (const limits of [
    { rowsMax: 500, bytesMax: 1e9 },
    { rowsMax: 1e9, bytesMax: 5000 },
  ]) {
    const reader = new SqliteReader(path, limits);
    const [small, large, after] = read(reader, 'SELECT 1 AS a', 'SELECT * FROM t', 'SELECT 2 AS a');
    assert.deepEqual(small, { columns: ['a'], types: ['integer'], values: [[1]] });
    assert.match(JSON.stringify(large), /result too large/);
    assert.deepEqual(after, { columns: ['a'], types: ['integer'], values: [[2]] });
    reader.close();
  }
});

test('a statement that gave few rows and then gives a billion ends at its limit', (t) => {
  const { path } = written(t);
  const reader = new SqliteReader(path, { rowsMax: 500, bytesMax: 1e9 });
  const count = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?) ';
  const [few, many] = read(
    reader,
    [`${count} SELECT n FROM c`, 3n],
    [`${count} SELECT n FROM c`, 10n ** 9n],
  );
  assert.deepEqual((few as { values: unknown }).values, [[1], [2], [3]]);
  assert.match(JSON.stringify(many), /result too large/);
  reader.close();
});

test('all requests of a batch see one state', (t) => {
  const { path, driver } = written(t);
  const reader = new SqliteReader(path);
  const request = { statements: [statement('SELECT count(*) AS n FROM t')], format: PLAIN };
  let entered = 0;
  const results = reader.run([request, request], {
    enter: (position) => {
      entered = position;
      if (position === 1) driver.run(['DELETE FROM t']);
    },
    isStopped: () => false,
  });
  assert.equal(entered, 1);
  assert.deepEqual(parse(results[0] ?? null), parse(results[1] ?? null));
  assert.equal(reader.applied(), 2);
  reader.close();
});

test('the pool answers each request with its own result', async (t) => {
  const { path } = written(t);
  const pool = await pooled(t, path);
  const results = await Promise.all(
    Array.from({ length: 500 }, (_, at) =>
      ask(pool, [['SELECT a FROM t WHERE id = ?', BigInt(at + 1)]]),
    ),
  );
  results.forEach((result, at) => {
    assert.deepEqual(result, [{ columns: ['a'], types: ['text'], values: [[`row ${at + 1}`]] }]);
  });
  const large = 'x'.repeat(600_000);
  const [echo] = await ask(pool, [
    ['SELECT ? AS a', large],
    ['SELECT ? AS a', large],
  ]);
  assert.deepEqual((echo as { values: unknown }).values, [[large]]);
});

test('a long query does not hold up others while another worker is free', async (t) => {
  const { path } = written(t);
  const pool = await pooled(t, path);
  let isLongDone = false;
  // In one turn, so that they share a batch: the second waits behind the first.
  const long = ask(pool, [ROWS], { statementTimeoutMs: 1500 }).then((result) => {
    isLongDone = true;
    return result;
  });
  const short = ask(pool, ['SELECT 1 AS a']);
  assert.deepEqual(await short, [{ columns: ['a'], types: ['integer'], values: [[1]] }]);
  assert.equal(isLongDone, false);
  assert.deepEqual(await long, [{ error: 'query timeout' }]);
});

test('a worker that is stuck past a statement timeout is replaced', async (t) => {
  const { path } = written(t);
  const pool = await pooled(t, path, 1);
  const long = ask(pool, [LONG], { statementTimeoutMs: 100 });
  const behind = ask(pool, ['SELECT 1 AS a']);
  assert.deepEqual(await long, [{ error: 'query timeout' }]);
  // Its worker still counts; another one answers.
  assert.deepEqual(await behind, [{ columns: ['a'], types: ['integer'], values: [[1]] }]);
});

test('a request that runs out of time as a whole is rejected', async (t) => {
  const { path } = written(t);
  const pool = await pooled(t, path, 1);
  await assert.rejects(ask(pool, [ROWS], { timeoutMs: 60 }), { code: 'timeout' });
});

test('requests wait while the pool is suspended, and see the new database after it', async (t) => {
  const { path, driver } = written(t);
  const pool = await pooled(t, path);
  await pool.suspend();
  const waiting = ask(pool, ['SELECT count(*) AS n FROM t']);
  driver.run(['DELETE FROM t WHERE id > 10']);
  pool.resume();
  assert.deepEqual(await waiting, [{ columns: ['n'], types: ['integer'], values: [[10]] }]);
});

test('close() rejects what was not answered', async (t) => {
  const { path } = written(t);
  const pool = await ReaderPool.open({ path, workers: 1 });
  const left = ask(pool, ['SELECT 1']);
  await Promise.all([assert.rejects(left, { code: 'stopping' }), pool.close()]);
  await assert.rejects(ask(pool, ['SELECT 1']), { code: 'stopping' });
});

test('workers that are stuck are replaced only so often, until one of them ends', async (t) => {
  const { path } = written(t);
  let workers = 0;
  const count = (): void => {
    workers++;
  };
  process.on('worker', count);
  t.after(() => process.off('worker', count));
  const pool = await pooled(t, path, 1);
  const long = LONG.replace('12000000', '4000000');
  for (let stuck = 0; stuck < 4; stuck++) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await ask(pool, [long], { statementTimeoutMs: 50, timeoutMs: 1000 }).catch(() => undefined);
  }
  assert.ok(workers <= 3, `${workers} workers for a pool of one`);
  const answer = [{ columns: ['a'], types: ['integer'], values: [[1]] }];
  assert.deepEqual(await ask(pool, ['SELECT 1 AS a']), answer);
});

test('close() waits for no statement that does not end', async (t) => {
  const { path } = written(t);
  const pool = await ReaderPool.open({ path, workers: 1 });
  const result = await ask(pool, [LONG.replace('12000000', '8000000')], { statementTimeoutMs: 1 });
  assert.deepEqual(result, [{ error: 'query timeout' }]);
  const startedAt = performance.now();
  await pool.close();
  assert.ok(performance.now() - startedAt < 1500, 'it waited');
});

test('suspend() waits for no statement that does not end', async (t) => {
  const { path } = written(t);
  const pool = await ReaderPool.open({ path, workers: 1 });
  const asked = ask(pool, [LONG.replace('12000000', '24000000')]);
  const refused = assert.rejects(asked, { code: 'stopping' });
  const startedAt = performance.now();
  await pool.suspend();
  assert.ok(performance.now() - startedAt < 4500, 'it waited');
  await Promise.all([pool.close(), refused]);
});
