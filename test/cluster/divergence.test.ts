import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { TestCluster, until } from './nodes.ts';
import { execute, rows } from './sql.ts';

/** Three nodes with three rows, one of which node `bad`, a follower, loses behind our back. */
async function poisoned(cluster: TestCluster): Promise<number> {
  const leader = await cluster.leader();
  const bad = (leader + 1) % 3;
  await execute(cluster.node(leader).database, [
    'CREATE TABLE t (id INTEGER PRIMARY KEY, v INT)',
    'INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)',
  ]);
  await rows(cluster.node(bad).database, 'SELECT * FROM t');
  await cluster.stop(bad);
  const file = new DatabaseSync(`${cluster.directory(bad)}/databases/main/main.db`);
  file.exec('DELETE FROM t WHERE id = 3');
  file.close();
  await cluster.open(bad);
  await cluster.leader();
  await rows(cluster.node(bad).database, 'SELECT 1');
  return bad;
}

async function countAt(cluster: TestCluster, at: number): Promise<unknown> {
  const [row] = await rows(cluster.node(at).database, 'SELECT count(*) FROM t', 'none').catch(
    () => [],
  );
  return row?.[0];
}

test('divergence: a follower that a majority contradicts is given a copy', async () => {
  await using cluster = await TestCluster.start(3);
  const bad = await poisoned(cluster);
  assert.equal(await countAt(cluster, bad), 2);
  const leader = await cluster.leader();
  const { results } = await execute(cluster.node(leader).database, ['UPDATE t SET v = v + 1']);
  assert.equal(results[0]?.rows_affected, 3);
  await until('the repair', async () => ((await countAt(cluster, bad)) === 3 ? true : null));
  const { nodes } = await cluster.node(leader).database.verify(10_000);
  assert.equal(new Set(nodes.map(({ hash }) => hash)).size, 1, JSON.stringify(nodes));
});

/** Makes node `bad` lead and write, until the others contradict it and it stops. */
async function disgrace(cluster: TestCluster, bad: number): Promise<void> {
  const before = await cluster.leader();
  await cluster.node(before).database.transferLeadership(cluster.node(bad).id, 5000);
  await until('its office', async () => ((await cluster.leader()) === bad ? true : null));
  const wrong = cluster.node(bad);
  await execute(wrong.database, ['UPDATE t SET v = v + 1']);
  const reason = await wrong.stopped;
  assert.match(reason?.message ?? '', /a majority holds another state/);
  await cluster.stop(bad);
}

test('divergence: a leader that a majority contradicts stops, nobody takes its state', async () => {
  await using cluster = await TestCluster.start(3);
  const bad = await poisoned(cluster);
  const before = await cluster.leader();
  await disgrace(cluster, bad);
  await cluster.leader();
  for (const at of [before, 3 - before - bad]) {
    const found = await rows(cluster.node(at).database, 'SELECT count(*) FROM t');
    assert.deepEqual(found, [[3]]);
  }
});

test('divergence: a wrong state is remembered over restarts and answers nothing', async () => {
  await using cluster = await TestCluster.start(3);
  const bad = await poisoned(cluster);
  const others = [0, 1, 2].filter((at) => at !== bad);
  await disgrace(cluster, bad);
  for (const at of others) await cluster.stop(at);
  const { database } = await cluster.open(bad);
  await assert.rejects(rows(database, 'SELECT count(*) FROM t', 'none'), {
    code: 'diverged',
    message: /Ask another node/,
  });
  assert.equal(database.readiness().store, false);
  for (const at of others) await cluster.open(at);
  const seen = new Set<unknown>();
  await until('the repair', async () => {
    const count = await countAt(cluster, bad);
    seen.add(count);
    return count === 3 ? true : null;
  });
  assert.equal(seen.has(2), false, 'the wrong state was read');
  assert.equal(database.readiness().store, true);
});
