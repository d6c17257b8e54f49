import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decodeDigest, Digests, encodeDigest } from './digests.ts';

test('compare() finds a digest that differs at the same index', () => {
  const digests = new Digests(16);
  digests.record(4, 111);
  assert.equal(digests.compare({ term: 1, index: 4, digest: 111 }, 4), null);
  const mark = { term: 1, index: 4, digest: 112 };
  assert.equal(digests.compare(mark, 4), mark);
});

test('compare() puts off what is not applied here yet', () => {
  const digests = new Digests(16);
  digests.record(4, 111);
  const mark = { term: 1, index: 6, digest: 5 };
  assert.equal(digests.compare(mark, 4), null);
  assert.equal(digests.pending(5), null);
  digests.record(6, 7);
  assert.equal(digests.pending(6), mark);
  assert.equal(digests.pending(6), null);
});

test('compare() says nothing about an index that left the ring', () => {
  const digests = new Digests(4);
  for (let index = 1; index <= 8; index++) digests.record(index, index);
  assert.equal(digests.compare({ term: 1, index: 2, digest: 99 }, 8), null);
  assert.notEqual(digests.compare({ term: 1, index: 7, digest: 99 }, 8), null);
});

test('record() keeps as many digests as it may, however few there were at first', () => {
  const digests = new Digests(4096);
  const indexes: number[] = [];
  for (let index = 1; index <= 6000; index += 1 + (index % 3)) indexes.push(index);
  for (const index of indexes) digests.record(index, index);
  for (const index of indexes.filter((one) => one > 6000 - 4096)) {
    assert.equal(digests.at(index)?.digest, index);
  }
});

test('clear() forgets the digests of a replaced state', () => {
  const digests = new Digests(4);
  digests.record(3, 1);
  digests.clear();
  assert.equal(digests.compare({ term: 1, index: 3, digest: 2 }, 3), null);
  assert.equal(digests.last, null);
});

test('decodeDigest() reads what encodeDigest() wrote and refuses short bytes', () => {
  const mark = { term: 3, index: 2 ** 40, digest: 0xfffffffe };
  const bytes = encodeDigest(mark);
  assert.deepEqual(decodeDigest(bytes), mark);
  assert.equal(decodeDigest(bytes.subarray(1)), null);
});
