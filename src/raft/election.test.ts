import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Position, Term } from './entry.ts';
import type { Message, Vote } from './message.ts';
import { Cluster, bytesOf, configOf, logOf } from './testing/cluster.suite.ts';
import { emptyImage } from './testing/member.suite.ts';

const vote = (from: string, to: string, term: Term, last: Position): Vote => ({
  kind: 'vote',
  from,
  to,
  term,
  last,
  transfer: false,
});

const NOTHING: Position = { index: 0, term: 0 };

test('E1: a vote is answered only when it is durable, and a crash before takes it back', () => {
  const cluster = Cluster.of(3);
  const voter = cluster.get('n2');
  voter.autoIo = false;
  cluster.step(vote('n1', 'n2', 1, NOTHING));
  assert.equal(cluster.wire.length, 0);
  assert.equal(voter.raft.status().vote, 'n1');
  cluster.crash('n2');
  cluster.restart('n2');
  assert.equal(voter.raft.status().term, 0);
  // Nobody was promised anything, so the vote is free.
  cluster.step(vote('n3', 'n2', 1, NOTHING));
  voter.finishWrites();
  assert.deepEqual(
    cluster.wire.map((message) => [message.kind, message.to]),
    [['vote-reply', 'n3']],
  );
  // Durable now: the same term has one vote.
  cluster.crash('n2');
  cluster.restart('n2');
  cluster.step(vote('n1', 'n2', 1, NOTHING));
  voter.finishWrites();
  assert.deepEqual(cluster.take({ kind: 'vote-reply', to: 'n1' }), [
    { kind: 'vote-reply', from: 'n2', to: 'n1', term: 1, granted: false },
  ]);
});

test('E2: term and vote are one record of one write', () => {
  const cluster = Cluster.of(3);
  cluster.get('n2').autoIo = false;
  cluster.step(vote('n1', 'n2', 4, NOTHING));
  assert.deepEqual(
    cluster.get('n2').writes.map(({ hardState }) => hardState),
    [{ term: 4, vote: 'n1' }],
  );
});

test('E3: entries of a later leader get a later ticket than the vote before them', () => {
  const cluster = Cluster.of(3);
  const voter = cluster.get('n2');
  voter.autoIo = false;
  cluster.step(vote('n1', 'n2', 1, NOTHING));
  cluster.timeout('n1');
  cluster.deliver({ to: 'n3' });
  cluster.deliver({ to: 'n1' });
  cluster.deliver({ to: 'n3' });
  cluster.deliver({ to: 'n1' });
  cluster.deliver({ to: 'n2', kind: 'append' });
  const [first, second] = voter.writes;
  assert.deepEqual(first?.hardState, { term: 1, vote: 'n1' });
  assert.equal(second?.entries.length, 1);
  assert.ok((first?.ticket ?? 0) < (second?.ticket ?? 0));
  // The acknowledgement waits for both.
  voter.finishWrites(1);
  assert.equal(cluster.take({ from: 'n2', kind: 'append-reply' }).length, 0);
  voter.finishWrites(1);
  assert.equal(cluster.take({ from: 'n2', kind: 'append-reply' }).length, 1);
});

test('E4: no vote is asked for before the term is durable, so late grants are stale', () => {
  const cluster = Cluster.of(3);
  const candidate = cluster.get('n1');
  candidate.autoIo = false;
  cluster.timeout('n1');
  cluster.stabilize();
  assert.equal(cluster.role('n1'), 'candidate');
  assert.deepEqual(cluster.take({ kind: 'vote' }), []);
  // The write finishes, a request leaves, and the node dies and forgets nothing of it.
  candidate.finishWrites();
  const [request] = cluster.take({ kind: 'vote', to: 'n2' });
  assert.equal(request?.term, 1);
  cluster.crash('n1');
  cluster.restart('n1');
  candidate.autoIo = true;
  cluster.timeout('n1');
  cluster.deliver({ kind: 'pre-vote' });
  cluster.deliver({ kind: 'pre-vote-reply' });
  assert.equal(candidate.raft.currentTerm, 2, 'the second campaign has a term of its own');
  cluster.take({ kind: 'vote' });
  // The late grant of term 1 does not elect it in term 2.
  cluster.step({ kind: 'vote-reply', from: 'n2', to: 'n1', term: 1, granted: true });
  cluster.step({ kind: 'vote-reply', from: 'n3', to: 'n1', term: 1, granted: true });
  assert.equal(cluster.role('n1'), 'candidate');
});

test('E4: writes handed out before the campaign are durable before it is heard of', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n2');
  const slow = cluster.get('n1');
  slow.autoIo = false;
  cluster.propose('n2', 'a');
  cluster.stabilize();
  cluster.crash('n2', true);
  cluster.timeout('n1');
  cluster.stabilize();
  const [append, term] = slow.writes;
  assert.equal(append?.entries.length, 1);
  assert.equal(term?.hardState?.term, 2);
  slow.finishWrites(1);
  assert.equal(cluster.take({ kind: 'vote' }).length, 0);
  slow.finishWrites(1);
  assert.equal(cluster.take({ kind: 'vote', from: 'n1' }).length, 2);
});

test('E5: a learner that is asked votes, as it may be a voter without knowing', () => {
  const cluster = new Cluster();
  // n3 is promoted, and that is committed; n3 has not heard of it.
  for (const id of ['n1', 'n2']) cluster.add(id, emptyImage(configOf(['n1', 'n2', 'n3'])));
  cluster.add('n3', emptyImage(configOf(['n1', 'n2'], ['n3'])));
  cluster.partition(['n2'], ['n1', 'n3']);
  cluster.timeout('n1');
  cluster.stabilize();
  assert.equal(cluster.role('n1'), 'leader');
});

test('E6: the log comparison is lexicographic, terms first', () => {
  const position = fc.record({ term: fc.nat({ max: 3 }), length: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(position, position, (ours, theirs) => {
      const cluster = new Cluster();
      const image = emptyImage(configOf(['n1', 'n2']));
      image.entries = logOf(Array.from({ length: ours.length }, () => ours.term));
      image.hardState = { term: 3, vote: null };
      cluster.add('n1', image);
      cluster.step(vote('n2', 'n1', 4, { index: theirs.length, term: theirs.term }));
      const [reply] = cluster.take();
      const upToDate = theirs.term * 100 + theirs.length >= ours.term * 100 + ours.length;
      assert.equal(reply?.kind === 'vote-reply' && reply.granted, upToDate);
    }),
  );
});

test('E7: a pre-vote of a lower term is answered with the higher one, so nobody is stuck', () => {
  const cluster = new Cluster();
  const voters = ['n1', 'n2'];
  // n1 has the longer log, n2 the higher term: each needs the other.
  const long = emptyImage(configOf(voters));
  long.entries = logOf([1, 1]);
  long.hardState = { term: 1, vote: null };
  cluster.add('n1', long);
  const high = emptyImage(configOf(voters));
  high.entries = logOf([1]);
  high.hardState = { term: 5, vote: null };
  cluster.add('n2', high);
  cluster.timeout('n1');
  cluster.stabilize();
  assert.equal(cluster.get('n1').raft.currentTerm, 5);
  cluster.run(5000);
  assert.deepEqual(
    cluster.leaders().map(({ id }) => id),
    ['n1'],
  );
});

test('E8: a leader that stepped down can be elected again', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.partition(['n1'], ['n2', 'n3']);
  cluster.timeout('n1');
  assert.equal(cluster.role('n1'), 'follower');
  cluster.heal();
  cluster.wire = [];
  // The others heard it until now and still take it for their leader.
  const [n2, n3] = ['n2', 'n3'].map((id) => cluster.get(id).raft.leader);
  assert.deepEqual([n2, n3], ['n1', 'n1']);
  cluster.timeout('n1');
  cluster.stabilize();
  assert.equal(cluster.role('n1'), 'leader');
});

test('E8: whoever is heard as leader does not hinder its own pre-vote', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  const last = cluster.get('n1').raft.entries(0, 1).at(-1);
  assert.ok(last !== undefined);
  const ask = (from: string): Message[] => {
    cluster.step({ kind: 'pre-vote', from, to: 'n2', term: 2, last });
    return cluster.take({ from: 'n2' });
  };
  assert.deepEqual(ask('n3'), [], 'another node is not answered while the leader is heard');
  assert.deepEqual(ask('n1'), [
    { kind: 'pre-vote-reply', from: 'n2', to: 'n1', term: 2, granted: true },
  ]);
});

test('E9: a removed server that was not told disturbs nobody', () => {
  const cluster = Cluster.of(4);
  cluster.elect('n1');
  cluster.partition(['n4'], ['n1', 'n2', 'n3']);
  const { raft } = cluster.get('n1');
  assert.ok(raft.changeConfig({ steps: [{ kind: 'remove', id: 'n4' }] }).ok);
  cluster.run(5000);
  assert.deepEqual(raft.config.voters, ['n1', 'n2', 'n3']);
  cluster.heal();
  cluster.run(20_000);
  assert.equal(cluster.role('n4'), 'pre-candidate');
  assert.deepEqual([cluster.role('n1'), raft.currentTerm], ['leader', 1]);
});

test('E10: a group goes on while some majority is fully connected (Cloudflare, 2020)', () => {
  // The majority 1, 2, 3 is whole; 4 sees only 2, and 5 only 3.
  const cluster = Cluster.of(5);
  cluster.elect('n4');
  const cut = (left: string, right: string): void => {
    cluster.cut(left, right);
    cluster.cut(right, left);
  };
  for (const other of ['n1', 'n3', 'n5']) cut('n4', other);
  for (const other of ['n1', 'n2']) cut('n5', other);
  cluster.run(6000);
  const leader = cluster.leaders().at(-1);
  assert.ok(leader !== undefined && leader.id !== 'n4');
  const { currentTerm } = leader.raft;
  cluster.propose(leader.id, 'a');
  cluster.run(30_000);
  assert.equal(leader.raft.currentTerm, currentTerm, 'nobody deposes it any more');
  assert.equal(cluster.role(leader.id), 'leader');
});

test('E10: of three in a chain the middle one is heard by all, and terms stay', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.cut('n1', 'n3');
  cluster.cut('n3', 'n1');
  cluster.run(60_000);
  assert.deepEqual([cluster.role('n1'), cluster.get('n1').raft.currentTerm], ['leader', 1]);
});

test('E11: a node isolated for a minute comes back with the term it left with', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.partition(['n3'], ['n1', 'n2']);
  cluster.run(60_000);
  assert.equal(cluster.get('n3').raft.currentTerm, 1);
  cluster.heal();
  cluster.run(3000);
  assert.deepEqual([cluster.role('n1'), cluster.get('n1').raft.currentTerm], ['leader', 1]);
});

test('E12: each role handles a vote asked for by the leader, or by another', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  const last = { index: 1, term: 1 };
  const ask = (from: string, to: string): boolean | undefined => {
    cluster.step(vote(from, to, 1, last));
    const [reply] = cluster.take({ from: to, kind: 'vote-reply' });
    return reply?.kind === 'vote-reply' ? reply.granted : undefined;
  };
  assert.equal(ask('n1', 'n2'), true, 'a follower repeats the vote it gave');
  assert.equal(ask('n3', 'n2'), false, 'and gives no second one');
  assert.equal(ask('n2', 'n1'), false, 'a leader has voted for itself');
  assert.equal(cluster.role('n1'), 'leader');
  cluster.partition(['n3'], ['n1', 'n2']);
  cluster.timeout('n3');
  cluster.heal();
  assert.equal(ask('n1', 'n3'), true, 'a pre-candidate is still of that term');
});

test('E13: a single voter elects itself after each restart, in a new term', () => {
  const cluster = Cluster.of(1);
  const member = cluster.get('n1');
  const positions = new Set<string>();
  for (let life = 1; life <= 100; life++) {
    cluster.tick('n1');
    assert.equal(cluster.role('n1'), 'leader');
    assert.equal(member.raft.currentTerm, life);
    cluster.propose('n1', `life ${life}`);
    for (const { index, term } of member.raft.entries(0, member.raft.status().last)) {
      positions.add(`${term}.${index}`);
    }
    cluster.crash('n1');
    cluster.restart('n1');
    assert.notEqual(cluster.role('n1'), 'leader', 'not without an election');
  }
  assert.equal(positions.size, 200);
});

test('E14: what a node of each role makes of each message of each term', () => {
  for (const role of ['follower', 'pre-candidate', 'candidate', 'leader']) {
    for (const difference of [-1, 0, 1]) {
      for (const message of everyMessage(5 + difference)) checkTermRule(role, message);
    }
  }
});

function checkTermRule(role: string, message: Message): void {
  const cluster = new Cluster();
  const image = emptyImage(configOf(['n1', 'n2', 'n3']));
  image.hardState = { term: role === 'candidate' || role === 'leader' ? 4 : 5, vote: null };
  const member = cluster.add('n1', image);
  if (role !== 'follower') cluster.timeout('n1');
  if (role === 'candidate' || role === 'leader') {
    cluster.step({ kind: 'pre-vote-reply', from: 'n2', to: 'n1', term: 5, granted: true });
  }
  if (role === 'leader') {
    cluster.step({ kind: 'vote-reply', from: 'n2', to: 'n1', term: 5, granted: true });
  }
  assert.equal(cluster.role('n1'), role);
  assert.equal(member.raft.currentTerm, 5);
  cluster.step(message);
  const what = `${role} gets a ${message.kind} of term ${message.term}`;
  const { term, role: after } = member.raft.status();
  if (message.term < 5) assert.deepEqual([term, after], [5, role], what);
  else if (message.term > 5) {
    const refused = role === 'leader' && ['pre-vote', 'vote'].includes(message.kind);
    const changesNothing = ['pre-vote', 'pre-vote-reply', 'timeout-now'].includes(message.kind);
    if (refused || changesNothing) {
      const elected = message.kind === 'pre-vote-reply' && role === 'pre-candidate';
      assert.equal(term, elected ? 6 : 5, what);
    } else assert.deepEqual([term, after], [6, 'follower'], what);
  } else if (['append', 'heartbeat'].includes(message.kind)) {
    assert.equal(after, role === 'leader' ? 'leader' : 'follower', what);
  } else if (role === 'leader') assert.equal(after, 'leader', what);
}

function everyMessage(term: Term): Message[] {
  const envelope = { from: 'n2', to: 'n1', term };
  const echo = { readSequence: 0, sentAtMs: 0 };
  const last = { index: 9, term: Math.max(term - 1, 0) };
  return [
    { kind: 'pre-vote', ...envelope, last },
    { kind: 'pre-vote-reply', ...envelope, granted: true },
    { kind: 'vote', ...envelope, last, transfer: false },
    { kind: 'vote-reply', ...envelope, granted: false },
    { kind: 'append', ...envelope, previous: NOTHING, entries: [], commit: 0, ...echo },
    { kind: 'append-reply', ...envelope, index: 0, hint: null, recovering: false, ...echo },
    { kind: 'heartbeat', ...envelope, commit: 0, ...echo },
    { kind: 'heartbeat-reply', ...envelope, recovering: false, ...echo },
    { kind: 'timeout-now', ...envelope, lastIndex: 0 },
    { kind: 'read-request', ...envelope, requestId: 1 },
    { kind: 'read-reply', ...envelope, requestId: 1, index: 0 },
  ];
}

test('E15: after a stall a follower reads its messages before it judges silence', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  // The loop of n2 is blocked for three seconds; heartbeats wait in its sockets.
  cluster.now += 3000;
  cluster.tick('n2');
  assert.equal(cluster.role('n2'), 'follower');
  assert.ok(cluster.get('n2').raft.deadline() <= cluster.now, 'it asks to be ticked again at once');
  cluster.tick('n1');
  cluster.deliver({ to: 'n2' });
  cluster.tick('n2');
  assert.equal(cluster.role('n2'), 'follower');
  // Without a heartbeat it does stand, one poll later.
  cluster.now += 3000;
  cluster.tick('n3');
  cluster.tick('n3');
  assert.equal(cluster.role('n3'), 'pre-candidate');
});

test('E15: a leader that was stalled reads the answers before it checks its quorum', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  for (let round = 0; round < 3; round++) {
    cluster.now += 1500;
    cluster.tick('n1');
    assert.equal(cluster.role('n1'), 'leader');
    cluster.stabilize();
    cluster.tick('n1');
    assert.equal(cluster.role('n1'), 'leader');
  }
});

test('E16: nobody stands while a snapshot is not recorded durably', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.partition(['n3'], ['n1', 'n2']);
  cluster.propose('n1', 'a', 'b');
  cluster.run(100);
  const lagging = cluster.get('n3');
  lagging.autoIo = false;
  assert.ok(lagging.receiveSnapshot(cluster.get('n1')));
  lagging.drain();
  cluster.now += 10_000;
  cluster.tick('n3');
  cluster.tick('n3');
  assert.equal(cluster.role('n3'), 'follower');
  lagging.finishWrites();
  cluster.now += 10_000;
  cluster.tick('n3');
  cluster.tick('n3');
  assert.equal(cluster.role('n3'), 'pre-candidate');
});

test('E16: a configuration counts from its append: no election waits for its apply', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.get('n1').raft.changeConfig({ steps: [{ kind: 'remove', id: 'n1' }] });
  cluster.get('n1').drain();
  cluster.deliver({ to: 'n2' });
  cluster.crash('n1');
  cluster.timeout('n2');
  cluster.stabilize();
  // n2 has the new configuration: n3's vote and its own are all it needs.
  assert.equal(cluster.role('n2'), 'leader');
  assert.deepEqual(cluster.get('n2').raft.config.voters, ['n2', 'n3']);
});

test('E17: a leader that can send and not receive steps down within two election timeouts', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.cut('n2', 'n1');
  cluster.cut('n3', 'n1');
  cluster.run(2100);
  assert.notEqual(cluster.role('n1'), 'leader');
  cluster.run(4000);
  const [leader] = cluster.leaders();
  assert.ok(leader !== undefined && leader.id !== 'n1');
});

test('connectionClosed() replaces a killed leader within 300 ms', () => {
  const times: number[] = [];
  for (let seed = 0; seed < 50; seed++) {
    const cluster = Cluster.of(3);
    cluster.now = seed;
    cluster.elect('n1');
    cluster.run(50 + seed);
    const killed = cluster.now;
    cluster.crash('n1', true);
    while (cluster.leaders().length === 0) cluster.run(1);
    times.push(cluster.now - killed);
    cluster.propose(cluster.leaders()[0]?.id ?? '', 'a');
  }
  assert.ok(Math.max(...times) < 300, `${Math.max(...times)} ms`);
});

test('connectionClosed() starts nothing when leases rest on refusing votes', () => {
  const cluster = Cluster.of(3, { leases: true, fastFailover: true });
  cluster.elect('n1');
  cluster.crash('n1', true);
  cluster.run(900);
  assert.deepEqual(cluster.leaders(), []);
  cluster.run(4000);
  assert.equal(cluster.leaders().length, 1);
});

test('bar() keeps a node from leading, not from voting, until it is lifted', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  const { raft } = cluster.get('n1');
  raft.bar(true);
  cluster.get('n1').drain();
  assert.equal(cluster.role('n1'), 'follower');
  cluster.run(5000);
  const [leader] = cluster.leaders();
  assert.ok(leader !== undefined && leader.id !== 'n1');
  assert.equal(raft.status().vote, leader.id);
  cluster.crash(leader.id);
  raft.bar(false);
  cluster.timeout('n1');
  cluster.stabilize();
  assert.equal(cluster.role('n1'), 'leader');
});

test('standSoon() elects the founder of a group without the usual wait', () => {
  const cluster = Cluster.of(3);
  cluster.get('n1').raft.standSoon();
  cluster.run(50);
  assert.equal(cluster.role('n1'), 'leader');
});

test('step() never throws, whatever arrives', () => {
  const number = fc.oneof(fc.nat({ max: 12 }), fc.constant(-1), fc.constant(Number.NaN));
  const position = fc.record({ index: number, term: number });
  const entry = fc.record({
    index: number,
    term: number,
    kind: fc.constantFrom('normal' as const, 'config' as const, 'noop' as const),
    data: fc.uint8Array({ maxLength: 4 }),
  });
  const from = fc.constantFrom('n1', 'n2', 'n3', 'stranger');
  const message = fc.record({
    kind: fc.constantFrom(...everyMessage(1).map(({ kind }) => kind)),
    from,
    to: fc.constantFrom('n1', 'n1', 'n1', 'n2'),
    term: number,
    last: position,
    granted: fc.boolean(),
    transfer: fc.boolean(),
    previous: position,
    entries: fc.array(entry, { maxLength: 3 }),
    commit: number,
    readSequence: number,
    sentAtMs: number,
    index: number,
    hint: fc.option(position),
    recovering: fc.boolean(),
    lastIndex: number,
    requestId: number,
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 30 }), fc.nat({ max: 2 }), (messages, start) => {
      const cluster = Cluster.of(3);
      const { raft } = cluster.get('n1');
      if (start > 0) cluster.elect(start === 1 ? 'n1' : 'n2');
      raft.propose([bytesOf('a')]);
      for (const bad of messages) {
        // Every field of every kind is there, so each is a message with a few too many.
        cluster.step(bad);
      }
    }),
    { numRuns: 500 },
  );
});

test('R1: a term that cannot be written down is not adopted', () => {
  for (const term of [2 ** 32, Number.MAX_SAFE_INTEGER]) {
    const cluster = Cluster.of(3);
    const { raft } = cluster.get('n1');
    for (const message of everyMessage(term)) cluster.step({ ...message, from: 'n2', to: 'n1' });
    assert.equal(raft.currentTerm, 0);
    assert.match(cluster.trace.join('\n'), /protocol error of n2: .*of term/);
  }
});
