import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from '../cluster/nodes.ts';
import { ELECTION_MS, FaultCluster } from './cluster.ts';
import { Load } from './load.ts';
import { isAcknowledged, numberIn, read, write } from './sql.ts';

/** Holds until a stopped node has missed several elections' worth of heartbeats. */
async function longerThanAnElection(): Promise<void> {
  const end = performance.now() + 3 * ELECTION_MS;
  await until('longer than an election', () => (performance.now() >= end ? true : null));
}

test('D1, E15: a leader that was stopped for a while answers nothing stale', async () => {
  await using cluster = await FaultCluster.start();
  const { at: old } = await cluster.leader();
  const others = cluster.others(old);
  const setUp = ['CREATE TABLE t (id INTEGER PRIMARY KEY)', 'INSERT INTO t VALUES (1)'];
  const made = await write(cluster.url(old), setUp);
  assert.ok(isAcknowledged(made), made.text);
  cluster.signal(old, 'SIGSTOP');
  const next = await cluster.leader(...others);
  const second = await write(cluster.url(next.at), ['INSERT INTO t VALUES (2)']);
  assert.ok(isAcknowledged(second), second.text);
  cluster.signal(old, 'SIGCONT');
  // The first answer of the node that slept must know what happened meanwhile.
  const found = await read(cluster.url(old), 'linearizable', 'SELECT count(*) FROM t');
  assert.equal(numberIn(found), 2, found.text);
});

test('E15: a follower stopped for longer than an election causes none when it wakes', async () => {
  await using cluster = await FaultCluster.start();
  const before = await cluster.leader();
  await using load = await Load.start([cluster.url(before.at)]);
  for (const at of cluster.others(before.at)) {
    cluster.signal(at, 'SIGSTOP');
    await longerThanAnElection();
    const missed = await cluster.state(before.at);
    cluster.signal(at, 'SIGCONT');
    await until('the follower to catch up', async () => {
      const state = await cluster.state(at);
      return state !== null && state.lastIndex >= (missed?.lastIndex ?? Infinity) ? true : null;
    });
    await load.acknowledges(50);
    assert.deepEqual(await cluster.leader(), before);
  }
  await load.judge(cluster.urls);
});

test('/status of a node answers while the others are stopped', async () => {
  await using cluster = await FaultCluster.start();
  const { at: leader } = await cluster.leader();
  for (const at of cluster.others(leader)) cluster.signal(at, 'SIGSTOP');
  const leaving = new AbortController();
  const asked = async (path: string): Promise<string> => {
    await fetch(cluster.url(leader) + path, { signal: leaving.signal });
    return path;
  };
  // The first asks the others and waits for them, as it should.
  const waiting = asked('/nodes?ver=2&timeout=10s').catch(() => 'given up');
  const states = Array.from({ length: 5 }, () => asked('/status'));
  assert.equal(await Promise.race([waiting, Promise.all(states).then(() => 'status')]), 'status');
  leaving.abort();
  await waiting;
});
