import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Cluster } from './testing/cluster.suite.ts';

test('D10: leadership moves every 200 ms under load, and nothing is lost', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  let committed = 0;
  let moves = 0;
  for (let round = 0; round < 100; round++) {
    const leader = cluster.leaders().at(-1);
    assert.ok(leader !== undefined, `round ${round}: nobody leads`);
    for (let count = 0; count < 5; count++) if (cluster.propose(leader.id, 'x').ok) committed++;
    assert.ok(leader.raft.transferLeadership(null).ok);
    leader.drain();
    assert.ok(!cluster.propose(leader.id, 'refused meanwhile').ok);
    cluster.run(200);
    if (cluster.leaders().at(-1)?.id !== leader.id) moves++;
  }
  assert.equal(moves, 100);
  const { machine } = cluster.get('n1');
  assert.equal(machine.filter(({ kind }) => kind === 'normal').length, committed);
});

test('a transfer with duplicated and delayed messages moves at most once', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.get('n1').raft.transferLeadership('n2');
  cluster.get('n1').drain();
  const [now] = cluster.take({ kind: 'timeout-now' });
  assert.ok(now !== undefined);
  cluster.step(now);
  cluster.step(now);
  cluster.stabilize();
  assert.deepEqual([cluster.role('n2'), cluster.get('n2').raft.currentTerm], ['leader', 2]);
  cluster.step(now);
  cluster.stabilize();
  assert.equal(cluster.get('n2').raft.currentTerm, 2);
});

test('a target that lacks entries, or may not stand, ignores TimeoutNow', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  const message = { kind: 'timeout-now', from: 'n1', to: 'n2', term: 1 } as const;
  cluster.step({ ...message, lastIndex: 2 });
  assert.equal(cluster.role('n2'), 'follower');
  cluster.step({ ...message, term: 0, lastIndex: 0 });
  cluster.step({ ...message, term: 2, lastIndex: 0 });
  assert.deepEqual([cluster.role('n2'), cluster.get('n2').raft.currentTerm], ['follower', 1]);
  cluster.crash('n3');
  cluster.get('n3').image.recovering = true;
  cluster.restart('n3');
  cluster.step({ ...message, to: 'n3', lastIndex: 0 });
  assert.equal(cluster.role('n3'), 'follower');
  assert.equal(cluster.get('n1').raft.transferLeadership('n3').ok, false, 'nor is it chosen');
});

test('a follower is a target at any moment, also right after a check of the quorum', () => {
  const cluster = Cluster.of(3);
  const leader = cluster.elect('n1');
  let looked = 0;
  for (let moment = 0; moment < 250; moment++) {
    cluster.now += 10;
    if (leader.raft.deadline() <= cluster.now) cluster.tick('n1');
    if (leader.raft.status().progress.every((peer) => !peer.recentlyActive)) {
      looked++;
      assert.ok(leader.raft.transferLeadership('n2').ok);
      leader.drain();
      cluster.wire = cluster.wire.filter(({ kind }) => kind !== 'timeout-now');
      cluster.run(1100);
    }
    cluster.stabilize();
  }
  assert.ok(looked > 0);
});

test('the best follower is the one that needs least', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.cut('n1', 'n2');
  cluster.propose('n1', 'a');
  cluster.run(50);
  assert.ok(cluster.get('n1').raft.transferLeadership(null).ok);
  assert.equal(cluster.get('n1').raft.status().transferring, 'n3');
  cluster.get('n1').drain();
  cluster.stabilize();
  assert.equal(cluster.role('n3'), 'leader');
});
