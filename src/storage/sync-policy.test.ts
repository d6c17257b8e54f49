import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SyncPolicy } from './sync-policy.ts';

const MANY = 64;
const LIMITS = { syncInlineMaxMs: 0.2, syncInlineWorstMs: 1 };

function record(policy: SyncPolicy, times: number, ms: number): SyncPolicy {
  for (let at = 0; at < times; at++) policy.record(ms, policy.isInline(MANY));
  return policy;
}

test('SyncPolicy stays on the thread while the disk is fast and leaves it when it is not', () => {
  const policy = new SyncPolicy('adaptive', LIMITS);
  assert.equal(policy.isInline(MANY), true);
  assert.equal(record(policy, 50, 0.05).isInline(MANY), true);
  assert.equal(record(policy, 50, 0.5).isInline(MANY), false);
  // Only every 33rd is a probe.
  assert.equal(record(policy, 60, 0.05).isInline(MANY), false);
  assert.equal(record(policy, 600, 0.05).isInline(MANY), true);
  assert.ok(policy.averageMs <= LIMITS.syncInlineMaxMs);
});

test('SyncPolicy asks the disk now and then, whatever the loop makes of its syncs', () => {
  const policy = record(new SyncPolicy('adaptive', LIMITS), 50, 0.5);
  let probes = 0;
  for (let at = 0; at < 2_000 && policy.averageMs > LIMITS.syncInlineMaxMs; at++) {
    if (policy.isInline(MANY)) probes++;
    // The disk is fast again, but off the thread each sync seems to take five times as long.
    policy.record(policy.isInline(MANY) ? 0.1 : 0.5, policy.isInline(MANY));
  }
  assert.ok(probes > 3 && probes < 40, `${probes} probes`);
  assert.equal(policy.isInline(MANY), true);
});

test('SyncPolicy does not probe a disk that was slow lately', () => {
  const policy = record(new SyncPolicy('adaptive', LIMITS), 50, 0.5);
  for (let at = 0; at < 500; at++) {
    assert.equal(policy.isInline(MANY) && at > 0, false);
    policy.record(1.5, false);
  }
});

test('SyncPolicy leaves the thread for a hundred syncs after one that was slow', () => {
  const policy = record(new SyncPolicy('adaptive', LIMITS), 10, 0.05);
  policy.record(1.5, true);
  assert.equal(policy.isInline(MANY), false);
  assert.equal(record(policy, 99, 0.05).isInline(MANY), false);
  assert.equal(record(policy, 1, 0.05).isInline(MANY), true);
});

test('SyncPolicy waits longer on the thread for a few entries, whom nobody follows', () => {
  const policy = record(new SyncPolicy('adaptive', LIMITS), 50, 0.35);
  assert.equal(policy.isInline(MANY), false);
  assert.equal(policy.isInline(1), true);
  assert.equal(record(policy, 600, 0.5).isInline(1), false);
});

test('SyncPolicy does as it is told when it is told', () => {
  assert.equal(record(new SyncPolicy('inline', LIMITS), 9, 50).isInline(MANY), true);
  assert.equal(record(new SyncPolicy('background', LIMITS), 9, 0.01).isInline(MANY), false);
});
