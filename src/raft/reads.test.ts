import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Cluster, memberOf } from './testing/cluster.suite.ts';
import { emptyImage } from './testing/member.suite.ts';

test('D1: a deposed leader that has not noticed confirms no read', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.partition(['n1'], ['n2', 'n3']);
  cluster.timeout('n2');
  cluster.stabilize();
  cluster.propose('n2', 'new');
  cluster.stabilize();
  assert.deepEqual([cluster.role('n1'), cluster.get('n2').raft.commit], ['leader', 3]);
  cluster.readIndex('n1', 1);
  cluster.run(500);
  assert.equal(cluster.read(1), undefined);
  cluster.heal();
  cluster.run(500);
  assert.equal(cluster.read(1), 'failed');
});

test('D2: a new leader confirms no read before an entry of its term is committed', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  // "a" is committed by n1 and n2; n2 does not know.
  cluster.cut('n1', 'n3');
  cluster.propose('n1', 'a');
  cluster.deliver({ to: 'n2' });
  cluster.deliver({ to: 'n1' });
  cluster.wire = [];
  assert.equal(cluster.get('n1').raft.commit, 2);
  cluster.partition(['n1'], ['n2', 'n3']);
  cluster.timeout('n2');
  cluster.deliver({ kind: 'pre-vote' });
  cluster.deliver({ kind: 'pre-vote-reply' });
  cluster.deliver({ kind: 'vote' });
  cluster.deliver({ kind: 'vote-reply' });
  assert.deepEqual([cluster.role('n2'), cluster.get('n2').raft.commit], ['leader', 1]);
  cluster.wire = [];
  cluster.readIndex('n2', 1);
  cluster.readIndex('n3', 2);
  // Heartbeats are answered; that is not enough.
  cluster.now += 100;
  cluster.tick('n2');
  cluster.deliver({ kind: 'heartbeat' });
  cluster.deliver({ kind: 'heartbeat-reply' });
  assert.equal(cluster.read(1), undefined);
  assert.equal(cluster.read(2), 'failed', 'n3 has not heard of a leader yet');
  cluster.run(300);
  assert.equal(cluster.read(1), 3);
});

test('D3: a request id is never used again, nor after a restart', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  const ids = new Set<number>();
  for (let life = 0; life < 5; life++) {
    for (let context = 0; context < 10; context++) {
      cluster.readIndex('n2', life * 10 + context);
      for (const message of cluster.take({ kind: 'read-request' })) {
        assert.ok(message.kind === 'read-request');
        ids.add(message.requestId);
      }
    }
    cluster.crash('n2');
    cluster.restart('n2');
    cluster.run(200);
  }
  assert.equal(ids.size, 50);
});

test('D3: a late answer to a read that was given up is nobody’s', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.readIndex('n2', 1);
  const [request] = cluster.take({ kind: 'read-request' });
  assert.ok(request !== undefined);
  cluster.step(request);
  const [late] = cluster.take({ kind: 'read-reply' });
  assert.ok(late !== undefined);
  cluster.run(1500);
  assert.equal(cluster.read(1), 'failed');
  // Asked again, after a write it must see.
  cluster.propose('n1', 'a');
  cluster.run(100);
  cluster.readIndex('n2', 2);
  cluster.step(late);
  assert.equal(cluster.read(2), undefined);
  cluster.stabilize();
  assert.equal(cluster.read(2), 2);
});

test('D4: an answer to an older message does not confirm a newer read', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.now += 100;
  cluster.tick('n1');
  cluster.deliver({ kind: 'heartbeat' });
  // The answers are under way when the read begins.
  const answers = cluster.take({ kind: 'heartbeat-reply' });
  assert.equal(answers.length, 2);
  cluster.readIndex('n1', 1);
  for (const answer of answers) cluster.step(answer);
  assert.equal(cluster.read(1), undefined);
  cluster.stabilize();
  assert.equal(cluster.read(1), 1);
});

test('D4: a read that comes while a round is under way waits for the next', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.readIndex('n1', 1);
  cluster.deliver({ kind: 'heartbeat', to: 'n2' });
  cluster.readIndex('n1', 2);
  assert.equal(cluster.take({ kind: 'heartbeat', to: 'n2' }).length, 0, 'no second round yet');
  cluster.deliver({ kind: 'heartbeat-reply' });
  assert.deepEqual([cluster.read(1), cluster.read(2)], [1, undefined]);
  cluster.stabilize();
  assert.equal(cluster.read(2), 1);
});

test('D5: neither learners nor removed voters confirm reads', () => {
  const cluster = Cluster.of(3);
  cluster.add('n4', emptyImage());
  cluster.elect('n1');
  const { raft } = cluster.get('n1');
  raft.changeConfig({ steps: [{ kind: 'add-learner', member: memberOf('n4') }] });
  cluster.run(100);
  cluster.partition(['n2', 'n3'], ['n1', 'n4']);
  cluster.readIndex('n1', 1);
  cluster.readIndex('n4', 2);
  cluster.run(300);
  assert.deepEqual([cluster.read(1), cluster.read(2)], [undefined, undefined]);
  cluster.heal();
  cluster.run(300);
  assert.deepEqual([cluster.read(1), cluster.read(2)], [2, 2]);
});

test('D5: in a joint configuration both halves confirm', () => {
  const cluster = Cluster.of(3);
  cluster.add('n4', emptyImage());
  cluster.add('n5', emptyImage());
  cluster.elect('n1');
  const { raft } = cluster.get('n1');
  const add = (id: string) => ({ kind: 'add-learner', member: memberOf(id) }) as const;
  raft.changeConfig({ steps: [add('n4'), add('n5')] });
  cluster.run(100);
  cluster.partition(['n4', 'n5'], ['n1', 'n2', 'n3']);
  raft.changeConfig({
    steps: [
      { kind: 'promote', id: 'n4' },
      { kind: 'promote', id: 'n5' },
      { kind: 'remove', id: 'n2' },
      { kind: 'remove', id: 'n3' },
    ],
  });
  cluster.readIndex('n1', 1);
  cluster.run(300);
  assert.equal(cluster.read(1), undefined, 'n1, n2 and n3 are one half');
  cluster.heal();
  cluster.run(300);
  assert.notEqual(cluster.read(1), undefined);
});

test('D11: every role answers a wish for a transfer at once', () => {
  const cluster = Cluster.of(3);
  const ask = (id: string, to: string | null): string => {
    const result = cluster.get(id).raft.transferLeadership(to);
    return result.ok ? 'ok' : result.reason;
  };
  assert.equal(ask('n1', null), 'not-leader');
  cluster.partition(['n1'], ['n2', 'n3']);
  cluster.timeout('n1');
  assert.equal(ask('n1', 'n2'), 'not-leader', 'a pre-candidate');
  cluster.heal();
  cluster.elect('n2');
  assert.equal(ask('n2', 'n9'), 'no-target');
  assert.equal(ask('n2', 'n2'), 'no-target');
  assert.equal(ask('n2', null), 'ok');
  assert.equal(ask('n2', 'n3'), 'transferring');
});

test('D12: a follower is told the index to wait for, also when it has not applied it', () => {
  const cluster = Cluster.of(3, { commitNoticeDelayMs: 50 });
  cluster.elect('n1');
  cluster.run(100);
  cluster.get('n2').autoIo = false;
  cluster.propose('n1', 'a');
  cluster.stabilize();
  assert.deepEqual([cluster.get('n1').raft.commit, cluster.get('n2').applied], [2, 1]);
  cluster.readIndex('n2', 1);
  cluster.stabilize();
  assert.deepEqual([cluster.read(1), cluster.get('n2').applied], [2, 1]);
  // The commit index came with the answer: nothing but its own disk holds it up.
  assert.equal(cluster.get('n2').raft.commit, 2);
  cluster.get('n2').finishWrites();
  cluster.get('n2').drain();
  assert.equal(cluster.get('n2').applied, 2);
});

test('D13: reads of a leader that steps down fail, and late answers change nothing', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.readIndex('n1', 1);
  cluster.deliver({ kind: 'heartbeat' });
  const answers = cluster.take({ kind: 'heartbeat-reply' });
  const last = { index: 1, term: 1 };
  cluster.step({ kind: 'vote', from: 'n2', to: 'n1', term: 2, last, transfer: true });
  assert.equal(cluster.read(1), 'failed');
  for (const answer of answers) cluster.step(answer);
  assert.equal(cluster.read(1), 'failed');
});

test('D13: a follower’s read fails when the leader changes', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.readIndex('n2', 1);
  cluster.take({ kind: 'read-request' });
  cluster.crash('n1');
  cluster.timeout('n3');
  cluster.stabilize();
  assert.equal(cluster.read(1), 'failed');
});

test('readIndex() of an only voter is confirmed at once, round after round', () => {
  const cluster = Cluster.of(1);
  cluster.tick('n1');
  for (let context = 1; context < 5; context++) {
    cluster.readIndex('n1', context);
    assert.equal(cluster.read(context), 1);
    cluster.run(250);
  }
});

test('readIndex() of a leader that became the only voter meanwhile does not hang', () => {
  const cluster = Cluster.of(2);
  cluster.elect('n1');
  cluster.crash('n2');
  cluster.readIndex('n1', 1);
  assert.equal(cluster.read(1), undefined);
  const { raft } = cluster.get('n1');
  raft.changeConfig({ steps: [{ kind: 'remove', id: 'n2' }] });
  cluster.get('n1').drain();
  assert.equal(cluster.read(1), 1);
});

test('a recovering follower confirms nothing, not even its own read', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.propose('n1', 'a');
  cluster.run(100);
  cluster.crash('n3');
  cluster.get('n3').image.recovering = true;
  cluster.get('n3').restart(cluster.now);
  cluster.connect('n1', 'n3');
  cluster.partition(['n2'], ['n1', 'n3']);
  const envelope = { from: 'n3', to: 'n1', term: 1 };
  cluster.step({ kind: 'read-request', ...envelope, requestId: 9 });
  assert.equal(cluster.take({ kind: 'read-reply' }).length, 0);
});
