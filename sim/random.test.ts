import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Chance, STREAM } from './random.ts';

test('roll() depends on nothing but the seed and its keys', () => {
  const one = new Chance(4711);
  const other = new Chance(4711);
  other.stream(STREAM.client, 3).uint32();
  assert.equal(one.roll(STREAM.link, 5, 6), other.roll(STREAM.link, 5, 6));
  assert.notEqual(one.roll(STREAM.link, 5, 6), one.roll(STREAM.link, 6, 5));
  assert.notEqual(one.roll(STREAM.link, 5, 6), new Chance(4712).roll(STREAM.link, 5, 6));
});

test('stream() gives numbers that fill their range evenly', () => {
  const draw = new Chance(1).stream(STREAM.plan, 0);
  const counts = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 10_000; i++) {
    const at = draw.below(10);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  assert.ok(
    counts.every((count) => count > 850 && count < 1150),
    counts.join(' '),
  );
});

test('seeds above 32 bits differ in their high half', () => {
  const low = new Chance(7).roll(STREAM.link, 0, 0);
  assert.notEqual(low, new Chance(7 + 2 ** 32).roll(STREAM.link, 0, 0));
});
