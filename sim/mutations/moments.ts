/** Faults that make the moment of a deliberate bug, which drawn ones rarely do. */
import type { Fault } from '../plan.ts';

/** Elections within a second, on a network and disks that allow it. */
export const QUICK = {
  electionTimeoutMs: 600,
  heartbeatIntervalMs: 60,
  delayMsMin: 1,
  delayMsMean: 2,
  syncMs: 1,
} as const;

/** Leader after leader dies, every second time in the middle of a sync, and comes back later. */
export function fallenLeaders(downMs: number): readonly Fault[] {
  return Array.from({ length: 9 }, (_, i) => ({
    kind: 'crash',
    at: 800 + 900 * i,
    node: 'leader',
    how: 'process',
    downMs,
    midSync: i % 2 === 0,
  }));
}

/** Two of three nodes after another lose sight of each other; both see the third. */
export function bridges(): readonly Fault[] {
  const pairs = [
    [0, 1],
    [1, 2],
    [0, 2],
  ] as const;
  return pairs.map(([a, b], i) => ({
    kind: 'partition',
    at: 1000 + 2800 * i,
    forMs: 2500,
    style: 'bridge',
    cuts: [
      [a, b],
      [b, a],
    ],
  }));
}

/** Voters are demoted and promoted in turn, all the time. */
export function reconfigurations(): readonly Fault[] {
  return Array.from({ length: 32 }, (_, i) => ({
    kind: 'reconfigure',
    at: 830 + 250 * i,
    node: i % 4,
    other: (i + 1) % 4,
  }));
}

/** A sync of each node fails, and soon after its machine loses its power. */
export function failedSyncs(): readonly Fault[] {
  return Array.from({ length: 6 }, (_, i) => 1200 + 1300 * i).flatMap((at, i): Fault[] => [
    { kind: 'disk-error', at, node: i % 3, operation: 'sync' },
    { kind: 'crash', at: at + 200, node: i % 3, how: 'machine', downMs: 100, midSync: false },
  ]);
}

/**
 * Of three nodes one misses something that the other two write; then the disk of one of these two
 * loses it, and the other cannot be reached: who is left must not go on.
 */
export function betrayals(): readonly Fault[] {
  return [1200, 3900, 6600].flatMap((at): Fault[] => [
    { kind: 'isolate', at: at - 400, node: 2, way: 'both', forMs: 1400 },
    { kind: 'disk-lies', at, node: 1, how: 'bit-flip' },
    { kind: 'disk-lies', at: at + 2, node: 1, how: 'lost' },
    { kind: 'crash', at: at + 5, node: 1, how: 'machine', downMs: 5, midSync: false },
    { kind: 'isolate', at: at + 10, node: 0, way: 'both', forMs: 2000 },
  ]);
}

/** The same with a data directory that is made anew. */
export function wipedWitness(): readonly Fault[] {
  return [
    { kind: 'transfer', at: 700, to: 0 },
    { kind: 'isolate', at: 1400, node: 2, way: 'both', forMs: 900 },
    { kind: 'wipe', at: 2000, node: 1, downMs: 10 },
    { kind: 'isolate', at: 2002, node: 0, way: 'both', forMs: 3000 },
  ];
}
