import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compactionPoint } from './compaction.ts';

const log = { first: 11, last: 20, bytesOf: (index: number) => (index >= 11 ? 10 : 0) };

test('compactionPoint() keeps the newest trailing bytes', () => {
  assert.equal(compactionPoint({ log, durable: 20, pinned: 20, trailingBytes: 30 }), 17);
});

test('S5: compactionPoint() never passes what the machine keeps over a power loss', () => {
  assert.equal(compactionPoint({ log, durable: 13, pinned: 20, trailingBytes: 0 }), 13);
});

test('compactionPoint() never passes what a follower is being sent', () => {
  assert.equal(compactionPoint({ log, durable: 20, pinned: 12, trailingBytes: 0 }), 12);
});

test('compactionPoint() is null when there is nothing to forget', () => {
  assert.equal(compactionPoint({ log, durable: 20, pinned: 20, trailingBytes: 1000 }), null);
  assert.equal(compactionPoint({ log, durable: 10, pinned: 20, trailingBytes: 0 }), null);
});
