import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Effects } from './effects.ts';
import type { Message } from './message.ts';
import { Cluster, bytesOf, configOf, logOf } from './testing/cluster.suite.ts';
import { emptyImage } from './testing/member.suite.ts';

// One test per sentence of "In Search of an Understandable Consensus Algorithm (Extended Version)",
// each with its section, each in three parts: set up, do, look.

const ZERO = { index: 0, term: 0 };
const ECHO = { readSequence: 0, sentAtMs: 0 };

function append(term: number, fields: Partial<Extract<Message, { kind: 'append' }>> = {}): Message {
  const [from, to] = ['n2', 'n1'];
  const empty = { previous: ZERO, entries: [], commit: 0 };
  return { kind: 'append', from, to, term, ...empty, ...ECHO, ...fields };
}

function vote(term: number, from: string, last = ZERO): Message {
  return { kind: 'vote', from, to: 'n1', term, last, transfer: true };
}

/** n1 in the role wanted, at term 1 or, for a follower, 0. */
function inRole(role: string): Cluster {
  const cluster = Cluster.of(3);
  if (role === 'follower') return cluster;
  cluster.timeout('n1');
  const envelope = { from: 'n2', to: 'n1', term: 1 };
  cluster.step({ kind: 'pre-vote-reply', ...envelope, granted: true });
  if (role === 'leader') cluster.step({ kind: 'vote-reply', ...envelope, granted: true });
  assert.equal(cluster.role('n1'), role);
  cluster.wire = [];
  return cluster;
}

for (const role of ['follower', 'candidate', 'leader']) {
  test(`§5.1: a server whose term is smaller than the other’s updates it: ${role}`, () => {
    const cluster = inRole(role);
    cluster.step(append(7));
    assert.equal(cluster.get('n1').raft.currentTerm, 7);
  });
}

for (const role of ['candidate', 'leader']) {
  test(`§5.1: a ${role} whose term is out of date reverts to follower state`, () => {
    const cluster = inRole(role);
    cluster.step({
      kind: 'heartbeat-reply',
      from: 'n2',
      to: 'n1',
      term: 9,
      recovering: false,
      ...ECHO,
    });
    assert.equal(cluster.role('n1'), 'follower');
    assert.equal(cluster.get('n1').raft.leader, null);
  });
}

test('§5.1: a server that receives a request with a stale term number rejects it', () => {
  const cluster = Cluster.of(3);
  cluster.step(append(5));
  cluster.step(append(4, { entries: logOf([4]) }));
  assert.equal(cluster.get('n1').raft.status().last, 0);
});

test('§5.2: when servers start up, they begin as followers', () => {
  const cluster = Cluster.of(3);
  for (const id of ['n1', 'n2', 'n3']) assert.equal(cluster.role(id), 'follower');
});

test('§5.2: a server remains a follower as long as it hears from a leader', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.run(60_000);
  assert.deepEqual([cluster.role('n2'), cluster.role('n3')], ['follower', 'follower']);
});

test('§5.2: leaders send periodic heartbeats to all followers', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  for (let beat = 0; beat < 3; beat++) {
    cluster.now += 100;
    cluster.tick('n1');
    assert.deepEqual(
      cluster.take({ kind: 'heartbeat' }).map(({ to }) => to),
      ['n2', 'n3'],
    );
  }
});

test('§5.2: a follower that hears nothing over the election timeout begins an election', () => {
  const cluster = Cluster.of(3);
  const { raft } = cluster.get('n1');
  const due = raft.deadline();
  assert.ok(due >= 1000 && due < 2000, `${due}`);
  cluster.now = due - 1;
  cluster.tick('n1');
  assert.equal(cluster.role('n1'), 'follower');
  cluster.timeout('n1');
  assert.equal(cluster.role('n1'), 'pre-candidate');
});

test('§5.2: a candidate increments its term, votes for itself and asks the others', () => {
  const cluster = inRole('candidate');
  const { term, vote: own } = cluster.get('n1').raft.status();
  assert.deepEqual([term, own], [1, 'n1']);
  const fresh = Cluster.of(3);
  fresh.timeout('n1');
  fresh.deliver({ kind: 'pre-vote' });
  fresh.deliver({ kind: 'pre-vote-reply' });
  assert.deepEqual(
    fresh.take({ kind: 'vote' }).map(({ to, term: asked }) => [to, asked]),
    [
      ['n2', 1],
      ['n3', 1],
    ],
  );
});

test('§5.2: a candidate wins with votes from a majority for the same term', () => {
  for (const size of [1, 2, 3, 4, 5, 7]) {
    for (let grants = 0; grants < size; grants++) {
      const cluster = Cluster.of(size);
      cluster.timeout('n1');
      for (let peer = 2; peer <= size; peer++) {
        const reply = { from: `n${peer}`, to: 'n1', term: 1, granted: true };
        cluster.step({ kind: 'pre-vote-reply', ...reply });
      }
      for (let peer = 2; peer <= size; peer++) {
        const reply = { from: `n${peer}`, to: 'n1', term: 1, granted: peer - 2 < grants };
        cluster.step({ kind: 'vote-reply', ...reply });
      }
      const wins = (grants + 1) * 2 > size;
      assert.equal(cluster.role('n1') === 'leader', wins, `${grants} + 1 of ${size}`);
    }
  }
});

test('§5.2: each server votes for at most one candidate in a term, first come first served', () => {
  const cluster = Cluster.of(3);
  cluster.step(vote(1, 'n2'));
  cluster.step(vote(1, 'n3'));
  cluster.step(vote(1, 'n2'));
  const granted = cluster
    .take({ kind: 'vote-reply' })
    .map((message) => [message.to, message.kind === 'vote-reply' && message.granted]);
  assert.deepEqual(granted, [
    ['n2', true],
    ['n3', false],
    ['n2', true],
  ]);
});

test('§5.2: a candidate that hears a leader of its term returns to follower state', () => {
  const cluster = inRole('candidate');
  cluster.step(append(1));
  assert.deepEqual([cluster.role('n1'), cluster.get('n1').raft.leader], ['follower', 'n2']);
});

test('§5.2: a candidate rejects a leader of an older term and stays a candidate', () => {
  const cluster = inRole('candidate');
  cluster.step(append(0));
  assert.equal(cluster.role('n1'), 'candidate');
});

test('§5.2: with a split vote each candidate times out and starts a new election', () => {
  const cluster = inRole('candidate');
  cluster.timeout('n1');
  assert.equal(cluster.role('n1'), 'pre-candidate');
  cluster.step({ kind: 'pre-vote-reply', from: 'n2', to: 'n1', term: 2, granted: true });
  assert.deepEqual([cluster.role('n1'), cluster.get('n1').raft.currentTerm], ['candidate', 2]);
});

test('§5.2: election timeouts are drawn anew from [T, 2T)', () => {
  const drawn = new Set<number>();
  const cluster = Cluster.of(3);
  for (let round = 0; round < 200; round++) {
    const start = cluster.now;
    cluster.step(append(round + 1));
    const wait = cluster.get('n1').raft.deadline() - start;
    assert.ok(wait >= 1000 && wait < 2000, `${wait}`);
    drawn.add(wait);
    cluster.wire = [];
    cluster.now += 10;
  }
  assert.ok(drawn.size > 100, `${drawn.size} different timeouts`);
});

test('§5.3: the leader appends the command as a new entry and sends it to each follower', () => {
  const cluster = Cluster.of(3);
  const leader = cluster.elect('n1');
  cluster.propose('n1', 'a');
  const appends = cluster.take({ kind: 'append' });
  assert.deepEqual(
    appends.map(({ to }) => to),
    ['n2', 'n3'],
  );
  assert.deepEqual(leader.raft.entries(1, 2), [
    { index: 2, term: 1, kind: 'normal', data: bytesOf('a') },
  ]);
});

test('§5.3: an entry is committed once the leader has it on a majority, whichever that is', () => {
  for (const size of [2, 3, 4, 5]) {
    for (let holders = 1; holders <= size; holders++) {
      const cluster = Cluster.of(size);
      cluster.elect('n1');
      cluster.propose('n1', 'a');
      for (let peer = 2; peer <= holders; peer++) cluster.deliver({ to: `n${peer}` });
      cluster.deliver({ to: 'n1' });
      const committed = cluster.get('n1').raft.commit === 2;
      assert.equal(committed, holders * 2 > size, `${holders} of ${size}`);
    }
  }
});

test('§5.3: this also commits all preceding entries, of earlier leaders too', () => {
  const cluster = new Cluster();
  for (const id of ['n1', 'n2', 'n3']) {
    const image = emptyImage(configOf(['n1', 'n2', 'n3']));
    image.hardState = { term: 2, vote: null };
    image.entries = id === 'n1' ? logOf([1, 1, 2]) : logOf([1]);
    cluster.add(id, image);
  }
  cluster.elect('n1');
  assert.equal(cluster.get('n1').raft.commit, 4);
  assert.equal(cluster.get('n1').applied, 4);
});

test('§5.3: the leader tells the highest index it knows to be committed', () => {
  const cluster = Cluster.of(3, { commitNoticeDelayMs: 0 });
  cluster.elect('n1');
  cluster.propose('n1', 'a');
  cluster.stabilize();
  assert.deepEqual([cluster.get('n2').raft.commit, cluster.get('n3').raft.commit], [2, 2]);
});

test('§5.3: followers apply committed entries in log order', () => {
  const cluster = Cluster.of(3);
  const applied: Effects['apply'][] = [];
  cluster.onEffects((member, { apply }) => {
    if (member.id === 'n2' && apply !== null) applied.push(apply);
  });
  cluster.elect('n1');
  for (const command of ['a', 'b', 'c']) {
    cluster.propose('n1', command);
    cluster.run(20);
  }
  assert.deepEqual(applied, [
    { after: 0, through: 1 },
    { after: 1, through: 2 },
    { after: 2, through: 3 },
    { after: 3, through: 4 },
  ]);
});

test('§5.3: a follower refuses new entries when it has not the entry before them', () => {
  const cluster = Cluster.of(3);
  cluster.step(append(1, { previous: { index: 3, term: 1 }, entries: [] }));
  const [reply] = cluster.take({ kind: 'append-reply' });
  assert.deepEqual(reply?.kind === 'append-reply' && reply.hint, ZERO);
});

test('§5.3: entries that conflict are deleted, and all that follow them', () => {
  const cluster = new Cluster();
  const image = emptyImage(configOf(['n1', 'n2', 'n3']));
  image.hardState = { term: 3, vote: null };
  image.entries = logOf([1, 1, 2, 2, 2]);
  const member = cluster.add('n1', image);
  const entries = logOf([1, 1, 3]).slice(2);
  cluster.step(append(3, { previous: { index: 2, term: 1 }, entries }));
  assert.deepEqual(
    member.raft.entries(0, 3).map(({ term }) => term),
    [1, 1, 3],
  );
  assert.equal(member.raft.status().last, 3);
});

test('§5.3: a leader never overwrites or deletes entries in its log; it only appends', () => {
  const cluster = Cluster.of(3);
  const leader = cluster.elect('n1');
  cluster.propose('n1', 'a', 'b');
  const before = leader.raft.entries(0, 3);
  cluster.step({ ...append(1), previous: ZERO, entries: logOf([1]) } as Message);
  cluster.stabilize();
  assert.deepEqual(leader.raft.entries(0, 3), before);
});

test('§5.3: append requests may be repeated without effect', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.propose('n1', 'a', 'b');
  const [first] = cluster.take({ to: 'n2', kind: 'append' });
  assert.ok(first !== undefined);
  for (let times = 0; times < 3; times++) cluster.step(first);
  assert.equal(cluster.get('n2').raft.status().last, 3);
  cluster.stabilize();
  assert.equal(cluster.get('n1').raft.commit, 3);
});

test('§5.4.1: the voter denies its vote if its own log is more up to date', () => {
  const cases = [
    { mine: [1, 1], last: { index: 1, term: 1 }, granted: false },
    { mine: [1, 1], last: { index: 2, term: 1 }, granted: true },
    { mine: [1, 1], last: { index: 3, term: 1 }, granted: true },
    { mine: [1, 2], last: { index: 9, term: 1 }, granted: false },
    { mine: [1, 1, 1], last: { index: 1, term: 2 }, granted: true },
  ];
  for (const { mine, last, granted } of cases) {
    const cluster = new Cluster();
    const image = emptyImage(configOf(['n1', 'n2', 'n3']));
    image.hardState = { term: 2, vote: null };
    image.entries = logOf(mine);
    cluster.add('n1', image);
    cluster.step(vote(3, 'n2', last));
    const [reply] = cluster.take({ kind: 'vote-reply' });
    assert.equal(reply?.kind === 'vote-reply' && reply.granted, granted, JSON.stringify(mine));
  }
});

test('§5.4.2: only entries of the current term are committed by counting replicas', () => {
  const cluster = new Cluster();
  for (const id of ['n1', 'n2', 'n3']) {
    const image = emptyImage(configOf(['n1', 'n2', 'n3']));
    image.hardState = { term: 2, vote: null };
    image.entries = logOf([1, 2]);
    cluster.add(id, image);
  }
  cluster.timeout('n1');
  for (const from of ['n2', 'n3']) {
    cluster.step({ kind: 'pre-vote-reply', from, to: 'n1', term: 3, granted: true });
  }
  cluster.step({ kind: 'vote-reply', from: 'n2', to: 'n1', term: 3, granted: true });
  const reply = { kind: 'append-reply', from: 'n2', to: 'n1', term: 3, hint: null } as const;
  for (const index of [1, 2]) {
    cluster.step({ ...reply, index, recovering: false, ...ECHO });
    assert.equal(cluster.get('n1').raft.commit, 0);
  }
  cluster.step({ ...reply, index: 3, recovering: false, ...ECHO });
  assert.equal(cluster.get('n1').raft.commit, 3);
});

test('§5.5: requests to a crashed follower are retried until it restarts', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.crash('n3');
  cluster.propose('n1', 'a');
  cluster.run(1500);
  cluster.restart('n3');
  cluster.run(300);
  assert.equal(cluster.get('n3').applied, 2);
});

test('§6: servers disregard vote requests while they believe that a leader exists', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n2');
  cluster.wire = [];
  const request = { ...vote(9, 'n3', { index: 5, term: 5 }), transfer: false } as Message;
  cluster.step(request);
  assert.deepEqual(cluster.wire, []);
  assert.equal(cluster.get('n1').raft.currentTerm, 1);
  // A minimum election timeout later it is taken seriously.
  cluster.now += 1000;
  cluster.step(request);
  assert.equal(cluster.get('n1').raft.currentTerm, 9);
});

test('§8: a leader commits a blank no-op at the start of its term', () => {
  const cluster = Cluster.of(3);
  const leader = cluster.elect('n1');
  assert.deepEqual(
    leader.raft.entries(0, 1).map(({ kind, term }) => [kind, term]),
    [['noop', 1]],
  );
  assert.equal(leader.raft.commit, 1);
});

test('§8: before answering a read the leader exchanges heartbeats with a majority', () => {
  const cluster = Cluster.of(5);
  cluster.elect('n1');
  cluster.readIndex('n1', 1);
  cluster.deliver({ to: 'n2' });
  cluster.deliver({ to: 'n1' });
  assert.equal(cluster.read(1), undefined);
  cluster.deliver({ to: 'n3' });
  cluster.deliver({ to: 'n1' });
  assert.equal(cluster.read(1), 1);
});

test('thesis 3.10: a server that gets TimeoutNow starts an election without waiting', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n2');
  cluster.step({ kind: 'timeout-now', from: 'n2', to: 'n1', term: 1, lastIndex: 1 });
  assert.deepEqual([cluster.role('n1'), cluster.get('n1').raft.currentTerm], ['candidate', 2]);
});

test('thesis 4.2.1: a learner is replicated to and not counted', () => {
  const cluster = new Cluster();
  const config = configOf(['n1', 'n2'], ['n3']);
  for (const id of ['n1', 'n2', 'n3']) cluster.add(id, emptyImage(config));
  cluster.elect('n1');
  cluster.crash('n2');
  cluster.propose('n1', 'a');
  cluster.run(100);
  assert.equal(cluster.get('n3').raft.status().last, 2);
  assert.equal(cluster.get('n1').raft.commit, 1);
});

test('thesis 6.2: a leader steps down when it hears no majority for too long', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.crash('n2');
  cluster.crash('n3');
  cluster.run(2100);
  assert.equal(cluster.role('n1'), 'follower');
});

test('thesis 9.6: a pre-vote is granted only by who has not heard a leader lately', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n2');
  cluster.wire = [];
  const last = { index: 1, term: 1 };
  cluster.step({ kind: 'pre-vote', from: 'n3', to: 'n1', term: 2, last });
  assert.deepEqual(cluster.wire, []);
  cluster.now += 1000;
  cluster.step({ kind: 'pre-vote', from: 'n3', to: 'n1', term: 2, last });
  const [reply] = cluster.take({ kind: 'pre-vote-reply' });
  assert.equal(reply?.kind === 'pre-vote-reply' && reply.granted, true);
  assert.equal(cluster.get('n1').raft.currentTerm, 1, 'it changes nothing');
});

test('thesis 10.2.1: the leader writes beside sending, and then counts itself', () => {
  const cluster = Cluster.of(2);
  const leader = cluster.elect('n1');
  leader.autoIo = false;
  cluster.propose('n1', 'a');
  cluster.stabilize();
  assert.deepEqual([leader.raft.status().progress[0]?.match, leader.raft.commit], [2, 1]);
  leader.finishWrites();
  assert.equal(leader.raft.commit, 2);
});
