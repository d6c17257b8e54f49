import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Entry, Term } from './entry.ts';
import type { Append, Message } from './message.ts';
import { Cluster, bytesOf, configOf, logOf } from './testing/cluster.suite.ts';
import { emptyImage } from './testing/member.suite.ts';

const VOTERS = ['n1', 'n2', 'n3'];

/** A follower n2 of term `term` with a log of these terms, alone on its side of the wire. */
function follower(term: Term, terms: readonly Term[]): Cluster {
  const cluster = new Cluster();
  const image = emptyImage(configOf(VOTERS));
  image.hardState = { term, vote: null };
  image.entries = logOf(terms);
  cluster.add('n2', image);
  return cluster;
}

function append(
  term: Term,
  after: readonly [term: Term, index: number],
  entries: readonly Entry[],
  commit = 0,
): Append {
  const echo = { readSequence: 0, sentAtMs: 0 };
  const previous = { term: after[0], index: after[1] };
  return { kind: 'append', from: 'n1', to: 'n2', term, previous, entries, commit, ...echo };
}

/** The only answer that waits. */
function answer(cluster: Cluster): Message | undefined {
  const [message, ...more] = cluster.take({ from: 'n2' });
  assert.equal(more.length, 0);
  return message;
}

test('R1: an entry of an earlier term on a majority is not committed by that', () => {
  const cluster = new Cluster();
  for (const id of VOTERS) {
    const image = emptyImage(configOf(VOTERS));
    image.hardState = { term: 2, vote: null };
    image.entries = logOf([1, 2]);
    cluster.add(id, image);
  }
  cluster.timeout('n1');
  cluster.deliver();
  cluster.deliver();
  cluster.deliver();
  cluster.deliver();
  const { raft } = cluster.get('n1');
  assert.equal(raft.status().role, 'leader');
  // All three hold entry 2 of term 2; n2 acknowledges it, but not the no-op of term 3.
  const echo = { readSequence: 0, sentAtMs: 0, recovering: false };
  const reply = { kind: 'append-reply', from: 'n2', to: 'n1', term: 3, hint: null } as const;
  cluster.wire = [];
  cluster.step({ ...reply, ...echo, index: 2 });
  assert.equal(raft.commit, 0);
  cluster.step({ ...reply, ...echo, index: 3 });
  assert.equal(raft.commit, 3);
});

test('R2: a follower commits no further than the very message verified', () => {
  const cluster = follower(2, [1, 1, 2, 2]);
  const { raft } = cluster.get('n2');
  // Entries 3 and 4 may conflict with the leader's; this append speaks of 1 and 2 only.
  cluster.step(append(3, [1, 1], logOf([1, 1]).slice(1), 100));
  assert.equal(raft.commit, 2);
  cluster.step(append(3, [1, 2], [], 100));
  assert.equal(raft.commit, 2);
  cluster.wire = [];
});

test('R2: a heartbeat commits what was acknowledged, as its sender bounds it', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.partition(['n3'], ['n1', 'n2']);
  cluster.propose('n1', 'a', 'b');
  cluster.stabilize();
  cluster.heal();
  cluster.now += 100;
  cluster.tick('n1');
  const [heartbeat] = cluster.take({ to: 'n3', kind: 'heartbeat' });
  assert.equal(heartbeat?.kind === 'heartbeat' && heartbeat.commit, 1);
});

test('R3: a delayed, shorter append takes nothing away', () => {
  const cluster = follower(1, [1]);
  const { raft } = cluster.get('n2');
  const entries = logOf([1, 1, 1, 1]);
  cluster.step(append(1, [1, 1], entries.slice(1)));
  cluster.take();
  cluster.step(append(1, [1, 1], entries.slice(1, 2)));
  cluster.step(append(1, [0, 0], entries.slice(0, 1)));
  assert.equal(raft.status().last, 4);
});

test('R4: what is truncated and what replaces it are one write', () => {
  const cluster = follower(3, [1, 1, 2, 2]);
  const member = cluster.get('n2');
  member.autoIo = false;
  const entries = logOf([1, 1, 3]);
  cluster.step(append(3, [1, 2], entries.slice(2)));
  assert.deepEqual(
    member.writes.map((write) => write.entries.map(({ index, term }) => [index, term])),
    [[[3, 3]]],
  );
  member.finishWrites();
  assert.equal(member.image.entries.length, 3);
});

test('R5: an append from before the log begins is no conflict', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.propose('n1', 'a', 'b', 'c');
  cluster.run(10);
  const member = cluster.get('n2');
  member.raft.compact(3);
  member.drain();
  const entries = cluster.get('n1').raft.entries(0, 4);
  for (let after = 0; after < 4; after++) {
    const term = after === 0 ? 0 : 1;
    cluster.step(append(1, [term, after], entries.slice(after)));
    const reply = answer(cluster);
    assert.equal(reply?.kind === 'append-reply' && reply.hint, null);
    assert.equal(reply?.kind === 'append-reply' && reply.index, 4);
  }
  assert.equal(member.raft.status().last, 4);
});

test('R6: a stale refusal does not move next back to what is known equal', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.propose('n1', 'a', 'b');
  cluster.stabilize();
  const refusal: Message = {
    kind: 'append-reply',
    from: 'n2',
    to: 'n1',
    term: 1,
    index: 2,
    hint: { index: 1, term: 1 },
    recovering: false,
    readSequence: 0,
    sentAtMs: 0,
  };
  cluster.step(refusal);
  const [peer] = cluster.get('n1').raft.status().progress;
  assert.deepEqual([peer?.state, peer?.match, peer?.next], ['replicate', 3, 4]);
});

test('R7: 10,000 divergent entries of 30 terms are found out in at most as many probes', () => {
  const terms = (offset: number): Term[] =>
    Array.from({ length: 10_000 }, (_, at) => 1 + 2 * Math.floor(at / 334) + offset);
  const cluster = new Cluster();
  const mine = emptyImage(configOf(['n1', 'n2']));
  mine.entries = logOf([1, ...terms(1).map((term) => term + 1)]);
  mine.hardState = { term: 100, vote: null };
  const theirs = emptyImage(configOf(['n1', 'n2']));
  theirs.entries = logOf([1, ...terms(0).map((term) => term + 1)]);
  theirs.hardState = { term: 100, vote: null };
  cluster.add('n1', mine);
  cluster.add('n2', theirs);
  cluster.timeout('n1');
  let probes = 0;
  cluster.onEffects((member, effects) => {
    if (member.id !== 'n2') return;
    for (const { message } of effects.sendAfter) if (message.kind === 'append-reply') probes++;
    for (const message of effects.sendNow) {
      if (message.kind === 'append-reply' && message.hint !== null) probes++;
    }
  });
  cluster.stabilize();
  assert.equal(cluster.role('n1'), 'leader');
  assert.equal(cluster.get('n2').raft.status().last, 10_002);
  assert.ok(probes <= 31, `${probes} probes`);
});

test('R7: the number of probes is at most the number of terms, for any two logs', () => {
  const log = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(log, log, (left, right) => {
      const rise = (steps: readonly number[]): Term[] => {
        let term = 1;
        return steps.map((step) => (term += step));
      };
      // Logs of one group: equal to some point, then terms that the other does not have.
      const common = [1, 1, 1];
      const mine = [...common, ...rise(left).map((term) => 2 * term)];
      const theirs = [...common, ...rise(right).map((term) => 2 * term + 1)];
      const cluster = new Cluster();
      for (const [id, terms] of [['n1', mine] as const, ['n2', theirs] as const]) {
        const image = emptyImage(configOf(['n1', 'n2', 'n3']));
        image.entries = logOf(terms);
        image.hardState = { term: 500, vote: null };
        cluster.add(id, image);
      }
      cluster.timeout('n1');
      cluster.step({ kind: 'pre-vote-reply', from: 'n3', to: 'n1', term: 501, granted: true });
      cluster.step({ kind: 'vote-reply', from: 'n3', to: 'n1', term: 501, granted: true });
      cluster.take({ kind: 'vote' });
      let refusals = 0;
      cluster.onEffects((_member, effects) => {
        for (const message of effects.sendNow) {
          if (message.kind === 'append-reply' && message.hint !== null) refusals++;
        }
        for (const { message } of effects.sendAfter) {
          if (message.kind === 'append-reply' && message.hint !== null) refusals++;
        }
      });
      cluster.stabilize();
      assert.equal(cluster.get('n2').raft.status().last, mine.length + 1);
      const terms = Math.min(new Set(mine).size, new Set(theirs).size);
      assert.ok(refusals <= terms, `${refusals} refusals, ${terms} terms`);
    }),
  );
});

test('R8: the window is free again after a thousand disconnections', () => {
  const cluster = Cluster.of(2);
  cluster.elect('n1');
  const { raft } = cluster.get('n1');
  for (let round = 0; round < 1000; round++) {
    cluster.propose('n1', `a${round}`);
    cluster.propose('n1', `b${round}`);
    if (round % 3 === 0) cluster.wire = [];
    if (round % 2 === 0) raft.unreachable('n2');
    else raft.connectionClosed('n2');
    cluster.connect('n1', 'n2');
    if (round % 5 === 0) cluster.stabilize();
  }
  cluster.run(200);
  const [peer] = raft.status().progress;
  assert.deepEqual([peer?.inflightMessages, peer?.inflightBytes], [0, 0]);
  assert.equal(raft.commit, 2001);
  // And the full window may be used again.
  cluster.propose('n1', 'x');
  cluster.propose('n1', 'y');
  assert.equal(cluster.take({ kind: 'append' }).length, 2);
});

test('R8: an append lost on a connection that stays is found out by heartbeats', () => {
  const cluster = Cluster.of(2);
  cluster.elect('n1');
  cluster.propose('n1', 'x');
  cluster.propose('n1', 'y');
  cluster.take({ kind: 'append' });
  cluster.propose('n1', 'z');
  assert.equal(cluster.take({ kind: 'append' }).length, 0, 'the window is full');
  cluster.run(500);
  assert.equal(cluster.get('n1').raft.commit, 4);
});

test('R9: a single voter commits and applies nothing that its disk has not', () => {
  const cluster = Cluster.of(1);
  const member = cluster.get('n1');
  cluster.tick('n1');
  member.autoIo = false;
  cluster.propose('n1', 'a');
  assert.deepEqual([member.raft.commit, member.applied], [1, 1]);
  cluster.crash('n1');
  cluster.restart('n1');
  assert.equal(member.raft.status().last, 1);
  member.autoIo = true;
  cluster.tick('n1');
  cluster.propose('n1', 'b');
  assert.deepEqual([member.raft.commit, member.applied], [3, 3]);
});

test('R10: a follower acknowledges only what its disk has', () => {
  const cluster = follower(1, []);
  const member = cluster.get('n2');
  member.autoIo = false;
  const entries = logOf([1, 1, 1]);
  cluster.step(append(1, [0, 0], entries.slice(0, 2)));
  cluster.step(append(1, [1, 2], entries.slice(2)));
  assert.equal(cluster.wire.length, 0);
  member.finishWrites(1);
  const reply = answer(cluster);
  assert.equal(reply?.kind === 'append-reply' && reply.index, 2);
  // The same entries again: the acknowledgement needs no new write, but the old one.
  cluster.step(append(1, [0, 0], entries));
  assert.equal(cluster.wire.length, 0);
  member.finishWrites();
  assert.equal(cluster.take({ from: 'n2' }).length, 2);
});

test('R12: an equal entry written again meanwhile waits for the second write', () => {
  const cluster = follower(1, []);
  const member = cluster.get('n2');
  member.autoIo = false;
  const first = logOf([1]);
  const other: Entry[] = [{ index: 1, term: 2, kind: 'normal', data: bytesOf('x') }];
  const again: Entry[] = [
    { index: 1, term: 2, kind: 'normal', data: bytesOf('x') },
    { index: 2, term: 3, kind: 'noop', data: bytesOf('') },
  ];
  // Write 1: entry (1, 1). Write 2: term 2, entry (2, 1). Write 3: term 3, (3, 2) behind it.
  cluster.step(append(1, [0, 0], first));
  cluster.step({ ...append(2, [0, 0], other), from: 'n3' });
  cluster.step({ ...append(3, [0, 0], again), from: 'n1' });
  assert.equal(member.writes.length, 3);
  member.finishWrites(1);
  assert.equal(cluster.take({ from: 'n2' }).length, 1, 'the write of term 1 answers term 1 only');
  assert.equal(member.raft.status().durable, 0);
  member.finishWrites(1);
  assert.equal(member.raft.status().durable, 1);
  assert.equal(cluster.take({ from: 'n2', to: 'n1' }).length, 0);
  member.finishWrites(1);
  assert.equal(member.raft.status().durable, 2);
  assert.equal(cluster.take({ from: 'n2', to: 'n1' }).length, 1);
});

test('R12: what is overwritten before its write was taken is promised to nobody', () => {
  const cluster = follower(1, []);
  const { raft } = cluster.get('n2');
  // Two leaders within one turn of the driver.
  raft.step(append(1, [0, 0], logOf([1, 1])), 0);
  raft.step({ ...append(2, [0, 0], logOf([2])), from: 'n3' }, 0);
  cluster.get('n2').drain();
  const replies = cluster.take({ kind: 'append-reply' });
  assert.deepEqual(
    replies.map(({ to, term }) => [to, term]),
    [['n3', 2]],
  );
});

test('R13: a heartbeat with a commit index beyond the log means recovering, not a crash', () => {
  const cluster = follower(1, [1, 1]);
  const { raft } = cluster.get('n2');
  const beat = { kind: 'heartbeat', from: 'n1', to: 'n2', term: 1, commit: 7 } as const;
  cluster.step({ ...beat, readSequence: 0, sentAtMs: 0 });
  assert.equal(raft.status().recovering, true);
  assert.equal(raft.commit, 0);
  const reply = answer(cluster);
  assert.equal(reply?.kind === 'heartbeat-reply' && reply.recovering, true);
  // It votes for nobody meanwhile.
  const last = { index: 9, term: 1 };
  cluster.step({ kind: 'vote', from: 'n3', to: 'n2', term: 2, last, transfer: true });
  const refusal = answer(cluster);
  assert.equal(refusal?.kind === 'vote-reply' && refusal.granted, false);
});

test('R13: an acknowledgement beyond the leader log is the fault of who sent it', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.trace = [];
  cluster.step({
    kind: 'append-reply',
    from: 'n2',
    to: 'n1',
    term: 1,
    index: 50,
    hint: null,
    recovering: false,
    readSequence: 0,
    sentAtMs: 0,
  });
  assert.match(cluster.trace.join('\n'), /protocol error of n2: .*acknowledges 50/);
  assert.equal(cluster.get('n1').raft.status().progress[0]?.match, 1);
});

test('R14: every entry is handed to the machine once, in order', () => {
  const cluster = Cluster.of(3);
  const seen: number[] = [];
  cluster.onEffects((member, { apply }) => {
    if (member.id !== 'n2' || apply === null) return;
    for (let index = apply.after + 1; index <= apply.through; index++) seen.push(index);
  });
  cluster.elect('n1');
  for (let round = 0; round < 20; round++) {
    cluster.propose('n1', `a${round}`, `b${round}`);
    cluster.run(7);
    if (round === 10) cluster.get('n2').raft.compact(9);
  }
  assert.deepEqual(
    seen,
    seen.map((_, at) => at + 1),
  );
  assert.equal(seen.length, 41);
});

test('R15: proposals are refused while too much waits for a quorum', () => {
  const cluster = Cluster.of(3, { uncommittedBytesMax: 1000 });
  cluster.elect('n1');
  cluster.partition(['n1'], ['n2', 'n3']);
  let accepted = 0;
  for (let round = 0; round < 100; round++) {
    const result = cluster.propose('n1', 'x'.repeat(100));
    if (result.ok) accepted++;
    else assert.equal(result.reason, 'overloaded');
  }
  assert.ok(accepted >= 8 && accepted <= 10, `${accepted}`);
  cluster.heal();
  cluster.run(200);
  assert.equal(cluster.get('n1').raft.status().uncommittedBytes, 0);
  assert.ok(cluster.propose('n1', 'y').ok);
});

test('R16: a proposal is refused with who to ask, and a lost leader fails its reads', () => {
  const cluster = Cluster.of(3);
  assert.deepEqual(cluster.propose('n1', 'a'), { ok: false, reason: 'not-leader', leader: null });
  cluster.elect('n1');
  assert.deepEqual(cluster.propose('n2', 'a'), { ok: false, reason: 'not-leader', leader: 'n1' });
  cluster.partition(['n1'], ['n2', 'n3']);
  cluster.readIndex('n1', 1);
  cluster.readIndex('n2', 2);
  cluster.run(5000);
  assert.deepEqual([cluster.read(1), cluster.read(2)], ['failed', 'failed']);
});

test('R16: a read request that got lost is given up after an election timeout', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  cluster.readIndex('n2', 1);
  cluster.take({ kind: 'read-request' });
  cluster.run(900);
  assert.equal(cluster.read(1), undefined);
  cluster.run(200);
  assert.equal(cluster.read(1), 'failed');
});

test('R17: two appends are under way, and what comes meanwhile leaves as one', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  // With a long pipeline each would be a message of its own (hashicorp/raft #541).
  for (let turn = 0; turn < 20; turn++) cluster.propose('n1', `${turn}`);
  const sent = cluster.take({ to: 'n2', kind: 'append' });
  assert.deepEqual(sent.map(sizeOf), [1, 1]);
  const follows = cluster.get('n2');
  for (const message of sent.slice(0, 1)) cluster.step(message);
  follows.finishWrites();
  follows.drain();
  cluster.deliver({ from: 'n2' });
  assert.deepEqual(cluster.take({ to: 'n2', kind: 'append' }).map(sizeOf), [18]);
});

/** Entries in an append. */
function sizeOf(message: Message): number {
  return message.kind === 'append' ? message.entries.length : 0;
}

test('R19: nothing is applied before it is on this disk', () => {
  const cluster = Cluster.of(3);
  const leader = cluster.elect('n1');
  leader.autoIo = false;
  cluster.propose('n1', 'a');
  cluster.stabilize();
  assert.equal(leader.raft.commit, 2, 'the followers committed it');
  assert.equal(leader.applied, 1);
  leader.finishWrites();
  leader.drain();
  assert.equal(leader.applied, 2);
});

test('a message is not held back by the disk of the leader', () => {
  const cluster = Cluster.of(3);
  const leader = cluster.elect('n1');
  leader.autoIo = false;
  cluster.propose('n1', 'a');
  assert.equal(cluster.take({ kind: 'append' }).length, 2);
});

test('takeEffects() makes one append, one write and one message per follower of a turn', () => {
  const cluster = Cluster.of(3);
  const leader = cluster.elect('n1');
  leader.autoIo = false;
  for (let count = 0; count < 1000; count++) leader.raft.propose([bytesOf(`${count}`)]);
  leader.drain();
  assert.equal(leader.writes.length, 1);
  const appends = cluster.take({ kind: 'append' });
  assert.equal(appends.length, 2);
  for (const message of appends) {
    assert.ok(message.kind === 'append');
    assert.equal(message.entries.length, 1000);
    assert.equal(message.entries, leader.writes[0]?.entries, 'nothing is copied twice');
  }
});

test('the commit index is told after commitNoticeDelayMs, or with the next append', () => {
  const cluster = Cluster.of(3, { commitNoticeDelayMs: 5 });
  cluster.elect('n1');
  cluster.propose('n1', 'a');
  cluster.stabilize();
  const { raft } = cluster.get('n2');
  assert.deepEqual([cluster.get('n1').raft.commit, raft.commit], [2, 1]);
  cluster.propose('n1', 'b');
  cluster.stabilize();
  assert.equal(raft.commit, 2, 'it rode on the append');
  cluster.run(4);
  assert.equal(raft.commit, 2);
  cluster.run(2);
  assert.equal(raft.commit, 3);
});

test('an unreachable peer gets one probe until it answers a heartbeat', () => {
  const cluster = Cluster.of(3);
  cluster.elect('n1');
  const { raft } = cluster.get('n1');
  raft.unreachable('n3');
  for (let round = 0; round < 10; round++) {
    cluster.propose('n1', `${round}`);
    raft.unreachable('n3');
    assert.equal(cluster.take({ to: 'n3', kind: 'append' }).length, 0);
  }
  cluster.run(200);
  assert.equal(cluster.get('n3').raft.status().last, 11);
});

test('entries beyond appendBytesMax travel in several appends within the window', () => {
  const cluster = Cluster.of(2, { appendBytesMax: 1000, windowMessages: 3 });
  const leader = cluster.elect('n1');
  leader.raft.propose(Array.from({ length: 100 }, () => bytesOf('x'.repeat(76))));
  leader.drain();
  const appends = cluster.take({ kind: 'append' });
  assert.deepEqual(
    appends.map((message) => message.kind === 'append' && message.entries.length),
    [10, 10, 10],
  );
  cluster.wire = appends;
  cluster.stabilize();
  assert.equal(leader.raft.commit, 101);
  // An entry larger than the limit travels alone.
  cluster.propose('n1', 'y'.repeat(5000));
  cluster.stabilize();
  assert.equal(leader.raft.commit, 102);
});
