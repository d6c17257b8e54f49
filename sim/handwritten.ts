import type { Fault, Plan, Setup } from './plan.ts';

/** Three nodes on good hardware with a steady load; a test changes what it is about. */
const CALM: Setup = {
  nodes: 3,
  spares: 0,
  machine: 'model',
  safetyMs: 8000,
  livenessMs: 8000,
  clients: 3,
  thinkMs: 50,
  keys: 3,
  electionTimeoutMs: 500,
  heartbeatIntervalMs: 50,
  applyDelayMs: 5,
  applyMs: 0.5,
  compactBytes: 1_000_000,
  trailingBytes: 0,
  segmentBytes: 16_384,
  snapshotPieceBytes: 1_048_576,
  sync: 'adaptive',
  syncMs: 1,
  delayMsMin: 0.5,
  delayMsMean: 1,
  leases: false,
};

/** A plan made by hand: what goes wrong is written down, the seed decides only the details. */
export function planOf(
  seed: number,
  setup: Partial<Setup>,
  faults: readonly Fault[] | ((at: number) => readonly Fault[]),
): Plan {
  const whole = { ...CALM, ...setup };
  const drawn = typeof faults === 'function' ? every(whole.safetyMs, faults) : faults;
  return { seed, setup: whole, faults: drawn.toSorted((left, right) => left.at - right.at) };
}

/** Each second of a run has its faults; the first two are for founding. */
function every(safetyMs: number, faults: (at: number) => readonly Fault[]): Fault[] {
  const all: Fault[] = [];
  for (let at = 2000; at < safetyMs; at += 1000) all.push(...faults(at));
  return all.filter(({ at }) => at < safetyMs);
}
