import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Cluster, configOf, logOf } from './testing/cluster.suite.ts';
import { emptyImage } from './testing/member.suite.ts';
import type { Member } from './testing/member.suite.ts';

const VOTERS = ['n1', 'n2', 'n3'];

function nodeWith(cluster: Cluster, id: string, terms: readonly number[]): Member {
  const image = emptyImage(configOf(VOTERS));
  image.entries = logOf(terms);
  image.hardState = { term: 5, vote: null };
  return cluster.add(id, image);
}

test('S2: an installed snapshot leaves nothing of a log that conflicts, or of a longer one', () => {
  const cluster = new Cluster();
  const member = nodeWith(cluster, 'n2', [1, 1, 2, 2, 2, 2]);
  const mark = { index: 4, term: 3, config: configOf(VOTERS) };
  assert.equal(member.raft.snapshotReceived(mark), true);
  const effects = member.raft.takeEffects();
  assert.deepEqual(effects?.write?.installed, mark);
  assert.deepEqual(effects?.write?.entries, []);
  assert.deepEqual([member.raft.status().first, member.raft.status().last], [5, 4]);
  assert.equal(member.raft.term(4), 3);
});

test('a snapshot the log leads to moves the commit index and is not installed', () => {
  const cluster = new Cluster();
  const member = nodeWith(cluster, 'n2', [1, 1, 2, 2, 2, 2]);
  const mark = { index: 4, term: 2, config: configOf(VOTERS) };
  assert.equal(member.raft.snapshotReceived(mark), false);
  const effects = member.raft.takeEffects();
  assert.equal(effects?.write, null);
  assert.deepEqual(effects?.apply, { after: 0, through: 4 });
  assert.equal(member.raft.status().last, 6);
});

test('S9: an older snapshot, or one of the same index, changes nothing', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.propose('n1', 'a', 'b');
  cluster.run(50);
  const { raft } = cluster.get('n2');
  const config = configOf(VOTERS);
  const offer = (): void => {
    for (const index of [1, 2, 3]) {
      assert.equal(raft.snapshotReceived({ index, term: 1, config }), false);
      const { first, last, commit } = raft.status();
      assert.deepEqual([last, commit], [3, 3], `index ${index}, log from ${first}`);
    }
  };
  offer();
  // Also when the log does not reach back to it any more.
  raft.compact(3);
  offer();
  const leader = cluster.get('n1').raft;
  assert.equal(leader.snapshotReceived({ index: 9, term: 1, config }), false);
});

test('S5: the log forgets only what the machine was said to hold', () => {
  const cluster = Cluster.of(3);
  const leader = cluster.elect('n1');
  cluster.propose('n1', 'a', 'b', 'c');
  cluster.run(50);
  assert.throws(() => leader.raft.compact(5), /Cannot compact to 5: applied is 4/);
  leader.raft.compact(3);
  leader.raft.compact(2);
  leader.drain();
  assert.deepEqual([leader.image.mark.index, leader.image.mark.term], [3, 1]);
  assert.deepEqual(
    leader.image.entries.map(({ index }) => index),
    [4],
  );
  // A restart from there knows the term of the last entry it forgot.
  cluster.crash('n1');
  cluster.restart('n1');
  assert.deepEqual([leader.raft.term(3), leader.raft.term(2)], [1, null]);
  assert.equal(leader.raft.status().first, 4);
});

test('a snapshot of a term nobody told us about raises ours', () => {
  const cluster = new Cluster();
  const member = nodeWith(cluster, 'n2', [1]);
  const mark = { index: 9, term: 8, config: configOf(VOTERS) };
  assert.equal(member.raft.snapshotReceived(mark), true);
  assert.equal(member.raft.takeEffects()?.write?.hardState?.term, 8);
});

test('a follower that lags behind a compaction is sent a snapshot, then entries', () => {
  const cluster = Cluster.of(3);
  const leader = cluster.elect('n1');
  cluster.partition(['n3'], ['n1', 'n2']);
  cluster.propose('n1', 'a', 'b', 'c');
  cluster.run(50);
  leader.raft.compact(3);
  cluster.heal();
  cluster.connect('n1', 'n3');
  cluster.run(300);
  assert.deepEqual(leader.wantedSnapshots, [{ to: 'n3', minimum: { index: 3, term: 1 } }]);
  const state = (): string | undefined =>
    leader.raft.status().progress.find(({ id }) => id === 'n3')?.state;
  assert.equal(state(), 'snapshot');
  cluster.propose('n1', 'd');
  assert.equal(cluster.take({ to: 'n3', kind: 'append' }).length, 0);
  assert.ok(cluster.snapshot('n1', 'n3'));
  cluster.propose('n1', 'e');
  cluster.run(50);
  assert.equal(state(), 'replicate');
  assert.deepEqual(cluster.get('n3').machine, leader.machine);
});

test('a snapshot that fails is tried again after the peer showed itself', () => {
  const cluster = Cluster.of(3);
  const leader = cluster.elect('n1');
  cluster.partition(['n3'], ['n1', 'n2']);
  cluster.propose('n1', 'a', 'b', 'c');
  cluster.run(50);
  leader.raft.compact(3);
  cluster.heal();
  cluster.connect('n1', 'n3');
  cluster.run(300);
  leader.wantedSnapshots = [];
  leader.raft.snapshotStatus('n3', false);
  leader.drain();
  assert.equal(leader.wantedSnapshots.length, 0, 'not at once');
  cluster.run(200);
  assert.equal(leader.wantedSnapshots.length, 1);
});

test('a log that was compacted while its snapshot travelled asks for a newer one', () => {
  const cluster = Cluster.of(3);
  const leader = cluster.elect('n1');
  cluster.partition(['n3'], ['n1', 'n2']);
  cluster.propose('n1', 'a', 'b', 'c');
  cluster.run(50);
  leader.raft.compact(3);
  cluster.heal();
  cluster.connect('n1', 'n3');
  cluster.run(300);
  const { term, config } = { term: 1, config: configOf(VOTERS) };
  const mark = { index: 3, term, config };
  cluster.propose('n1', 'd', 'e');
  cluster.run(50);
  leader.raft.compact(6);
  leader.wantedSnapshots = [];
  const follower = cluster.get('n3');
  assert.equal(follower.raft.snapshotReceived(mark), true);
  follower.raft.takeEffects();
  leader.raft.snapshotStatus('n3', true);
  leader.drain();
  assert.deepEqual(leader.wantedSnapshots, [{ to: 'n3', minimum: { index: 6, term: 1 } }]);
});

test('recovering: a node that lost entries comes back with the help of a leader only', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.propose('n1', 'a', 'b');
  cluster.run(100);
  cluster.crash('n3');
  const lost = cluster.get('n3');
  lost.image.entries.length = 1;
  lost.image.commit = 3;
  lost.machine.length = 1;
  cluster.restart('n3');
  assert.equal(lost.raft.status().recovering, true, 'its commit hint is beyond its log');
  assert.equal(lost.raft.commit, 1);
  cluster.run(200);
  assert.equal(lost.raft.status().recovering, false);
  assert.deepEqual(lost.machine, cluster.get('n1').machine);
  assert.equal(lost.image.recovering, false);
});

test('recovering: a leader that has not committed in its term heals nobody', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.propose('n1', 'a');
  cluster.run(100);
  cluster.crash('n3');
  const lost = cluster.get('n3');
  lost.image.recovering = true;
  lost.image.entries.length = 1;
  lost.machine.length = 1;
  cluster.restart('n3');
  cluster.wire = [];
  const echo = { readSequence: 0, sentAtMs: 0 };
  const entries = cluster.get('n1').raft.entries(1, 2);
  // All that this leader of term 2 knows to be committed is of term 1.
  cluster.step({
    kind: 'append',
    from: 'n2',
    to: 'n3',
    term: 2,
    previous: { index: 1, term: 1 },
    entries,
    commit: 2,
    ...echo,
  });
  assert.equal(lost.raft.status().recovering, true);
  const [reply] = cluster.take({ from: 'n3', kind: 'append-reply' });
  assert.equal(reply?.kind === 'append-reply' && reply.recovering, true);
});

test('recovering: it ends when what was missing is durable, not when it arrived', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.propose('n1', 'a');
  cluster.run(100);
  cluster.crash('n3');
  const lost = cluster.get('n3');
  lost.image.recovering = true;
  lost.image.entries.length = 1;
  lost.machine.length = 1;
  lost.autoIo = false;
  cluster.restart('n3');
  cluster.run(300);
  assert.equal(lost.raft.status().last, 2);
  assert.equal(lost.raft.status().recovering, true);
  lost.finishWrites();
  lost.drain();
  assert.equal(lost.raft.status().recovering, false);
});

test('recovering: what such a node acknowledges is not counted, however often', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.run(100);
  cluster.crash('n3');
  cluster.get('n3').image.recovering = true;
  cluster.get('n3').autoIo = false;
  cluster.restart('n3');
  cluster.partition(['n2'], ['n1', 'n3']);
  cluster.propose('n1', 'a');
  const echo = { readSequence: 0, sentAtMs: 0, recovering: true };
  for (let round = 0; round < 3; round++) {
    cluster.step({
      kind: 'append-reply',
      from: 'n3',
      to: 'n1',
      term: 1,
      index: 2,
      hint: null,
      ...echo,
    });
  }
  assert.equal(cluster.get('n1').raft.commit, 1);
  cluster.step({
    kind: 'heartbeat-reply',
    from: 'n3',
    to: 'n1',
    term: 1,
    readSequence: 0,
    sentAtMs: 0,
    recovering: false,
  });
  assert.equal(cluster.get('n1').raft.commit, 2, 'normal again: now it counts');
});

test('recovering: a lossy connection voids what was known of the peer', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.propose('n1', 'a', 'b');
  cluster.run(100);
  const { raft } = cluster.get('n1');
  raft.connectionOpened('n3', true);
  const peer = raft.status().progress.find(({ id }) => id === 'n3');
  assert.deepEqual([peer?.match, peer?.state, peer?.recovering], [0, 'probe', true]);
  cluster.now += 100;
  cluster.tick('n1');
  const [beat] = cluster.take({ to: 'n3', kind: 'heartbeat' });
  assert.equal(beat?.kind === 'heartbeat' && beat.commit, 0);
});

test('recovering: it ends without a write, whatever told first what is committed', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.propose('n1', 'a', 'b');
  cluster.run(100);
  // The power fails everywhere; the disk of n3 comes back with a loss.
  for (const id of ['n1', 'n2', 'n3']) cluster.crash(id);
  const lost = cluster.get('n3');
  lost.image.recovering = true;
  lost.image.entries.length = 1;
  lost.machine.length = 1;
  for (const id of ['n1', 'n2', 'n3']) cluster.restart(id);
  cluster.timeout('n1');
  while (cluster.role('n1') !== 'leader') {
    cluster.get('n2').finishWrites();
    cluster.get('n2').drain();
    cluster.deliver();
  }
  // n3 is faster than the voter that counts; somebody reads meanwhile.
  cluster.get('n2').autoIo = false;
  cluster.stabilize();
  cluster.readIndex('n1', 1);
  assert.equal(lost.raft.status().last, 4);
  assert.equal(cluster.get('n1').raft.commit, 3);
  cluster.get('n2').autoIo = true;
  cluster.stabilize();
  assert.equal(cluster.read(1), 4);
  cluster.run(10_000);
  assert.equal(lost.raft.commit, 4);
  assert.equal(lost.raft.status().recovering, false, 'it has had everything for ten seconds');
  // Two whole nodes are left: they must be able to go on.
  cluster.crash('n1');
  cluster.run(10_000);
  assert.equal(cluster.leaders().length, 1);
});
