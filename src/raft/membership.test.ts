import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Sfc32 } from '../base/prng.ts';
import { encodeConfig } from './config-codec.ts';
import type { ConfigStep } from './config.ts';
import type { Entry } from './entry.ts';
import { Raft } from './raft.ts';
import { Cluster, configOf, memberOf } from './testing/cluster.suite.ts';
import { emptyImage } from './testing/member.suite.ts';
import type { Member } from './testing/member.suite.ts';

type Answer = ReturnType<Member['raft']['changeConfig']>;

function change(cluster: Cluster, id: string, ...steps: readonly ConfigStep[]): Answer {
  const member = cluster.get(id);
  const result = member.raft.changeConfig({ steps });
  member.drain();
  return result;
}

const reasonOf = (answer: Answer): string => (answer.ok ? 'accepted' : answer.reason);

test('M1: two leaders of four servers cannot each change the configuration', () => {
  // The schedule of Ongaro's post of 2015. n1 leads term 1 and appends "without n4" to itself only.
  const cluster = Cluster.of(4);
  cluster.elect('n1');
  cluster.partition(['n1'], ['n2', 'n3', 'n4']);
  assert.ok(change(cluster, 'n1', { kind: 'remove', id: 'n4' }).ok);
  // n2 leads term 2 with n3 and n4. Before its no-op is committed it may not derive a sibling.
  cluster.timeout('n2');
  cluster.deliver({ kind: 'pre-vote' });
  cluster.deliver({ kind: 'pre-vote-reply' });
  cluster.deliver({ kind: 'vote' });
  cluster.deliver({ kind: 'vote-reply' });
  assert.equal(cluster.role('n2'), 'leader');
  assert.equal(reasonOf(change(cluster, 'n2', { kind: 'remove', id: 'n1' })), 'not-ready');
  // Once it is, n3 and n4 hold an entry of term 2 and n1 cannot be elected by any of them.
  cluster.stabilize();
  assert.ok(change(cluster, 'n2', { kind: 'remove', id: 'n1' }).ok);
  cluster.run(3000);
  cluster.heal();
  cluster.run(5000);
  assert.equal(cluster.get('n1').raft.commit, 1, 'the sibling is not committed');
  assert.deepEqual(
    cluster.leaders().map(({ id }) => id),
    ['n2'],
  );
  assert.deepEqual(cluster.get('n2').raft.config.voters, ['n2', 'n3', 'n4']);
});

test('M2: truncating the only configuration since a compaction leaves that of the mark', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  assert.ok(change(cluster, 'n1', { kind: 'add-learner', member: memberOf('n4') }).ok);
  cluster.run(100);
  cluster.get('n1').raft.compact(2);
  cluster.partition(['n1'], ['n2', 'n3']);
  assert.ok(change(cluster, 'n1', { kind: 'remove', id: 'n3' }).ok);
  assert.deepEqual(cluster.get('n1').raft.config.voters, ['n1', 'n2']);
  cluster.run(4000);
  cluster.heal();
  cluster.run(1000);
  const { config, configIndex } = cluster.get('n1').raft.status();
  assert.deepEqual([config.voters, config.learners], [['n1', 'n2', 'n3'], ['n4']]);
  assert.equal(configIndex, 2);
});

test('M3: a node that restarts in a joint configuration needs both halves', () => {
  const joint = { ...configOf(['n1', 'n2', 'n3']), votersOutgoing: ['n1', 'n4', 'n5'] };
  const data = encodeConfig({ ...joint, autoLeave: true });
  const entry: Entry = { index: 1, term: 1, kind: 'config', data };
  const cluster = new Cluster();
  for (const id of ['n1', 'n2', 'n3', 'n4', 'n5']) {
    const image = emptyImage(configOf(['n1', 'n4', 'n5']));
    image.hardState = { term: 1, vote: null };
    image.entries = [entry];
    cluster.add(id, image);
  }
  cluster.partition(['n1', 'n2', 'n3'], ['n4', 'n5']);
  cluster.run(10_000);
  assert.deepEqual(cluster.leaders(), [], 'neither side has both majorities');
  cluster.heal();
  cluster.run(5000);
  const [leader] = cluster.leaders();
  assert.deepEqual(leader?.raft.config.votersOutgoing, []);
});

test('M3: a joint configuration in the mark counts as well', () => {
  const joint = { ...configOf(['n1', 'n2']), votersOutgoing: ['n3', 'n4'] };
  const restored = {
    ...emptyImage(),
    hardState: { term: 1, vote: null },
    mark: { index: 7, term: 1, config: joint },
    commit: 7,
    applied: 7,
  };
  const raft = new Raft({ id: 'n1', group: 0 }, restored, new Sfc32(1, 2), 0);
  raft.tick(raft.deadline());
  raft.tick(raft.deadline());
  assert.deepEqual(
    raft.takeEffects()?.sendNow.map(({ kind, to }) => [kind, to]),
    ['n2', 'n3', 'n4'].map((to) => ['pre-vote', to]),
  );
});

test('M4: concurrent changes are refused, and a joint configuration is always left', () => {
  const cluster = Cluster.of(3);
  cluster.add('n4', emptyImage());
  cluster.add('n5', emptyImage());
  cluster.elect('n1');
  const add = (id: string): ConfigStep => ({ kind: 'add-learner', member: memberOf(id) });
  assert.ok(change(cluster, 'n1', add('n4'), add('n5')).ok);
  assert.equal(reasonOf(change(cluster, 'n1', { kind: 'remove', id: 'n2' })), 'pending');
  cluster.run(100);
  const promote = ['n4', 'n5'].map((id): ConfigStep => ({ kind: 'promote', id }));
  assert.ok(change(cluster, 'n1', ...promote, { kind: 'remove', id: 'n1' }).ok);
  // Committed in both halves, left by itself: refused until that is committed as well.
  assert.equal(reasonOf(change(cluster, 'n1', { kind: 'remove', id: 'n2' })), 'pending');
  cluster.deliver({ from: 'n1', kind: 'append' });
  cluster.deliver({ to: 'n1' });
  assert.deepEqual(cluster.get('n1').raft.config.votersOutgoing, []);
  assert.equal(reasonOf(change(cluster, 'n1', { kind: 'remove', id: 'n2' })), 'removed');
  cluster.run(3000);
  const [leader] = cluster.leaders();
  assert.deepEqual(leader?.raft.config.voters, ['n2', 'n3', 'n4', 'n5']);
});

test('M5: a leader that removed itself tells the commit before it goes', () => {
  const cluster = Cluster.of(3, { commitNoticeDelayMs: 1000 });
  cluster.elect('n1');
  cluster.run(1000);
  assert.ok(change(cluster, 'n1', { kind: 'remove', id: 'n1' }).ok);
  cluster.deliver({ from: 'n1' });
  cluster.deliver({ to: 'n1' });
  assert.equal(cluster.role('n1'), 'learner');
  cluster.deliver({ from: 'n1', kind: 'append' });
  for (const id of ['n2', 'n3']) assert.equal(cluster.get(id).raft.commit, 2);
  // And somebody stands at once.
  cluster.stabilize();
  assert.equal(cluster.leaders().length, 1);
});

test('M6: a leader that removed itself does not count itself', () => {
  const cluster = Cluster.of(2);
  cluster.elect('n1');
  assert.ok(change(cluster, 'n1', { kind: 'remove', id: 'n1' }).ok);
  const { raft } = cluster.get('n1');
  assert.deepEqual([raft.commit, raft.status().durable], [1, 2]);
  cluster.stabilize();
  assert.equal(raft.commit, 2, 'n2 has it');
  assert.deepEqual(
    cluster.leaders().map(({ id }) => id),
    ['n2'],
  );
});

test('M7: a learner is replicated to through changes of others', () => {
  const cluster = Cluster.of(3);
  cluster.add('n4', emptyImage());
  cluster.elect('n1');
  assert.ok(change(cluster, 'n1', { kind: 'add-learner', member: memberOf('n4') }).ok);
  cluster.run(100);
  assert.ok(change(cluster, 'n1', { kind: 'remove', id: 'n3' }).ok);
  cluster.run(100);
  cluster.propose('n1', 'a');
  cluster.run(100);
  assert.equal(cluster.get('n4').applied, 4);
});

test('M8: of two voters one may remove the other while that one is down', () => {
  // The configuration counts from its append: the remaining voter is a quorum by itself. etcd, with
  // configurations that count from their application, cannot do this (#12359).
  const cluster = Cluster.of(2);
  cluster.elect('n1');
  cluster.crash('n2');
  assert.ok(change(cluster, 'n1', { kind: 'remove', id: 'n2' }).ok);
  assert.equal(cluster.get('n1').raft.commit, 2);
  cluster.propose('n1', 'a');
  assert.equal(cluster.get('n1').applied, 3);
  // n2 comes back with the old configuration: it asks for votes and gets none.
  cluster.restart('n2');
  cluster.run(10_000);
  assert.deepEqual([cluster.role('n1'), cluster.get('n1').raft.currentTerm], ['leader', 1]);
});

test('M9: an empty new node does not lower the availability: it comes as a learner', () => {
  const cluster = Cluster.of(3);
  cluster.add('n4', emptyImage());
  cluster.elect('n1');
  cluster.crash('n3');
  cluster.crash('n4');
  assert.ok(change(cluster, 'n1', { kind: 'add-learner', member: memberOf('n4') }).ok);
  cluster.run(100);
  cluster.propose('n1', 'a');
  cluster.run(100);
  assert.equal(cluster.get('n1').applied, 3);
});

test('M11: the mark of a compaction carries the configuration of its index', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.propose('n1', 'a');
  cluster.run(10);
  assert.ok(change(cluster, 'n1', { kind: 'add-learner', member: memberOf('n4') }).ok);
  cluster.run(10);
  const leader = cluster.get('n1');
  const { raft } = leader;
  assert.deepEqual(raft.configAt(2)?.learners, []);
  assert.deepEqual(raft.configAt(3)?.learners, ['n4']);
  raft.compact(2);
  leader.drain();
  assert.deepEqual(leader.image.mark.config.learners, []);
  assert.deepEqual(raft.config.learners, ['n4']);
  assert.equal(raft.configAt(1), null);
  raft.compact(3);
  leader.drain();
  assert.deepEqual(leader.image.mark.config.learners, ['n4']);
});

test('a removed follower is told, and then spoken to no more', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  assert.ok(change(cluster, 'n1', { kind: 'remove', id: 'n3' }).ok);
  cluster.run(50);
  const { raft } = cluster.get('n3');
  assert.deepEqual([raft.commit, raft.config.voters], [2, ['n1', 'n2']]);
  assert.equal(cluster.role('n3'), 'learner');
  assert.deepEqual(
    cluster
      .get('n1')
      .raft.status()
      .progress.map(({ id }) => id),
    ['n2'],
  );
  // It knows, so it does not ask for votes.
  cluster.run(20_000);
  assert.equal(cluster.role('n3'), 'learner');
  const proposal = cluster.propose('n3', 'a');
  assert.equal(proposal.ok ? '' : proposal.reason, 'removed');
});

test('a removed follower that is down is forgotten after an election timeout', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.crash('n3');
  assert.ok(change(cluster, 'n1', { kind: 'remove', id: 'n3' }).ok);
  cluster.run(2500);
  assert.equal(cluster.get('n1').raft.status().progress.length, 1);
});

test('a node that waits to be added takes no part in elections', () => {
  const cluster = Cluster.of(3);
  cluster.add('n4', emptyImage());
  cluster.run(20_000);
  assert.equal(cluster.role('n4'), 'learner');
  assert.equal(cluster.get('n4').raft.currentTerm, 0);
});

test('a voter whose removal only it knows stands, so that two voters are not stuck', () => {
  const cluster = Cluster.of(2);
  cluster.elect('n1');
  cluster.partition(['n1'], ['n2']);
  assert.ok(change(cluster, 'n1', { kind: 'remove', id: 'n1' }).ok);
  cluster.crash('n1');
  cluster.restart('n1');
  cluster.heal();
  cluster.run(20_000);
  assert.deepEqual(
    cluster.leaders().map(({ id }) => id),
    ['n2'],
  );
  assert.deepEqual(cluster.get('n2').raft.config.voters, ['n2']);
});
