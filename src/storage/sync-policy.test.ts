import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SyncPolicy } from './sync-policy.ts';

const LIMITS = { syncInlineMaxMs: 0.2, syncInlineWorstMs: 1 };

function record(policy: SyncPolicy, times: number, ms: number): SyncPolicy {
  for (let at = 0; at < times; at++) policy.record(ms);
  return policy;
}

test('SyncPolicy stays on the thread while the disk is fast and leaves it when it is not', () => {
  const policy = new SyncPolicy('adaptive', LIMITS);
  assert.equal(policy.inline, true);
  assert.equal(record(policy, 50, 0.05).inline, true);
  assert.equal(record(policy, 50, 0.5).inline, false);
  assert.equal(record(policy, 60, 0.05).inline, true);
});

test('SyncPolicy leaves the thread for a hundred syncs after one that was slow', () => {
  const policy = record(new SyncPolicy('adaptive', LIMITS), 10, 0.05);
  policy.record(1.5);
  assert.equal(policy.inline, false);
  assert.equal(record(policy, 99, 0.05).inline, false);
  assert.equal(record(policy, 1, 0.05).inline, true);
});

test('SyncPolicy does as it is told when it is told', () => {
  assert.equal(record(new SyncPolicy('inline', LIMITS), 9, 50).inline, true);
  assert.equal(record(new SyncPolicy('background', LIMITS), 9, 0.01).inline, false);
});
