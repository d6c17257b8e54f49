import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLogger } from '../base/logger.ts';
import { Sfc32 } from '../base/prng.ts';
import type { CallHandler, Calls } from '../peer/calls.ts';
import { EMPTY_CONFIG } from '../raft/config-codec.ts';
import type { ConfigChange, Member } from '../raft/config.ts';
import type { Message } from '../raft/message.ts';
import { Raft } from '../raft/raft.ts';
import { ManualClock } from '../replica/clock.suite.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import { encodeJoin } from './join.ts';
import { Membership, type MembershipOutcome } from './membership.ts';
import { ClusterRequests } from './requests.ts';

type ChangeDone = Parameters<Replica['changeConfig']>[2];

const ECHO = { readSequence: 0, sentAtMs: 0, recovering: false } as const;

function memberOf(id: string): Member {
  return { id, incarnation: id, peerAddress: `${id}:1`, clientAddress: `${id}:2` };
}

/** `a` leads `b` and `c`; `b` answers when told to, `c` never does. */
function leading() {
  const voters = ['a', 'b', 'c'];
  const raft = new Raft(
    { id: 'a', group: 1 },
    {
      hardState: { term: 1, vote: null },
      mark: {
        index: 1,
        term: 1,
        config: { ...EMPTY_CONFIG, voters, members: voters.map(memberOf) },
      },
      entries: [],
      commit: 1,
      applied: 1,
      recovering: false,
    },
    new Sfc32(1, 2),
    0,
  );
  const settle = (): void => {
    for (let all = raft.takeEffects(); all !== null; all = raft.takeEffects()) {
      if (all.write !== null) raft.ioDone(all.write.ticket);
    }
  };
  const hear = (message: Message): void => {
    raft.step(message, 10_001);
    settle();
  };
  const from = { from: 'b', to: 'a', term: 2 } as const;
  const agree = (): void => {
    hear({ kind: 'append-reply', ...from, index: raft.last, hint: null, ...ECHO });
  };
  for (const now of [10_000, 10_001]) raft.tick(now);
  hear({ kind: 'pre-vote-reply', ...from, granted: true });
  hear({ kind: 'vote-reply', ...from, granted: true });
  agree();
  const replica = {
    raft,
    leadership: {},
    get isLeader() {
      return raft.role === 'leader';
    },
    changeConfig: (change: ConfigChange, _deadline: number, done: ChangeDone) => {
      const result = raft.changeConfig(change);
      if (!result.ok) done({ kind: 'refused', reason: result.reason, leader: 'a' }, '');
      settle();
    },
  } as unknown as Replica;
  const clock = new ManualClock();
  const options = { replica, clock, logger: silentLogger, electionTimeoutMs: 1000 };
  return { clock, agree, hear, replica, membership: new Membership(options) };
}

type Wish = (membership: Membership, done: (outcome: MembershipOutcome) => void) => void;

const WISHES: Record<string, Wish> = {
  'remove()': (membership, done) => {
    membership.remove('c', 500, done);
  },
  'join()': (membership, done) => {
    membership.join(memberOf('d'), 500, done);
  },
};

for (const [name, ask] of Object.entries(WISHES)) {
  test(`Membership.${name} tells success of what is in force once it is committed`, () => {
    const { clock, agree, membership } = leading();
    const told: MembershipOutcome[] = [];
    ask(membership, () => {});
    ask(membership, (outcome) => told.push(outcome));
    clock.advance(100);
    assert.deepEqual(told, [], 'it may still fall back');
    agree();
    clock.advance(100);
    assert.deepEqual(told, [null]);
  });

  test(`Membership.${name} does not know what becomes of what is not committed in time`, () => {
    const { clock, membership } = leading();
    const told: MembershipOutcome[] = [];
    ask(membership, () => {});
    ask(membership, (outcome) => told.push(outcome));
    clock.advance(600);
    assert.match(told.join(), /^unknown-outcome: /);
  });

  test(`Membership.${name} is nothing for a node that leads no more`, () => {
    const { clock, hear, membership } = leading();
    const told: MembershipOutcome[] = [];
    ask(membership, () => {});
    ask(membership, (outcome) => told.push(outcome));
    const echo = { readSequence: 0, sentAtMs: 0 };
    hear({ kind: 'heartbeat', from: 'c', to: 'a', term: 3, commit: 0, ...echo });
    clock.advance(100);
    assert.match(told.join(), /^not-leader: /);
  });
}

test('Membership.isMember() takes nobody for a member who is not for good', () => {
  const { agree, membership } = leading();
  membership.join(memberOf('d'), 500, () => {});
  assert.deepEqual(
    ['a', 'd'].map((id) => membership.isMember(memberOf(id))),
    [true, false],
  );
  agree();
  assert.equal(membership.isMember(memberOf('d')), true);
});

test('ClusterRequests does not take a new data directory for the one that is being removed', () => {
  const { clock, agree, membership, replica } = leading();
  const handlers = new Map<number, CallHandler>();
  const calls = { handle: (topic: number, one: CallHandler) => handlers.set(topic, one) };
  const requests = new ClusterRequests({
    calls: calls as unknown as Calls,
    clock,
    port: {
      inside: () => ({ group: 1, cluster: '', replica, membership }),
      refusal: () => null,
      schedule: () => {},
    },
  });
  requests.remove('c', () => {});
  const anew = { ...memberOf('c'), incarnation: 'anew' };
  const told: (string | null)[] = [];
  handlers.get(TOPIC.join)?.('c', encodeJoin(anew), (error) => told.push(error), 0);
  clock.advance(100);
  assert.deepEqual(told, [], 'nobody has let it in');
  agree();
  clock.advance(100);
  const { learners, members } = membership.config;
  assert.deepEqual(learners, ['c']);
  assert.deepEqual(members.at(-1), anew);
});
