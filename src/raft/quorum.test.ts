import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { EMPTY_CONFIG } from './config-codec.ts';
import type { Config } from './config.ts';
import { hasQuorum, quorumValue, voteResult } from './quorum.ts';

const names = Array.from({ length: 9 }, (_, at) => `n${at + 1}`);
const half = fc.subarray(names, { minLength: 1 });
const config: fc.Arbitrary<Config> = fc
  .record({ voters: half, votersOutgoing: fc.oneof(fc.constant([]), half) })
  .map((halves) => ({ ...EMPTY_CONFIG, ...halves, learners: ['n1', 'learner'] }));

/** By definition: a majority of a set is more than half of it, of a joint one of both. */
function isQuorum({ voters, votersOutgoing }: Config, yes: (id: string) => boolean): boolean {
  return [voters, votersOutgoing]
    .filter((side) => side.length > 0)
    .every((side) => side.filter(yes).length * 2 > side.length);
}

test('R11: quorumValue() is the largest value that a quorum has reached', () => {
  const values = fc.array(fc.nat({ max: 6 }), { minLength: 9, maxLength: 9 });
  fc.assert(
    fc.property(config, values, (members, numbers) => {
      const valueOf = (id: string): number => numbers[names.indexOf(id)] ?? 99;
      let expected = 0;
      for (let value = 1; value <= 6; value++) {
        if (isQuorum(members, (id) => valueOf(id) >= value)) expected = value;
      }
      assert.equal(quorumValue(members, valueOf), expected);
    }),
    { numRuns: 3000 },
  );
});

test('R11: sizes one to nine need more than half, also when even', () => {
  for (let size = 1; size <= 9; size++) {
    const members = { ...EMPTY_CONFIG, voters: names.slice(0, size) };
    for (let yes = 0; yes <= size; yes++) {
      const decided = hasQuorum(members, (id) => names.indexOf(id) < yes);
      assert.equal(decided, yes * 2 > size, `${yes} of ${size}`);
    }
  }
});

test('voteResult() is won with a quorum of yes and lost when that cannot be any more', () => {
  const ballots = fc.array(fc.constantFrom(true, false, null), { minLength: 9, maxLength: 9 });
  fc.assert(
    fc.property(config, ballots, (members, cast) => {
      const votes = new Map<string, boolean>();
      for (const [at, ballot] of cast.entries()) {
        if (ballot !== null) votes.set(names[at] ?? '', ballot);
      }
      const won = isQuorum(members, (id) => votes.get(id) === true);
      const possible = isQuorum(members, (id) => votes.get(id) !== false);
      assert.equal(voteResult(members, votes), won ? 'won' : possible ? 'pending' : 'lost');
    }),
    { numRuns: 2000 },
  );
});

test('a group without voters decides nothing', () => {
  assert.equal(
    hasQuorum(EMPTY_CONFIG, () => true),
    false,
  );
  assert.equal(
    quorumValue(EMPTY_CONFIG, () => 7),
    0,
  );
  assert.equal(voteResult(EMPTY_CONFIG, new Map()), 'lost');
});
