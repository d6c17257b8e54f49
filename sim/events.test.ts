import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MachineClock, SimulatedClock } from './clock.ts';
import { Events } from './events.ts';
import { banNondeterminism } from './globals.ts';
import { Life } from './life.ts';

test('step() runs events by time, then in the order they were made', () => {
  const events = new Events();
  const seen: string[] = [];
  events.at(5, null, () => seen.push('c'));
  events.at(1, null, () => seen.push('a'));
  events.at(1, null, () => seen.push('b'));
  while (events.step());
  assert.deepEqual(seen, ['a', 'b', 'c']);
  assert.equal(events.now, 5);
});

test('step() skips events of the dead and holds up those of the stalled, timers first', () => {
  const events = new Events();
  const seen: string[] = [];
  const dead = new Life(events, 0, 0);
  const stalled = new Life(events, 1, 1);
  events.at(1, dead, () => seen.push('dead'));
  events.at(2, stalled, () => seen.push('message'));
  events.at(3, stalled, () => seen.push('timer'), 'timer');
  dead.end();
  stalled.stall(10);
  while (events.step());
  assert.deepEqual(seen, ['timer', 'message']);
  assert.ok(events.now >= 10);
});

test('a call that blocks moves the clock of its process and of no other', () => {
  const events = new Events();
  const life = new Life(events, 0, 0);
  const clock = new SimulatedClock({ events, life, machine: new MachineClock(100) });
  life.block(7);
  assert.equal(clock.now(), 107);
  assert.equal(events.now, 0);
});

test('a machine whose clock runs double time fires its timers in half of it', () => {
  const events = new Events();
  const life = new Life(events, 0, 0);
  const machine = new MachineClock(0);
  machine.setRate(0, 2);
  const clock = new SimulatedClock({ events, life, machine });
  clock.after(100, () => {});
  events.step();
  assert.equal(events.now, 50);
  assert.equal(clock.now(), 100);
});

test('banNondeterminism() makes what the seed does not determine throw, until it is lifted', () => {
  const ban = banNondeterminism();
  assert.throws(() => Date.now(), /not determined by the seed/);
  assert.throws(() => Math.random(), /not determined by the seed/);
  assert.throws(() => setTimeout(() => {}, 1), /not determined by the seed/);
  ban.lift();
  assert.ok(Date.now() > 0);
});
