import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Entry } from '../raft/entry.ts';
import { Applier } from './applier.ts';
import { ManualClock } from './clock.suite.ts';
import { IdleMachine } from './machine.suite.ts';
import type { ApplyOutcome, ApplyRange } from './machine.ts';

class ScriptedMachine extends IdleMachine {
  readonly ranges: ApplyRange[] = [];
  #done: ((outcome: ApplyOutcome) => void) | null = null;

  constructor() {
    super(0);
  }

  override apply(range: ApplyRange, done: (outcome: ApplyOutcome) => void): void {
    assert.equal(this.#done, null, 'one range at a time');
    this.ranges.push(range);
    this.#done = done;
  }

  finish(): void {
    const done = this.#done;
    this.#done = null;
    const { entries } = this.ranges.at(-1) ?? { entries: [] };
    done?.({ results: entries.map(() => null), digests: entries.map(({ index }) => index) });
  }

  override endsRange(data: Uint8Array): boolean {
    return data[0] === 255;
  }
}

function setup(entries: readonly Entry[]) {
  const machine = new ScriptedMachine();
  const clock = new ManualClock();
  const applied: number[] = [];
  const applier = new Applier({
    machine,
    clock,
    lazyMs: 5,
    port: {
      entries: (after, through) => entries.filter((e) => e.index > after && e.index <= through),
      last: () => entries.at(-1)?.index ?? 0,
      formatOf: () => 0,
      onApplied: ({ through }) => {
        applied.push(through);
      },
    },
  });
  return { machine, clock, applied, applier };
}

function entry(index: number, kind: Entry['kind'] = 'normal', data = Uint8Array.of(0)): Entry {
  return { index, term: 1, kind, data };
}

test('advance() applies what gathered while a range was under way as one range', () => {
  const { machine, applier, applied } = setup([1, 2, 3, 4].map((index) => entry(index)));
  applier.advance(1, false);
  applier.advance(2, false);
  applier.advance(4, false);
  machine.finish();
  machine.finish();
  assert.deepEqual(
    machine.ranges.map(({ through }) => through),
    [1, 4],
  );
  assert.deepEqual(applied, [1, 4]);
});

test('advance() lazily waits a few milliseconds, and hurry() ends the wait', () => {
  const { machine, applier, clock } = setup([entry(1), entry(2)]);
  applier.advance(1, true);
  clock.advance(4);
  assert.equal(machine.ranges.length, 0);
  clock.advance(1);
  assert.equal(machine.ranges.length, 1);
  machine.finish();
  applier.advance(2, true);
  applier.hurry();
  assert.equal(machine.ranges.length, 2);
});

test('advance() leaves no-ops and configurations out but covers their indexes', () => {
  const { machine, applier } = setup([entry(1, 'noop'), entry(2), entry(3, 'config')]);
  applier.advance(3, false);
  assert.deepEqual(
    machine.ranges[0]?.entries.map(({ index }) => index),
    [2],
  );
  assert.equal(machine.ranges[0]?.through, 3);
  machine.finish();
  assert.equal(applier.applied, 3);
});

test('advance() ends a range where the machine wants a boundary', () => {
  const { machine, applier } = setup([entry(1), entry(2, 'normal', Uint8Array.of(255)), entry(3)]);
  applier.advance(3, false);
  machine.finish();
  machine.finish();
  assert.deepEqual(
    machine.ranges.map(({ through }) => through),
    [2, 3],
  );
});

test('S3: pause() waits for the range under way, and resume() goes on from the new state', () => {
  const { machine, applier } = setup([1, 2, 3, 4, 5].map((index) => entry(index)));
  let idle = false;
  applier.advance(2, false);
  applier.pause(() => {
    idle = true;
  });
  assert.equal(idle, false);
  applier.advance(5, false);
  machine.finish();
  assert.equal(idle, true);
  assert.equal(machine.ranges.length, 1);
  applier.resume(4);
  assert.deepEqual(
    machine.ranges[1]?.entries.map(({ index }) => index),
    [5],
  );
});

test('resume() does not wait for entries that the log lost together with the state', () => {
  const log = [1, 2, 3, 4, 5].map((index) => entry(index));
  const { machine, applier } = setup(log);
  applier.advance(5, false);
  machine.finish();
  applier.pause(() => {});
  log.length = 2;
  applier.resume(2);
  assert.equal(applier.target, 2);
  assert.equal(machine.ranges.length, 1);
});
