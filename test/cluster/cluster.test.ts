import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TestCluster } from './nodes.ts';
import { execute, rows } from './sql.ts';

test('three nodes: a write through any of them is read linearizably from each', async () => {
  await using cluster = await TestCluster.start(3);
  await execute(cluster.node(0).database, ['CREATE TABLE t (id INTEGER PRIMARY KEY, via INTEGER)']);
  for (const at of [0, 1, 2]) {
    const { results } = await execute(cluster.node(at).database, [
      ['INSERT INTO t(via) VALUES(?)', BigInt(at)],
    ]);
    assert.deepEqual(results, [{ last_insert_id: at + 1, rows_affected: 1 }]);
    for (const reader of [0, 1, 2]) {
      const found = await rows(cluster.node(reader).database, 'SELECT count(*) FROM t');
      assert.deepEqual(found, [[at + 1]], `read at ${reader} after a write at ${at}`);
    }
  }
});

test('three nodes: content hashes are equal at one index', async () => {
  await using cluster = await TestCluster.start(3);
  const { database } = cluster.node(1);
  await execute(database, ['CREATE TABLE t (id INTEGER PRIMARY KEY, r DEFAULT (random()))']);
  await Promise.all(
    Array.from({ length: 200 }, (_, id) =>
      execute(cluster.node(id % 3).database, [['INSERT INTO t(id) VALUES(?)', BigInt(id)]]),
    ),
  );
  const { nodes } = await database.verify(10_000);
  assert.equal(nodes.length, 3);
  assert.equal(new Set(nodes.map(({ hash }) => hash)).size, 1, JSON.stringify(nodes));
  assert.match(nodes[0]?.hash ?? '', /^[0-9a-f]{64}$/);
});

test('restart of everything: what was acknowledged is still there', async () => {
  await using cluster = await TestCluster.start(3);
  await execute(cluster.node(0).database, ['CREATE TABLE t (id INTEGER PRIMARY KEY)']);
  await Promise.all(
    Array.from({ length: 100 }, (_, id) =>
      execute(cluster.node(id % 3).database, [['INSERT INTO t VALUES(?)', BigInt(id)]]),
    ),
  );
  for (const at of [0, 1, 2]) await cluster.stop(at);
  await Promise.all([0, 1, 2].map((at) => cluster.open(at)));
  await cluster.leader();
  const found = await rows(cluster.node(2).database, 'SELECT count(*), max(id) FROM t');
  assert.deepEqual(found, [[100, 99]]);
});

test('membership: a node joins under load, one is removed, nothing is lost', async () => {
  await using cluster = await TestCluster.start(3);
  await execute(cluster.node(0).database, ['CREATE TABLE t (id INTEGER PRIMARY KEY)']);
  let acknowledged = 0;
  let writing = true;
  const writer = (async (): Promise<void> => {
    for (let id = 0; writing; id++) {
      await execute(cluster.node(0).database, [['INSERT INTO t VALUES(?)', BigInt(id)]]);
      acknowledged++;
    }
  })();
  await cluster.open(3, { join: [cluster.peerAddress(1)] });
  while (!cluster.node(3).database.status().voter) {
    await execute(cluster.node(0).database, ['SELECT 1']);
  }
  await cluster.node(3).database.remove('n2', 10_000);
  writing = false;
  await writer;
  const views = await cluster.node(3).database.nodes(1000);
  assert.deepEqual(
    views.map(({ id, voter }) => [id, voter]),
    [
      ['n1', true],
      ['n3', true],
      ['n4', true],
    ],
  );
  const found = await rows(cluster.node(3).database, 'SELECT count(*) FROM t');
  assert.deepEqual(found, [[acknowledged]]);
});

test('a node wiped and re-created under its old id is refused with a clear message', async () => {
  await using cluster = await TestCluster.start(3);
  await execute(cluster.node(0).database, ['CREATE TABLE t (id INTEGER PRIMARY KEY)']);
  await cluster.stop(1);
  const { rm } = await import('node:fs/promises');
  await rm(cluster.directory(1), { recursive: true });
  const wiped = await cluster.open(1, { join: [cluster.peerAddress(0), cluster.peerAddress(2)] });
  const reason = await wiped.stopped;
  assert.match(reason?.message ?? '', /n2.*created anew.*Remove it first/);
});
