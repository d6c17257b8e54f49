import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';

import type { Database } from '../../src/index.ts';
import { TestCluster, until } from './nodes.ts';
import { execute, rows } from './sql.ts';

const ROWS_PER_WRITE = 100;

/** Writes `count` rows in entries of a hundred statements each. */
async function writeRows(database: Database, from: number, count: number): Promise<void> {
  for (let first = from; first < from + count; first += ROWS_PER_WRITE) {
    const statements = Array.from(
      { length: ROWS_PER_WRITE },
      (_, offset) =>
        ['INSERT INTO t VALUES(?, ?)', BigInt(first + offset), 'x'.repeat(40)] as const,
    );
    const { results } = await execute(database, statements, { transaction: true });
    assert.equal(results.length, ROWS_PER_WRITE);
  }
}

async function equalEverywhere(cluster: TestCluster): Promise<void> {
  const { nodes } = await cluster.node(0).database.verify(30_000);
  assert.equal(nodes.length, 3);
  assert.equal(new Set(nodes.map(({ hash }) => hash)).size, 1, JSON.stringify(nodes));
}

test('catch-up: a follower away during 100,000 writes gets them from the log', async () => {
  await using cluster = await TestCluster.start(3);
  await execute(cluster.node(0).database, ['CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)']);
  await cluster.stop(2);
  await writeRows(cluster.node(0).database, 0, 100_000);
  await cluster.open(2);
  await until('the follower to catch up', async () => {
    const [row] = await rows(cluster.node(2).database, 'SELECT count(*) FROM t', 'none').catch(
      () => [],
    );
    return row?.[0] === 100_000 ? true : null;
  });
  assert.equal(cluster.node(2).database.status().snapshotIndex, 0);
  await equalEverywhere(cluster);
});

test('catch-up: a follower whose entries were compacted away gets a snapshot', async () => {
  await using cluster = await TestCluster.start(3, {
    compactBytes: 200_000,
    trailingBytes: 20_000,
  });
  await execute(cluster.node(0).database, ['CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)']);
  await cluster.stop(2);
  await writeRows(cluster.node(0).database, 0, 20_000);
  const leader = await cluster.leader();
  assert.ok(cluster.node(leader).database.status().snapshotIndex > 2, 'the log was compacted');
  await cluster.open(2);
  await until('the follower to catch up', async () => {
    const [row] = await rows(cluster.node(2).database, 'SELECT count(*) FROM t', 'none').catch(
      () => [],
    );
    return row?.[0] === 20_000 ? true : null;
  });
  assert.ok(cluster.node(2).database.status().snapshotIndex > 2, 'a snapshot was installed');
  await writeRows(cluster.node(2).database, 20_000, 500);
  await equalEverywhere(cluster);
});

test('catch-up: a follower whose database file is gone is repaired by a snapshot', async () => {
  await using cluster = await TestCluster.start(3, {
    compactBytes: 200_000,
    trailingBytes: 20_000,
  });
  await execute(cluster.node(0).database, ['CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)']);
  await writeRows(cluster.node(0).database, 0, 10_000);
  const follower = ((await cluster.leader()) + 1) % 3;
  await cluster.stop(follower);
  await rm(`${cluster.directory(follower)}/databases`, { recursive: true });
  await cluster.open(follower);
  await until('the follower to be whole again', async () => {
    const { database } = cluster.node(follower);
    if (!database.readiness().store) return null;
    const [row] = await rows(database, 'SELECT count(*) FROM t', 'none').catch(() => []);
    return row?.[0] === 10_000 ? true : null;
  });
  await equalEverywhere(cluster);
});
