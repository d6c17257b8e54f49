/** Rows of the catalogue on snapshots and compaction (A.5), as plans made by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectFinds, expectHolds, seeds } from './expect.suite.ts';
import { planOf } from './handwritten.ts';
import type { Fault } from './plan.ts';

/** Every few entries a snapshot: whoever is away for a moment needs one. */
const GREEDY = { compactBytes: 250, trailingBytes: 0, thinkMs: 40, keys: 2 } as const;

const crash = (at: number, node: number | 'leader', how: 'process' | 'machine'): Fault => ({
  kind: 'crash',
  at,
  node,
  how,
  downMs: 300,
  midSync: at % 2 === 0,
});

test('S1: a snapshot every few entries, and failover after failover, lose nothing', () => {
  const plans = seeds(2, (seed) =>
    planOf(seed, GREEDY, (at) => [
      { kind: 'isolate', at, node: (at / 1000) % 3, way: 'both', forMs: 700 },
      crash(at + 351, 'leader', at % 2000 === 0 ? 'machine' : 'process'),
    ]),
  );
  const { compactions, snapshotsInstalled, elections } = expectHolds(plans);
  assert.ok(compactions > 60, `${compactions} compactions`);
  assert.ok(snapshotsInstalled >= 6, `${snapshotsInstalled} snapshots were installed`);
  assert.ok(elections >= 8, `${elections} elections`);
  expectFinds('restore-nothing', plans);
});

test('S3: a snapshot that arrives while entries are being applied replaces them whole', () => {
  const plans = seeds(2, (seed) =>
    planOf(seed, { ...GREEDY, applyMs: 15, applyDelayMs: 20, thinkMs: 20 }, (at) => [
      // Back with a long range to apply, and at once too far behind for the log.
      { kind: 'isolate', at, node: (at / 1000) % 3, way: 'receive-only', forMs: 300 },
      { kind: 'isolate', at: at + 320, node: (at / 1000) % 3, way: 'both', forMs: 400 },
      { kind: 'compact', at: at + 700, node: 'leader' },
    ]),
  );
  const { snapshotsInstalled } = expectHolds(plans);
  assert.ok(snapshotsInstalled >= 4, `${snapshotsInstalled} snapshots were installed`);
  expectFinds('apply-after-restore', plans);
});

test('S6: two snapshots quickly, one while the other is sent, do not mix', () => {
  const plans = seeds(2, (seed) =>
    planOf(seed, { ...GREEDY, nodes: 5, snapshotPieceBytes: 64, thinkMs: 20 }, (at) => [
      { kind: 'isolate', at, node: (at / 1000) % 5, way: 'both', forMs: 500 },
      { kind: 'isolate', at, node: (at / 1000 + 2) % 5, way: 'both', forMs: 510 },
      ...[0, 1, 2, 8].map((after): Fault => ({
        kind: 'compact',
        at: at + 515 + after,
        node: 'leader',
      })),
    ]),
  );
  const { snapshotsSent, snapshotsInstalled } = expectHolds(plans);
  assert.ok(snapshotsSent >= 6, `${snapshotsSent} snapshots were made`);
  assert.ok(snapshotsInstalled >= 6, `${snapshotsInstalled} snapshots were installed`);
  expectFinds('snapshot-index-ahead', plans);
});

test('S7: applied index and data go back together when the power fails', () => {
  const plans = seeds(2, (seed) =>
    planOf(seed, { compactBytes: 2000, thinkMs: 20 }, (at) => [
      crash(at, (at / 1000) % 3, 'machine'),
      crash(at + 500, (at / 1000 + 1) % 3, 'machine'),
    ]),
  );
  const { powerLosses } = expectHolds(plans);
  assert.ok(powerLosses > 15, `${powerLosses} power losses`);
  expectFinds('applied-index-before-data', plans);
  expectFinds('applied-index-after-data', plans);
});

test('S8: a slow link and a log that is compacted while a snapshot is sent still converge', () => {
  const slow = { ...GREEDY, clients: 5, thinkMs: 20, snapshotPieceBytes: 300 };
  const plans = seeds(2, (seed) =>
    planOf(seed, { ...slow, safetyMs: 8000 }, [
      { kind: 'transfer', at: 1500, to: 0 },
      { kind: 'isolate', at: 2000, node: 2, way: 'both', forMs: 2000 },
      ...[0, 1].map((from): Fault => ({
        kind: 'slow-link',
        at: 3500,
        from,
        to: 2,
        extraMs: 200,
        forMs: 4400,
      })),
    ]),
  );
  const { snapshotsInstalled, compactions } = expectHolds(plans);
  assert.ok(snapshotsInstalled >= 3, `${snapshotsInstalled} snapshots were installed`);
  assert.ok(compactions > 100, `${compactions} compactions`);
  assert.equal(expectFinds('forget-snapshots', plans).failure?.invariant, 'I12');
});
