import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { Entry, Position } from './entry.ts';
import { Log, entryBytes } from './log.ts';

/** The same as an array from index 0 to the end, everything by looking at every element. */
class Twin {
  start: Position = { index: 0, term: 0 };
  entries: Entry[] = [];

  term(index: number): number | null {
    if (index === this.start.index) return this.start.term;
    return this.entries.find((entry) => entry.index === index)?.term ?? null;
  }

  get last(): number {
    return this.start.index + this.entries.length;
  }

  lastNotNewer({ index, term }: Position, floor: number): number {
    for (let at = Math.min(index, this.last); at >= Math.max(floor, this.start.index); at--) {
      if ((this.term(at) ?? 0) <= term) return at;
    }
    return Math.max(floor, this.start.index) - 1;
  }

  throughWithin(after: number, bytesMax: number): number {
    let bytes = 0;
    let through = after;
    for (const entry of this.entries) {
      if (entry.index <= after) continue;
      bytes += entryBytes(entry);
      if (bytes > bytesMax && through > after) break;
      through = entry.index;
      if (bytes > bytesMax) break;
    }
    return through;
  }
}

type Step =
  | { readonly kind: 'append'; readonly rises: readonly number[]; readonly size: number }
  | { readonly kind: 'truncate' | 'compact' | 'reset'; readonly at: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('append' as const),
    rises: fc.array(fc.nat({ max: 1 }), { maxLength: 6 }),
    size: fc.nat({ max: 40 }),
  }),
  fc.record({
    kind: fc.constantFrom('truncate' as const, 'compact' as const, 'reset' as const),
    at: fc.nat({ max: 30 }),
  }),
);

test('Log is a sequence like any array, R20: also at both ends', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const log = new Log({ index: 0, term: 0 }, []);
      const twin = new Twin();
      for (const change of steps) {
        apply(log, twin, change);
        compare(log, twin);
      }
    }),
    { numRuns: 400 },
  );
});

function apply(log: Log, twin: Twin, change: Step): void {
  if (change.kind === 'append') {
    let { term } = log.lastPosition;
    const entries = change.rises.map((rise, at): Entry => {
      term += rise;
      const data = new Uint8Array(change.size);
      return { index: log.last + 1 + at, term, kind: 'normal', data };
    });
    log.append(entries, 0);
    twin.entries.push(...entries);
    return;
  }
  const { at } = change;
  if (change.kind === 'reset') {
    log.reset({ index: at, term: 3 });
    twin.start = { index: at, term: 3 };
    twin.entries = [];
  } else if (change.kind === 'truncate' && at >= log.first && at <= log.last) {
    log.truncate(at);
    twin.entries = twin.entries.filter(({ index }) => index < at);
  } else if (change.kind === 'compact' && at > log.start.index && at <= log.last) {
    twin.start = { index: at, term: twin.term(at) ?? 0 };
    twin.entries = twin.entries.filter(({ index }) => index > at);
    log.compact(at);
  }
}

function compare(log: Log, twin: Twin): void {
  assert.deepEqual([log.start, log.first, log.last], [twin.start, twin.start.index + 1, twin.last]);
  for (let index = log.first - 3; index <= log.last + 2; index++) {
    assert.equal(log.term(index), twin.term(index), `term(${index})`);
  }
  for (let after = log.start.index; after <= log.last; after++) {
    const through = Math.min(log.last, after + 3);
    const expected = twin.entries.filter(({ index }) => index > after && index <= through);
    assert.deepEqual(log.entries(after, through), expected);
    const bytes = expected.reduce((sum, entry) => sum + entryBytes(entry), 0);
    assert.equal(log.bytes(after, through), bytes);
    for (let term = 0; term < 5; term++) {
      const position = { index: after + 1, term };
      const floor = log.start.index + 1;
      assert.equal(log.lastNotNewer(position, floor), twin.lastNotNewer(position, floor));
    }
    if (after === log.last) continue;
    for (const bytesMax of [1, 30, 70, 1000]) {
      assert.equal(log.throughWithin(after, bytesMax), twin.throughWithin(after, bytesMax));
    }
  }
}

test('Log.append() refuses a gap and a term that goes back', () => {
  const entry = (index: number, term: number): Entry => ({
    index,
    term,
    kind: 'noop',
    data: new Uint8Array(),
  });
  const log = new Log({ index: 4, term: 2 }, [entry(5, 2)]);
  assert.throws(() => log.append([entry(7, 2)], 0), /cannot follow 5 of term 2/);
  assert.throws(() => log.append([entry(6, 1)], 0), /cannot follow 5 of term 2/);
});
