import assert from 'node:assert/strict';
import { test } from 'node:test';

import { below, between, hexadecimal, Sfc32 } from './prng.ts';

test('Sfc32 gives the same numbers for the same seed, others for another stream', () => {
  const draw = (stream: number): number[] => {
    const random = new Sfc32(1, 2, stream);
    return Array.from({ length: 4 }, () => random.uint32());
  };
  assert.deepEqual(draw(0), draw(0));
  assert.notDeepEqual(draw(0), draw(1));
});

test('Sfc32 keeps its sequence: golden numbers, since entries depend on them', () => {
  const random = new Sfc32(0x12345678, 0x9abcdef0, 7);
  assert.deepEqual(
    Array.from({ length: 4 }, () => random.uint32()),
    [2095053130, 939035810, 1195976174, 3215889784],
  );
});

test('below() and between() stay in their range and reach every value', () => {
  const random = new Sfc32(3, 4);
  const seen = new Set<number>();
  for (let count = 0; count < 1000; count++) seen.add(below(random, 7));
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6],
  );
  for (let count = 0; count < 100; count++) {
    const value = between(random, 10, 12);
    assert.ok(value === 10 || value === 11);
  }
});

test('hexadecimal() has exactly the digits asked for', () => {
  assert.match(hexadecimal(new Sfc32(1, 1), 16), /^[0-9a-f]{16}$/);
  assert.match(hexadecimal(new Sfc32(1, 1), 5), /^[0-9a-f]{5}$/);
});
