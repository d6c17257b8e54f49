import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Entry } from './entry.ts';
import { Log } from './log.ts';
import { Writes } from './writes.ts';

const HARD_STATE = { term: 1, vote: null };

type Step =
  | { readonly kind: 'append'; readonly back: number; readonly count: number }
  | { readonly kind: 'take' | 'done' };

/** Says for each entry whether a disk that carries writes out in order has it as it is now. */
class Twin {
  written = 0;
  /** What each write under way holds, and what the disk holds. */
  readonly queue: Entry[][] = [];
  disk: Entry[] = [];

  done(): void {
    const [first, ...more] = this.queue.shift() ?? [];
    if (first !== undefined) this.disk = [...this.disk.slice(0, first.index - 1), first, ...more];
  }
}

test('Writes.durable is how far the disk holds the log as it is now', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      kind: fc.constant('append' as const),
      back: fc.nat({ max: 4 }),
      count: fc.integer({ min: 1, max: 3 }),
    }),
    fc.constantFrom({ kind: 'take' } as const, { kind: 'done' } as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const log = new Log({ index: 0, term: 0 }, []);
      const writes = new Writes(0);
      const twin = new Twin();
      let ticket = 0;
      for (const [at, change] of steps.entries()) {
        if (change.kind === 'append') append(log, writes, change);
        else if (change.kind === 'take') {
          const write = writes.take(log, HARD_STATE, 0);
          if (write !== null) twin.queue.push([...write.entries]);
        } else if (twin.queue.length > 0) {
          twin.done();
          writes.ioDone(++ticket);
        }
        check(log, writes, twin, at);
      }
    }),
    { numRuns: 1000 },
  );
});

/** Overwrites the last `back` entries, or appends. */
function append(
  log: Log,
  writes: Writes,
  { back, count }: { readonly back: number; readonly count: number },
): void {
  const first = Math.max(log.last - back, 0) + 1;
  if (first <= log.last) log.truncate(first);
  const entries = Array.from({ length: count }, (_, at): Entry => ({
    index: first + at,
    term: 1,
    kind: 'normal',
    data: new Uint8Array(1),
  }));
  log.append(entries, 0);
  writes.entriesChanged(first);
}

function check(log: Log, writes: Writes, twin: Twin, step: number): void {
  const entries = log.entries(0, log.last);
  // Equal (index, term) is not equal: only the very same entry counts.
  let durable = 0;
  while (durable < log.last && twin.disk[durable] === entries[durable]) durable++;
  assert.equal(writes.durable, durable, `step ${step}`);
  for (let index = 1; index <= log.last; index++) {
    const ticket = writes.ticketOf(index);
    assert.equal(ticket <= writes.done, index <= durable, `ticket of ${index} at step ${step}`);
    assert.ok(ticket <= writes.pending);
  }
}

test('Writes.ioDone() refuses a ticket that was not issued', () => {
  assert.throws(() => new Writes(0).ioDone(1), /Ticket 1 was not issued/);
});
