/** Rows of the catalogue on storage (A.6), as plans made by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expectFinds, expectHolds, seeds } from './expect.suite.ts';
import { planOf } from './handwritten.ts';
import type { Fault, Plan } from './plan.ts';
import { run } from './run.ts';

/** The one machine whose disk may lie. */
const LIAR = 2;

function lie(at: number, how: 'bit-flip' | 'lost' | 'misdirected'): readonly Fault[] {
  return [
    { kind: 'disk-lies', at, node: LIAR, how },
    { kind: 'crash', at: at + 10, node: LIAR, how: 'machine', downMs: 50, midSync: false },
  ];
}

test('L9: writes that were lost or landed elsewhere are found, and made good by the others', () => {
  const plans = seeds(4, (seed) =>
    planOf(seed, { segmentBytes: 65_536, safetyMs: 6000 }, [
      ...lie(3000, seed % 2 === 0 ? 'lost' : 'misdirected'),
      ...lie(4500, seed % 2 === 0 ? 'misdirected' : 'lost'),
    ]),
  );
  const { damagedTails, recoveringStarts, recoveringExits, refusedStarts } = expectHolds(plans);
  assert.ok(damagedTails >= 6, `${damagedTails} were found`);
  assert.ok(recoveringStarts + refusedStarts >= 4, `${recoveringStarts} recovered`);
  assert.ok(recoveringExits >= 4, `${recoveringExits} were whole again`);
});

/**
 * The worst moment for a disk to lie: one follower sleeps, the liar makes the majority, loses what
 * it acknowledged, and then only it and the sleeper are left to elect a leader.
 */
function betrayal(seed: number): Plan {
  const faults: readonly Fault[] = [2000, 10_000, 18_000].flatMap((at): Fault[] => [
    { kind: 'transfer', at, to: 0 },
    { kind: 'isolate', at: at + 500, node: 1, way: 'both', forMs: 930 },
    { kind: 'disk-lies', at: at + 1390, node: LIAR, how: 'bit-flip' },
    { kind: 'disk-lies', at: at + 1391, node: LIAR, how: 'lost' },
    { kind: 'crash', at: at + 1400, node: LIAR, how: 'machine', downMs: 20, midSync: false },
    { kind: 'isolate', at: at + 1410, node: 0, way: 'both', forMs: 6000 },
  ]);
  return planOf(seed, { safetyMs: 26_000, thinkMs: 100 }, faults);
}

test('L12: who lost what it acknowledged does not vote; if it did, data would be lost', () => {
  const plans = seeds(12, betrayal);
  const { recoveringStarts } = expectHolds(plans.slice(0, 6));
  assert.ok(recoveringStarts > 0);
  const { failure } = expectFinds('ignore-recovering', plans);
  assert.match(failure?.invariant ?? '', /^I(4|5|6|10|11)$/, failure?.message);
});

/** Everybody's power fails at one instant, again and again, with writes under way. */
function blackout(seed: number): Plan {
  const busy = { clients: 6, thinkMs: 20, compactBytes: 20_000, sync: 'background' } as const;
  return planOf(seed, busy, (at) => [
    { kind: 'power-loss', at, downMs: 50, spreadMs: at % 3 === 0 ? 200 : 0, midSync: true },
  ]);
}

test('L13: a whole cluster that loses its power under load comes back with all it said', () => {
  // SIM_BLACKOUTS=1000 takes an hour.
  const plans = seeds(Number(process.env['SIM_BLACKOUTS'] ?? 3), blackout);
  const { powerLosses, tornTails, recoveringStarts } = expectHolds(plans);
  assert.ok(powerLosses >= plans.length * 15, `${powerLosses} power losses`);
  assert.ok(tornTails > 0, 'no tail was torn');
  assert.equal(recoveringStarts, 0, 'a crash alone left doubts');
  expectFinds('skip-sync', plans.slice(0, 3));
});

test('L14: a node that lost everything is refused, and comes back once it was removed', () => {
  const wiped: Fault = { kind: 'wipe', at: 3000, node: LIAR, downMs: 100 };
  const plan = (faults: readonly Fault[]): Plan => planOf(7, { nodes: 5, safetyMs: 9000 }, faults);
  // Nothing but a wipe: it is not let in under its old name, so that it cannot vote twice.
  const refused = run(plan([wiped]));
  assert.equal(refused.failure, null, refused.failure?.message);
  assert.equal(refused.coverage.refusedIdentities, 1);
  assert.equal(refused.coverage.learnersPromoted, 0);
  // The documented way: remove it, and add it again with its empty data directory.
  const { refusedIdentities, removals, learnersPromoted } = expectHolds([
    plan([wiped, { kind: 'remove', at: 4500, node: LIAR }, { kind: 'add', at: 6000, node: LIAR }]),
  ]);
  assert.equal(refusedIdentities, 1);
  assert.equal(removals, 1);
  assert.ok(learnersPromoted > 0, 'it is no voter again');
  expectFinds('admit-anyone', seeds(12, betrayalByWipe));
});

test('L14: a node that was removed while it was cut off is told so when it comes back', () => {
  const resets = [0, 1, 2, 4].map((b): Fault => ({ kind: 'reset', at: 5000, a: 3, b }));
  const { removals, refusedIdentities } = expectHolds([
    planOf(1, { nodes: 5, safetyMs: 9000 }, [
      { kind: 'isolate', at: 3500, node: 3, way: 'both', forMs: 2000 },
      { kind: 'remove', at: 4000, node: 3 },
      ...resets,
    ]),
  ]);
  assert.equal(removals, 1);
  assert.equal(refusedIdentities, 1);
});

/** As the betrayal, with a new disk in place of the one that lied. */
function betrayalByWipe(seed: number): Plan {
  const plan = betrayal(seed);
  const faults = plan.faults.flatMap((fault): Fault[] => {
    if (fault.kind === 'disk-lies') return [];
    if (fault.kind !== 'crash') return [fault];
    return [{ kind: 'wipe', at: fault.at, node: LIAR, downMs: 20 }];
  });
  return { ...plan, faults };
}
