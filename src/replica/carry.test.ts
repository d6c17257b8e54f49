import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Effects, Write } from '../raft/effects.ts';
import type { Message } from '../raft/message.ts';
import { Carry } from './carry.ts';

const NOTHING: Effects = {
  write: null,
  sendNow: [],
  sendAfter: [],
  apply: null,
  reads: [],
  failedReads: [],
  leadership: null,
  config: null,
  recovering: null,
  snapshots: [],
  protocolErrors: [],
};

function write(ticket: number): Write {
  return { ticket, hardState: null, installed: null, entries: [], compacted: null, commit: 0 };
}

function vote(term: number): Message {
  return { kind: 'vote-reply', from: 'a', to: 'b', term, granted: true };
}

function recorded() {
  const events: string[] = [];
  const dones: (() => void)[] = [];
  const carry = new Carry({
    group: 1,
    send: (message) => {
      events.push(`send ${message.kind} ${message.term}`);
    },
    append: (_group, { ticket }, done) => {
      events.push(`append ${ticket}`);
      dones.push(done);
    },
    durable: (ticket) => {
      events.push(`durable ${ticket}`);
    },
  });
  return { events, dones, carry };
}

test('E1: carry() holds a promise until its ticket is durable, and no longer', () => {
  const { events, dones, carry } = recorded();
  carry.carry({
    ...NOTHING,
    write: write(1),
    sendAfter: [{ ticket: 1, message: vote(3) }],
  });
  assert.deepEqual(events, ['append 1']);
  dones[0]?.();
  assert.deepEqual(events, ['append 1', 'durable 1', 'send vote-reply 3']);
  assert.equal(carry.held, 0);
});

test('carry() sends what promises nothing before the write is queued', () => {
  const { events, carry } = recorded();
  carry.carry({ ...NOTHING, write: write(1), sendNow: [vote(2)] });
  assert.deepEqual(events, ['send vote-reply 2', 'append 1']);
});

test('carry() keeps promises of later tickets when an earlier one is durable', () => {
  const { events, dones, carry } = recorded();
  carry.carry({ ...NOTHING, write: write(1), sendAfter: [{ ticket: 1, message: vote(1) }] });
  carry.carry({ ...NOTHING, write: write(2), sendAfter: [{ ticket: 2, message: vote(2) }] });
  dones[0]?.();
  assert.equal(carry.held, 1);
  assert.equal(events.includes('send vote-reply 2'), false);
  dones[1]?.();
  assert.equal(events.at(-1), 'send vote-reply 2');
});

test('carry() sends at once what depends on a ticket that is durable already', () => {
  const { events, dones, carry } = recorded();
  carry.carry({ ...NOTHING, write: write(1) });
  dones[0]?.();
  carry.carry({ ...NOTHING, sendAfter: [{ ticket: 1, message: vote(4) }] });
  assert.equal(events.at(-1), 'send vote-reply 4');
});
