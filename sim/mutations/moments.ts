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
