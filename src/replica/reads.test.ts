import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ReadOutcome } from './outcome.ts';
import { Reads } from './reads.ts';

function ask(reads: Reads, deadline = 1000): ReadOutcome[] {
  const outcomes: ReadOutcome[] = [];
  reads.push({
    deadline,
    done: (outcome) => {
      outcomes.push(outcome);
    },
  });
  return outcomes;
}

test('take() gives all reads of a turn one context, and none when there are none', () => {
  const reads = new Reads({ retryMs: 500 });
  assert.equal(reads.take(0), null);
  const first = ask(reads);
  const second = ask(reads);
  const context = reads.take(0);
  assert.equal(reads.take(0), null);
  reads.confirmed({ context: context ?? 0, index: 3 }, 3);
  assert.deepEqual([first, second], [[{ kind: 'ready', index: 3 }], [{ kind: 'ready', index: 3 }]]);
});

test('D12: confirmed() waits until the index is applied here', () => {
  const reads = new Reads({ retryMs: 500 });
  const outcomes = ask(reads);
  reads.confirmed({ context: reads.take(0) ?? 0, index: 9 }, 8);
  assert.equal(outcomes.length, 0);
  assert.equal(reads.waitsForApply, true);
  reads.applied(8);
  assert.equal(outcomes.length, 0);
  reads.applied(10);
  assert.deepEqual(outcomes, [{ kind: 'ready', index: 9 }]);
  assert.equal(reads.outstanding, 0);
});

test('D3: failed() asks again under a new context, and the old one answers nobody', () => {
  const reads = new Reads({ retryMs: 500 });
  const outcomes = ask(reads);
  const first = reads.take(0) ?? 0;
  reads.failed(first);
  const second = reads.take(0) ?? 0;
  assert.notEqual(first, second);
  reads.confirmed({ context: first, index: 1 }, 5);
  assert.equal(outcomes.length, 0);
  reads.confirmed({ context: second, index: 4 }, 5);
  assert.deepEqual(outcomes, [{ kind: 'ready', index: 4 }]);
});

test('expire() asks again when no answer came, and gives up at the deadline', () => {
  const reads = new Reads({ retryMs: 500 });
  const outcomes = ask(reads, 900);
  const first = reads.take(0);
  assert.equal(reads.expire(499), false);
  assert.equal(reads.expire(500), true);
  assert.notEqual(reads.take(500), first);
  assert.equal(reads.expire(900), false);
  assert.deepEqual(outcomes, [{ kind: 'timeout' }]);
});

test('close() ends every read', () => {
  const reads = new Reads({ retryMs: 500 });
  const fresh = ask(reads);
  reads.take(0);
  const asked = ask(reads);
  reads.close();
  assert.deepEqual([fresh, asked], [[{ kind: 'stopping' }], [{ kind: 'stopping' }]]);
});
