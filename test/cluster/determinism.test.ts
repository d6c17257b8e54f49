import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TestCluster } from './nodes.ts';
import { execute, rows } from './sql.ts';

const SCHEMA = [
  `CREATE TABLE d (
     id INTEGER PRIMARY KEY,
     r INTEGER DEFAULT (random()),
     b BLOB DEFAULT (randomblob(4 + abs(random() % 8))),
     at TEXT DEFAULT CURRENT_TIMESTAMP,
     day TEXT DEFAULT (date('now')),
     ms REAL DEFAULT (unixepoch('subsec')),
     upper_at TEXT GENERATED ALWAYS AS (upper(at)) STORED,
     note TEXT)`,
  'CREATE TABLE log (id INTEGER PRIMARY KEY, r INTEGER, at TEXT)',
  `CREATE TRIGGER d_log AFTER INSERT ON d BEGIN
     INSERT INTO log(r, at) VALUES (random(), strftime('%Y-%m-%d %H:%M:%f', 'now'));
   END`,
  'CREATE VIEW v AS SELECT id, random() AS r, datetime() AS at FROM d',
];

const WRITES = [
  'INSERT INTO d(note) VALUES (hex(randomblob(6)))',
  "INSERT INTO d(r, at) VALUES (random(), datetime('now', '+1 day'))",
  "INSERT INTO d(note) SELECT 'copy ' || random() FROM d LIMIT 5",
  'INSERT INTO d(note, r) SELECT at, r FROM v LIMIT 3',
  'INSERT INTO d(id) VALUES (1) ON CONFLICT(id) DO UPDATE SET r = random(), at = time()',
  'UPDATE d SET r = random(), note = julianday() WHERE id % 3 = 0',
  'INSERT INTO d(note) VALUES (CURRENT_DATE || CURRENT_TIME) RETURNING r, at',
  'DELETE FROM d WHERE id IN (SELECT id FROM d ORDER BY random() LIMIT 1)',
];

test('determinism: equal hashes on three nodes and a fresh value per row', async () => {
  await using cluster = await TestCluster.start(3);
  await execute(cluster.node(0).database, SCHEMA);
  for (let round = 0; round < 12; round++) {
    await Promise.all(
      WRITES.map(async (sql, at) => {
        const { results } = await execute(cluster.node((round + at) % 3).database, [sql]);
        assert.equal(results[0]?.error, undefined, `${sql}: ${results[0]?.error}`);
      }),
    );
  }
  const { nodes } = await cluster.node(1).database.verify(20_000);
  assert.equal(new Set(nodes.map(({ hash }) => hash)).size, 1, JSON.stringify(nodes));
  const [counts] = await rows(
    cluster.node(2).database,
    `SELECT count(*), count(DISTINCT r), count(DISTINCT hex(b)),
            (SELECT count(*) FROM log), (SELECT count(DISTINCT r) FROM log) FROM d`,
  );
  const [all, random, blobs, logged, loggedRandom] = (counts ?? []).map(Number);
  assert.ok((all ?? 0) > 50, `${all} rows`);
  // `INSERT … SELECT r FROM v` copies a fresh random() too: each row has its own.
  assert.equal(random, all);
  assert.equal(blobs, all);
  assert.equal(loggedRandom, logged);
  const found = await rows(cluster.node(0).database, 'SELECT count(*) FROM d WHERE at IS NULL');
  assert.deepEqual(found, [[0]]);
});
