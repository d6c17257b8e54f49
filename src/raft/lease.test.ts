import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Cluster } from './testing/cluster.suite.ts';

const ET = 1000;

function leasesOf(cluster: Cluster): string[] {
  return cluster
    .running()
    .filter(({ raft }) => raft.leaseValid(cluster.now))
    .map(({ id }) => id);
}

test('D6: a transfer ends the lease, and so does a TimeoutNow that may still arrive', () => {
  const cluster = Cluster.of(3, { leases: true });
  cluster.elect('n1');
  cluster.run(100);
  assert.deepEqual(leasesOf(cluster), ['n1']);
  const { raft } = cluster.get('n1');
  assert.ok(raft.transferLeadership('n2').ok);
  assert.deepEqual(leasesOf(cluster), []);
  cluster.get('n1').drain();
  const [late] = cluster.take({ kind: 'timeout-now' });
  assert.ok(late !== undefined);
  cluster.run(1500);
  assert.ok(cluster.propose('n1', 'a').ok, 'the transfer was given up');
  cluster.run(200);
  assert.deepEqual(leasesOf(cluster), [], 'the lease was not taken up again');
  // This is why: the late message makes n2 a leader although everybody hears n1.
  cluster.partition(['n1'], ['n2', 'n3']);
  cluster.step({ ...late });
  cluster.stabilize();
  assert.deepEqual(
    cluster.leaders().map(({ id }) => id),
    ['n1', 'n2'],
  );
});

test('D7: a lease is over before anybody else can be elected, whenever quorums are checked', () => {
  const cluster = Cluster.of(3, { leases: true });
  cluster.elect('n1');
  cluster.run(350);
  cluster.partition(['n1'], ['n2', 'n3']);
  const cutAt = cluster.now;
  while (cluster.leaders().length === 1) {
    const before = cluster.now;
    cluster.run(10);
    if (before - cutAt >= 0.9 * ET) assert.ok(!cluster.get('n1').raft.leaseValid(before));
  }
  assert.ok(cluster.now - cutAt >= 0.9 * ET);
  assert.ok(leasesOf(cluster).length <= 1);
});

test('D8: a voter that restarts keeps the promise it may have made', () => {
  const cluster = Cluster.of(3, { leases: true });
  cluster.elect('n1');
  cluster.run(300);
  cluster.crash('n2');
  cluster.restart('n2');
  const last = { index: 1, term: 1 };
  cluster.wire = [];
  cluster.step({ kind: 'pre-vote', from: 'n3', to: 'n2', term: 2, last });
  cluster.step({ kind: 'vote', from: 'n3', to: 'n2', term: 2, last, transfer: false });
  assert.deepEqual(cluster.wire, []);
  assert.equal(cluster.get('n2').raft.currentTerm, 1);
  // An election timeout later it is free.
  cluster.now += ET;
  cluster.step({ kind: 'pre-vote', from: 'n3', to: 'n2', term: 2, last });
  assert.equal(cluster.wire.length, 1);
});

test('D9: a pause of the leader counts as time: its lease ends by the clock at the check', () => {
  const cluster = Cluster.of(3, { leases: true });
  cluster.elect('n1');
  cluster.run(100);
  const { raft } = cluster.get('n1');
  assert.ok(raft.leaseValid(cluster.now));
  // No tick came in between; the question brings the time with it.
  assert.ok(!raft.leaseValid(cluster.now + ET));
});

test('a lost connection makes nobody stand while a lease may rest on its silence', () => {
  const cluster = Cluster.of(3, { leases: true, fastFailover: true });
  cluster.elect('n1');
  // n3 has not heard the leader for long and would vote; the lease rests on n2 alone.
  cluster.cut('n1', 'n3');
  cluster.cut('n3', 'n1');
  cluster.run(3000);
  cluster.get('n2').raft.connectionClosed('n1');
  cluster.partition(['n1'], ['n2', 'n3']);
  const end = cluster.now + 2000;
  while (cluster.now < end) {
    cluster.run(10);
    const others = cluster.leaders().filter(({ id }) => id !== 'n1');
    if (leasesOf(cluster).includes('n1')) assert.deepEqual(others, []);
  }
});

test('a lease counts from when the answered message was sent, not from the answer', () => {
  const cluster = Cluster.of(3, { leases: true });
  cluster.elect('n1');
  cluster.run(1000);
  cluster.now += 100;
  cluster.tick('n1');
  const sentAt = cluster.now;
  cluster.deliver({ kind: 'heartbeat' });
  cluster.now += 800;
  cluster.deliver({ kind: 'heartbeat-reply' });
  const { raft } = cluster.get('n1');
  assert.ok(raft.leaseValid(sentAt + 899));
  assert.ok(!raft.leaseValid(sentAt + 900));
});

test('leaseValid() needs the option, the role and an entry of the term', () => {
  const plain = Cluster.of(3);
  plain.elect('n1');
  plain.run(100);
  assert.deepEqual(leasesOf(plain), []);
  const cluster = Cluster.of(3, { leases: true });
  cluster.timeout('n1');
  cluster.now += ET;
  cluster.deliver({ kind: 'pre-vote' });
  cluster.deliver({ kind: 'pre-vote-reply' });
  cluster.deliver({ kind: 'vote' });
  cluster.deliver({ kind: 'vote-reply' });
  assert.equal(cluster.role('n1'), 'leader');
  cluster.tick('n1');
  assert.deepEqual(leasesOf(cluster), []);
});
