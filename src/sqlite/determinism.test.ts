import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import fc from 'fast-check';

import { requireUtc } from './determinism.ts';
import { openHelper } from './driver.ts';
import { CLOCK_MS, Driver, entryData, PLAIN, type Said, scratch } from './machine.suite.ts';
import { SqliteMachine } from './machine.ts';
import type { MachineEntry } from './range-run.ts';

/** Objects whose content comes from functions that SQLite itself asks the machine for. */
const SCHEMA: readonly Said[] = [
  `CREATE TABLE t(id INTEGER PRIMARY KEY, a, r DEFAULT (random()), b DEFAULT (randomblob(8)),
     at DEFAULT CURRENT_TIMESTAMP, day DEFAULT (date('now')), day2 AS (date(at)), u UNIQUE)`,
  'CREATE INDEX by_day ON t(date(at))',
  'CREATE TABLE log(n INTEGER PRIMARY KEY AUTOINCREMENT, what, r, at)',
  `CREATE TRIGGER logged AFTER INSERT ON t BEGIN
     INSERT INTO log(what, r, at) VALUES (last_insert_rowid(), random(), unixepoch('subsec')); END`,
  `CREATE VIEW v AS SELECT id, random() AS r, datetime() AS now FROM t`,
  'CREATE TABLE many(a, b)',
  'CREATE VIRTUAL TABLE words USING fts5(text)',
  'CREATE VIRTUAL TABLE older USING fts4(text)',
  'CREATE VIRTUAL TABLE boxes USING rtree(id, low, high)',
];

/** Statements that draw on randomness, the clock and the connection's numbers in every place. */
const STATEMENTS: readonly Said[] = [
  'INSERT INTO t(a) VALUES (random())',
  'INSERT INTO t(a) VALUES (1), (2), (3)',
  "INSERT INTO t(a, at) VALUES (CURRENT_TIME, datetime('NOW', '+1 day'))",
  `INSERT INTO t(a) SELECT hex(randomblob(length(CURRENT_DATE))) FROM t LIMIT 3`,
  'INSERT INTO t(a, u) VALUES (5, 1) ON CONFLICT(u) DO UPDATE SET a = random(), at = datetime()',
  "INSERT INTO t(a) VALUES (strftime('%s')), (julianday()) RETURNING *",
  "INSERT INTO t(a) VALUES (date(x'6e6f77')), (unixepoch('subsecond')), (time('subsec'))",
  'INSERT INTO many SELECT r, now FROM v',
  'INSERT INTO many VALUES (last_insert_rowid(), changes()), (total_changes(), 0)',
  'UPDATE t SET a = random() WHERE id % 2 = 0 RETURNING id, a',
  'DELETE FROM t WHERE id IN (SELECT id FROM t ORDER BY random() LIMIT 1)',
  "INSERT INTO words VALUES ('seen ' || random()), ('at ' || datetime())",
  "INSERT INTO older VALUES ('seen ' || random()), ('at ' || datetime())",
  'DELETE FROM older WHERE rowid % 3 = 1',
  'INSERT INTO boxes SELECT NULL, id, id + abs(random() % 10) FROM t LIMIT 2',
  "INSERT INTO words(words) VALUES ('optimize')",
  'INSERT OR ROLLBACK INTO t(u) VALUES (1)',
  'INSERT INTO t(id) VALUES (1)',
  'SELECT random(), * FROM v',
  'blah',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT s',
  'ROLLBACK TO s',
  'VACUUM',
  'ANALYZE',
  "INSERT INTO sqlite_stat1 SELECT 'many', NULL, '9'",
  'PRAGMA foreign_keys = ON',
  'PRAGMA user_version = 7',
  'CREATE TABLE IF NOT EXISTS later(a DEFAULT (random()), b)',
  'DROP TABLE IF EXISTS later',
  'INSERT INTO later(b) VALUES (changes())',
  'DELETE FROM many',
];

/** Streams per run; QUORLITE_RUNS=2000 looks longer. */
const RUNS = Number(process.env['QUORLITE_RUNS'] ?? 60);

/** One entry of a stream, readable where a counterexample is printed. */
interface Step {
  readonly statements: readonly Said[];
  readonly transaction: boolean;
  readonly rows: boolean;
}

const streams = fc.array(
  fc.record({
    statements: fc.array(fc.constantFrom(...STATEMENTS), { minLength: 1, maxLength: 6 }),
    transaction: fc.boolean(),
    rows: fc.boolean(),
  }),
  { minLength: 1, maxLength: 14 },
);

/** The entries of a stream, which begins with the schema. */
function entriesOf(steps: readonly Step[]): MachineEntry[] {
  return [
    { index: 1, data: entryData(1, SCHEMA) },
    ...steps.map(({ statements, ...options }, at) => ({
      index: at + 2,
      // The clock moves by less than a second at a time.
      data: entryData(at + 2, statements, { ...options, clockMs: CLOCK_MS + at * 377 }),
    })),
  ];
}

/** How entries reach a machine: ranges of these lengths, over and over. */
type Cuts = readonly number[];

/** What may happen to a machine between two ranges. */
type Between = (machine: SqliteMachine) => SqliteMachine;

interface Outcome {
  readonly digests: readonly number[];
  readonly hash: string;
}

function applyAll(
  entries: readonly MachineEntry[],
  options: { cuts: Cuts; format: number; between: Between; machine: SqliteMachine },
): Outcome {
  let { machine } = options;
  const digests: number[] = [];
  for (let at = 0, range = 0; at < entries.length; range++) {
    const length = options.cuts[range % options.cuts.length] ?? 1;
    const piece = entries.slice(at, at + length);
    const formats = piece.map(() => options.format);
    const through = piece.at(-1)?.index ?? 0;
    digests.push(...machine.apply({ entries: piece, formats, through }).digests);
    at += piece.length;
    machine = options.between(machine);
  }
  const { hash } = machine.contentHash();
  machine.close();
  return { digests, hash };
}

test('three machines agree however entries are grouped, with restarts and restores', (t) => {
  let files = 0;
  fc.assert(
    fc.property(
      streams,
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
      (steps, cuts) => {
        const entries = entriesOf(steps);
        const singly = applyAll(entries, {
          cuts: [1],
          format: PLAIN,
          between: (machine) => machine,
          machine: SqliteMachine.open(),
        });
        const atOnce = applyAll(entries, {
          cuts: [entries.length],
          format: 0,
          between: (machine) => machine,
          machine: SqliteMachine.open(),
        });
        const copied = applyAll(entries, {
          cuts,
          format: 0,
          between: reborn,
          machine: SqliteMachine.open(),
        });
        assert.deepEqual(atOnce, singly);
        assert.deepEqual(copied, singly);
      },
    ),
    { numRuns: RUNS },
  );
  fc.assert(
    fc.property(
      streams,
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
      (steps, cuts) => {
        const entries = entriesOf(steps);
        const path = join(scratchOnce(t), `${files++}.db`);
        const restarted = applyAll(entries, {
          cuts,
          format: PLAIN,
          between: (machine) => {
            machine.close();
            return SqliteMachine.open(path);
          },
          machine: SqliteMachine.open(path),
        });
        const singly = applyAll(entries, {
          cuts: [1],
          format: 0,
          between: (machine) => machine,
          machine: SqliteMachine.open(),
        });
        assert.deepEqual(restarted, singly);
      },
    ),
    { numRuns: RUNS / 2 },
  );
});

const directories = new WeakMap<TestContext, string>();

function scratchOnce(t: TestContext): string {
  const known = directories.get(t) ?? scratch(t);
  directories.set(t, known);
  return known;
}

/** A machine that was made from a snapshot of this one. */
function reborn(machine: SqliteMachine): SqliteMachine {
  const image = machine.serialize();
  machine.close();
  return SqliteMachine.deserialize(image);
}

test('defaults, triggers, views and INSERT SELECT get a fresh value per row', () => {
  const driver = new Driver();
  driver.run(SCHEMA);
  driver.run(['INSERT INTO t(a) VALUES (1), (2), (3)', 'INSERT INTO many SELECT r, now FROM v']);
  const distinct = 'SELECT count(DISTINCT r), count(DISTINCT b) FROM t';
  assert.deepEqual(driver.rows(distinct), [[3, 3]]);
  assert.deepEqual(driver.rows('SELECT count(DISTINCT a) FROM many'), [[3]]);
  assert.deepEqual(driver.rows('SELECT count(DISTINCT r) FROM log'), [[3]]);
  // Other entries, other values; and the two statements of one entry too.
  driver.run(['INSERT INTO t(a) VALUES (4)', 'INSERT INTO t(a) VALUES (5)']);
  assert.deepEqual(driver.rows(distinct), [[5, 5]]);
});

test('the clock of the entry is what every spelling of now means', () => {
  const driver = new Driver();
  const spellings: readonly (readonly [sql: string, want: unknown])[] = [
    ['CURRENT_TIMESTAMP', '2023-11-14 22:13:20'],
    ['CURRENT_DATE', '2023-11-14'],
    ['CURRENT_TIME', '22:13:20'],
    ["datetime('now')", '2023-11-14 22:13:20'],
    ['datetime()', '2023-11-14 22:13:20'],
    ["time('Now', '+1 hour')", '23:13:20'],
    ["date(x'6E4F77')", '2023-11-14'],
    ['unixepoch()', 1700000000],
    ["unixepoch('subsec')", 1700000000.123],
    ["unixepoch('now', 'SUBSECOND')", 1700000000.123],
    ["strftime('%s')", '1700000000'],
    ["strftime('%f', 'now')", '20.123'],
    ['strftime()', null],
    ["datetime('now', 'localtime')", '2023-11-14 22:13:20'],
    ["timediff('now', '2023-11-14 22:13:19')", '+0000-00-00 00:00:01.123'],
    ["round(julianday('now') - julianday(), 9)", 0],
    ["date('2000-01-02')", '2000-01-02'],
    ['date(NULL)', null],
    ["date('rubbish')", null],
    ["datetime(1700000000, 'unixepoch')", '2023-11-14 22:13:20'],
  ];
  for (const [sql, want] of spellings) {
    const [result] = driver.run([`SELECT ${sql} AS x`], { rows: true });
    assert.deepEqual((result as { values: unknown[][] }).values, [[want]], sql);
  }
});

test('time functions with times of their own answer as SQLite does', () => {
  const helper = openHelper();
  const driver = new Driver();
  const times = [
    "'2021-03-04 05:06:07.891'",
    "'12:00'",
    '2459000.5',
    '1.5e9',
    "x'323030302d30312d3031'",
  ];
  const calls = ['date', 'time', 'datetime', 'julianday', 'unixepoch'].flatMap((name) =>
    times.flatMap((time) => [
      `${name}(${time})`,
      `${name}(${time}, '+1 month', 'weekday 0')`,
      `${name}(${time}, 'auto')`,
      `${name}(${time}, 'unixepoch')`,
      `strftime('%Y %j %W %f', ${time})`,
    ]),
  );
  for (const call of calls)
    assert.deepEqual(
      driver.machine.rows(`SELECT ${call}`),
      helper.prepare(`SELECT ${call}`).all(),
      call,
    );
  helper.close();
});

test('randomblob() and random() keep to the rules of the functions they replace', () => {
  const driver = new Driver();
  driver.run(['CREATE TABLE t(a)']);
  const [lengths] = driver.run(
    [
      `SELECT length(randomblob(0)), length(randomblob(-5)), length(randomblob('7x')),
              length(randomblob(NULL)), abs(random()) >= 0`,
    ],
    { rows: true },
  );
  assert.deepEqual((lengths as { values: unknown[][] }).values, [[1, 1, 7, 1, 1]]);
  assert.deepEqual(driver.run(['INSERT INTO t VALUES (randomblob(999999999))']), [
    { error: 'string or blob too big' },
  ]);
});

test('a statement that is skipped or repeated changes nothing for the others', () => {
  const one = new Driver();
  const two = new Driver();
  for (const driver of [one, two]) driver.run(['CREATE TABLE t(a UNIQUE, r DEFAULT (random()))']);
  const insert = 'INSERT INTO t(a) VALUES (2)';
  one.range([[['INSERT INTO t(a) VALUES (1)', insert]]]);
  // The second statement is applied twice here: the third takes the transaction back.
  two.range([[['SELECT random(), random()', insert, 'INSERT OR ROLLBACK INTO t(a) VALUES (2)']]]);
  const value = 'SELECT r FROM t WHERE a = 2';
  assert.deepEqual(one.machine.rows(value), two.machine.rows(value));
});

test('requireUtc() refuses a time zone that is not UTC', () => {
  requireUtc();
  process.env['TZ'] = 'America/New_York';
  try {
    assert.throws(requireUtc, /not UTC/);
  } finally {
    process.env['TZ'] = 'UTC';
  }
});
