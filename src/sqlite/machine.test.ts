import assert from 'node:assert/strict';
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { openPlain } from './driver.ts';
import { engineFingerprint, engineInfo } from './engine.ts';
import { LocalMachine } from './local.ts';
import { CLOCK_MS, Driver, entryData, PLAIN, type Said, scratch } from './machine.suite.ts';
import { SqliteMachine } from './machine.ts';
import { readState } from './state.ts';

test('applied index and data are one: every copy of the files is consistent (S7)', (t) => {
  const directory = scratch(t);
  const path = join(directory, 'main.db');
  const driver = new Driver(SqliteMachine.open(path));
  driver.run(['CREATE TABLE t(entry INTEGER, n)', 'CREATE TABLE u(a)']);
  const insert = (n: number): Said => `INSERT INTO t VALUES (${driver.entries.length + 1}, ${n})`;
  for (let at = 0; at < 40; at++) {
    // Entries that are applied alone or twice on the way too.
    if (at % 10 === 3) driver.run([insert(1), 'VACUUM', 'PRAGMA foreign_keys = ON', insert(2)]);
    else if (at % 10 === 6)
      driver.run([insert(1), 'INSERT OR ROLLBACK INTO t SELECT 1, abs(-9223372036854775808)']);
    else driver.run([insert(1), insert(2)]);
    if (at % 7 === 5) driver.machine.persist();
    const crashed = join(directory, `crash-${at}.db`);
    // What a kill leaves: the files as they are, without the shared memory.
    copyFileSync(path, crashed);
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${crashed}-wal`);
    const copy = openPlain(crashed);
    const { applied } = readState(copy);
    assert.equal(applied, driver.machine.applied);
    const [row = []] = copy.prepare('SELECT max(entry), count(*) FROM t').all();
    assert.deepEqual(row.map(Number), driver.rows('SELECT max(entry), count(*) FROM t')[0]);
    copy.close();
    rmSync(crashed);
  }
  driver.machine.close();
});

test('an entry that was cut by a crash is finished by applying it again', (t) => {
  const directory = scratch(t);
  const path = join(directory, 'main.db');
  const said: Said[] = [
    'INSERT INTO t VALUES (1)',
    'VACUUM',
    'INSERT INTO t VALUES (2)',
    'PRAGMA foreign_keys = ON',
    'INSERT INTO t VALUES (random())',
  ];
  const entries = [
    { index: 1, data: entryData(1, ['CREATE TABLE t(a)']) },
    { index: 2, data: entryData(2, said) },
  ];
  const whole = SqliteMachine.open();
  const outcome = whole.apply({ entries, formats: [0, 0], through: 2 });
  const machine = SqliteMachine.open(path);
  machine.apply({ entries: entries.slice(0, 1), formats: [0], through: 1 });
  machine.close();
  // As the file is after the VACUUM and before the second INSERT.
  const half = openPlain(path);
  half.exec(
    `INSERT INTO t VALUES (1);
     UPDATE __quorlite_state SET entry = 2, done = 1, changes = 1, total_changes = 1,
       last_insert_rowid = 1`,
  );
  const digest = digestAfterFirst(entries[0]?.data ?? new Uint8Array(0));
  half.prepare('UPDATE __quorlite_state SET digest = ?').run(BigInt(digest));
  half.close();
  const again = SqliteMachine.open(path);
  assert.equal(again.applied, 1);
  const finished = again.apply({ entries: entries.slice(1), formats: [PLAIN], through: 2 });
  assert.equal(finished.digests[0], outcome.digests[1]);
  assert.deepEqual(again.contentHash(), whole.contentHash());
  again.close();
});

/** The rolling digest after the table was made and the first row inserted. */
function digestAfterFirst(create: Uint8Array): number {
  const machine = SqliteMachine.open();
  const entries = [
    { index: 1, data: create },
    { index: 2, data: entryData(2, ['INSERT INTO t VALUES (1)']) },
  ];
  const { digests } = machine.apply({ entries, formats: [0, 0], through: 2 });
  return digests[1] ?? 0;
}

test('settings and numbers of the connection survive a restart', (t) => {
  const path = join(scratch(t), 'main.db');
  const driver = new Driver(SqliteMachine.open(path));
  driver.run([
    'PRAGMA foreign_keys = ON',
    'PRAGMA recursive_triggers = ON',
    'CREATE TABLE t(a)',
    'INSERT INTO t VALUES (1), (2), (3)',
  ]);
  driver.machine.close();
  driver.machine = SqliteMachine.open(path);
  const ask = ['PRAGMA foreign_keys', 'PRAGMA recursive_triggers'] as const;
  const values = driver
    .run(ask, { rows: true })
    .map((result) => (result as { values: unknown }).values);
  assert.deepEqual(values, [[[1]], [[1]]]);
  assert.deepEqual(driver.run(['DROP TABLE IF EXISTS x']), [
    { last_insert_id: 3, rows_affected: 3 },
  ]);
  driver.run(['INSERT INTO t SELECT changes() * 100 + last_insert_rowid()']);
  assert.deepEqual(driver.rows('SELECT max(a) FROM t'), [[303]]);
  driver.machine.close();
});

test('persist() tells what is durable, and restoreFrom() leaves nothing of the old file', (t) => {
  const directory = scratch(t);
  const path = join(directory, 'main.db');
  const other = join(directory, 'other.db');
  const source = new Driver(SqliteMachine.open(other));
  source.run(['CREATE TABLE theirs(a)', 'INSERT INTO theirs VALUES (1)']);
  source.machine.close();
  const driver = new Driver(SqliteMachine.open(path));
  driver.run(['CREATE TABLE ours(a)', 'INSERT INTO ours VALUES (1)']);
  driver.run(['INSERT INTO ours VALUES (2)']);
  assert.equal(driver.machine.persist(), 2);
  assert.equal(driver.machine.restoreFrom(other), 1);
  assert.deepEqual(driver.rows('SELECT count(*) FROM theirs'), [[1]]);
  assert.throws(() => driver.rows('SELECT * FROM ours'), /no such table/);
  driver.machine.close();
});

test('contentHash() sees what differs and nothing else', () => {
  const make = (...said: readonly Said[]): Driver => {
    const driver = new Driver();
    driver.run(['CREATE TABLE t(a)', 'CREATE TABLE w(a PRIMARY KEY, b) WITHOUT ROWID', ...said]);
    return driver;
  };
  const hashOf = (driver: Driver): string => driver.machine.contentHash().hash;
  const base = hashOf(make("INSERT INTO t VALUES ('1')"));
  assert.equal(hashOf(make("INSERT INTO t VALUES ('1')")), base);
  const others = [
    make('INSERT INTO t VALUES (1)'),
    make('INSERT INTO t VALUES (1.0)'),
    make("INSERT INTO t VALUES (x'31')"),
    make("INSERT INTO t(rowid, a) VALUES (5, '1')"),
    make("INSERT INTO t VALUES ('1')", 'INSERT INTO w VALUES (1, 2)'),
    make("INSERT INTO t VALUES ('1')", 'CREATE INDEX i ON t(a)'),
    make("INSERT INTO t VALUES ('1')", 'PRAGMA user_version = 1'),
    make("INSERT INTO t VALUES ('1')", 'PRAGMA application_id = 1'),
    make("INSERT INTO t VALUES ('1')", 'PRAGMA foreign_keys = 1'),
    make("INSERT INTO t VALUES ('1')", 'DELETE FROM t WHERE a = 7'),
  ].map(hashOf);
  assert.equal(new Set([base, ...others]).size, others.length + 1);
});

test('contentHash() does not depend on how the file came about', () => {
  const one = new Driver();
  const two = new Driver();
  const rows = Array.from({ length: 300 }, (_, at): Said => [
    'INSERT INTO t VALUES (?, ?)',
    BigInt(at),
    'x'.repeat(at),
  ]);
  const create = 'CREATE TABLE t(a, rowid, stored AS (a + 1) STORED, shown AS (a + 2))';
  for (const driver of [one, two]) driver.run([create]);
  const insert = (said: Said): Said =>
    typeof said === 'string'
      ? said
      : (['INSERT INTO t(a, rowid) VALUES (?, ?)', ...said.slice(1)] as Said);
  one.range(rows.map((said) => [[insert(said)]] as const));
  for (const said of rows) two.run([insert(said)]);
  two.machine = SqliteMachine.deserialize(two.machine.serialize());
  assert.equal(one.machine.contentHash().hash, two.machine.contentHash().hash);
});

test('a machine refuses entries that are not the next', () => {
  const driver = new Driver();
  driver.run(['CREATE TABLE t(a)']);
  const entries = [{ index: 1, data: entryData(1, ['SELECT 1']) }];
  assert.throws(() => driver.machine.apply({ entries, formats: [0], through: 1 }), /1 is applied/);
});

test('a range without entries moves the applied index', () => {
  const machine = SqliteMachine.open();
  machine.apply({ entries: [], formats: [], through: 12 });
  assert.equal(machine.applied, 12);
});

test('engineFingerprint() begins with the version and does not change', () => {
  const { sqliteVersion, compileOptions } = engineInfo();
  assert.ok(engineFingerprint().startsWith(`sqlite ${sqliteVersion} `));
  assert.equal(engineFingerprint(), engineFingerprint());
  assert.ok(compileOptions.includes('ENABLE_FTS5'));
});

test('a local machine goes back to what it saved last, and takes snapshots', async () => {
  const snapshots = new Map<string, Uint8Array>();
  let saved: Uint8Array | null = null;
  const open = (): LocalMachine =>
    new LocalMachine({
      files: {
        save: (image) => {
          saved = image;
        },
        load: () => saved,
        write: (path, image) => {
          snapshots.set(path, image);
        },
        read: (path) => snapshots.get(path) ?? new Uint8Array(0),
      },
      defer: (call) => {
        setImmediate(call);
      },
    });
  const local = open();
  const apply = (machine: LocalMachine, index: number, ...said: Said[]): Promise<unknown> =>
    new Promise((resolve) => {
      const data = entryData(index, said, { clockMs: CLOCK_MS });
      machine.apply({ entries: [{ index, data }], formats: [0], through: index }, resolve);
    });
  await apply(local, 1, 'CREATE TABLE t(a)');
  await new Promise((resolve) => {
    local.persist(resolve);
  });
  await apply(local, 2, 'INSERT INTO t VALUES (1)');
  const outcome = await new Promise((resolve) => {
    local.snapshot('copy', resolve);
  });
  assert.equal((outcome as { index: number }).index, 2);
  await local.close();
  const again = open();
  assert.equal(again.applied, 1);
  const restored = await new Promise((resolve) => {
    again.restore('copy', resolve);
  });
  assert.equal(restored, 2);
  assert.deepEqual(again.core.rows('SELECT a FROM t'), [[1n]]);
  await again.close();
});
