import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLogger } from '../base/logger.ts';
import type { Hello } from '../peer/transport.ts';
import type { Member } from '../raft/config.ts';
import { ManualClock } from '../replica/clock.suite.ts';
import { Entrance, type EntrancePort } from './entrance.ts';
import { foundersOf } from './founding.ts';
import { encodeJoinAnswer } from './join.ts';

function member(id: string): Member {
  return { id, incarnation: `i-${id}`, peerAddress: `${id}:1`, clientAddress: `${id}:2` };
}

function hello(id: string, cluster: string | null = null, founders = ''): Hello {
  return { ...member(id), cluster, version: '0.1.0', engine: 'e', founders, recovering: false };
}

type AskDone = Parameters<EntrancePort['askToJoin']>[3];

function setup(self: string, options: { join: string[]; expect: number }) {
  const clock = new ManualClock();
  const peers: Hello[] = [];
  const events: string[] = [];
  const asked: { to: string; done: AskDone }[] = [];
  const entrance = new Entrance({
    self: member(self),
    ...options,
    founders: foundersOf({ self: `${self}:1`, ...options }),
    clock,
    logger: silentLogger,
    port: {
      connected: () => peers,
      askToJoin: (to, _body, _timeoutMs, done) => {
        asked.push({ to, done });
      },
      bootstrap: (members) => {
        events.push(`bootstrap ${members.map(({ id }) => id).join(',')}`);
      },
      adopt: (cluster, members) => {
        events.push(`adopt ${cluster} ${members.map(({ id }) => id).join(',')}`);
      },
      refused: (reason) => {
        events.push(`refused ${reason}`);
      },
    },
  });
  entrance.start();
  return { clock, peers, events, asked };
}

const ABC = 'a:1,b:1,c:1';

/** A node that wants to found a cluster of a, b and c. */
function founder(id: string): Hello {
  return hello(id, null, ABC);
}

test('Entrance makes a cluster of one when nobody is to be joined or expected', () => {
  assert.deepEqual(setup('a', { join: [], expect: 0 }).events, ['bootstrap a']);
});

test('Entrance bootstraps on the lowest id only, once all that were expected are there', () => {
  const low = setup('a', { join: ['b:1', 'c:1'], expect: 3 });
  const high = setup('b', { join: ['a:1', 'c:1'], expect: 3 });
  low.peers.push(founder('c'));
  high.peers.push(founder('a'), founder('c'));
  low.clock.advance(500);
  high.clock.advance(500);
  assert.deepEqual([low.events, high.events], [[], []]);
  low.peers.push(founder('b'));
  low.clock.advance(500);
  assert.deepEqual(low.events, ['bootstrap a,b,c']);
});

test('Entrance never bootstraps when it sees a cluster that exists already', () => {
  const late = setup('a', { join: ['b:1'], expect: 2 });
  late.peers.push(hello('b', 'c1'));
  late.clock.advance(1000);
  assert.deepEqual(late.events, []);
  late.asked[0]?.done({
    body: encodeJoinAnswer({ cluster: 'c1', members: [member('a'), member('b')] }),
  });
  assert.deepEqual(late.events, ['adopt c1 a,b']);
});

test('Entrance asks again after an error that passes, and stops at one that does not', () => {
  const { clock, peers, events, asked } = setup('z', { join: ['b:1'], expect: 0 });
  peers.push(hello('b', 'c1'));
  clock.advance(200);
  asked[0]?.done({ error: 'no-leader: nobody leads' });
  clock.advance(200);
  assert.equal(asked.length, 2);
  asked[1]?.done({ error: 'wrong-incarnation: re-created' });
  clock.advance(1000);
  assert.deepEqual(events, ['refused wrong-incarnation: re-created']);
  assert.equal(asked.length, 2);
});

test('Entrance founds with nobody who founds with others, or joins', () => {
  const { clock, peers, events } = setup('b', { join: ['a:1', 'b:1', 'c:1'], expect: 3 });
  peers.push(founder('c'), hello('a'), hello('d', null, 'b:1,c:1,d:1'));
  clock.advance(1000);
  assert.deepEqual(events, []);
  peers.push(hello('0', null, 'a:1,b:1'));
  clock.advance(1000);
  assert.deepEqual(events, []);
  peers[1] = founder('x');
  clock.advance(1000);
  assert.deepEqual(events, ['bootstrap b,c,x'], 'ids are names, addresses are what is listed');
});

test('Entrance waits while a founder is there twice: one of them was replaced', () => {
  const { clock, peers, events } = setup('a', { join: ['a:1', 'b:1', 'c:1'], expect: 3 });
  peers.push(founder('b'), { ...founder('c'), peerAddress: 'b:1' });
  clock.advance(1000);
  peers.push(founder('d'));
  clock.advance(1000);
  assert.deepEqual(events, []);
});
