/**
 * Everything that will go wrong in a run, drawn up front from the seed and written down: a plan can
 * be printed, saved, shortened and run again.
 */
import type { SyncMode } from '../src/storage/sync-policy.ts';
import { drawFaults } from './plan-faults.ts';
import { Chance, type Draw, STREAM } from './random.ts';

/** A node by its number, or whoever leads when the fault strikes. */
export type Target = number | 'leader';

/** One thing that goes wrong, or that an operator does. Times are virtual milliseconds. */
export type Fault = { readonly at: number } & (
  | {
      readonly kind: 'partition';
      readonly forMs: number;
      readonly style: PartitionStyle;
      /** Ordered pairs that are cut. */
      readonly cuts: readonly (readonly [from: number, to: number])[];
    }
  | { readonly kind: 'isolate'; readonly forMs: number; readonly node: Target; readonly way: Way }
  | { readonly kind: 'loss'; readonly forMs: number; readonly percent: number }
  | { readonly kind: 'duplicate'; readonly forMs: number; readonly percent: number }
  | {
      readonly kind: 'reorder';
      readonly forMs: number;
      readonly percent: number;
      readonly maxMs: number;
    }
  | {
      readonly kind: 'slow-link' | 'clog';
      readonly forMs: number;
      readonly from: number;
      readonly to: number;
      readonly extraMs: number;
    }
  | { readonly kind: 'reset'; readonly a: number; readonly b: number }
  | {
      readonly kind: 'crash';
      readonly node: Target;
      readonly how: Crash;
      readonly downMs: number;
      /** Waits for the next sync and strikes in the middle of it. */
      readonly midSync: boolean;
    }
  | {
      readonly kind: 'power-loss';
      readonly downMs: number;
      readonly spreadMs: number;
      readonly midSync: boolean;
    }
  | { readonly kind: 'rolling-restart'; readonly everyMs: number; readonly downMs: number }
  | { readonly kind: 'pause'; readonly node: Target; readonly forMs: number }
  | {
      readonly kind: 'clock-rate';
      readonly node: number;
      readonly forMs: number;
      readonly percent: number;
    }
  | { readonly kind: 'calendar'; readonly node: number; readonly jumpMs: number }
  | {
      readonly kind: 'disk-slow';
      readonly node: Target;
      readonly forMs: number;
      readonly factor: number;
    }
  | { readonly kind: 'disk-hang'; readonly node: Target; readonly forMs: number }
  | { readonly kind: 'disk-full'; readonly node: number; readonly forMs: number }
  | {
      readonly kind: 'disk-error';
      readonly node: Target;
      readonly operation: 'sync' | 'write' | 'directory';
    }
  /** The one machine whose disk lies: the budget of faults beyond crashes. */
  | {
      readonly kind: 'disk-lies';
      readonly node: number;
      readonly how: 'bit-flip' | 'lost' | 'misdirected';
    }
  | { readonly kind: 'transfer'; readonly to: number | null }
  | { readonly kind: 'add'; readonly node: number }
  | { readonly kind: 'remove'; readonly node: Target }
  | { readonly kind: 'wipe'; readonly node: number; readonly downMs: number }
  | { readonly kind: 'compact'; readonly node: Target }
  /** Silently changes the state of a node, always the same one: never of a majority. */
  | { readonly kind: 'spoil'; readonly node: number }
  /** An operator compares the content of all nodes. */
  | { readonly kind: 'verify'; readonly node: Target; readonly forMs: number }
  /** Demotes `node` and promotes `other` if that is a learner; both at once go through joint. */
  | { readonly kind: 'reconfigure'; readonly node: number; readonly other: number }
);

/** What dies in a crash. */
export type Crash = 'process' | 'machine';

/** What an isolated node can still do. */
export type Way = 'both' | 'send-only' | 'receive-only';

/** Shapes of a partition. */
export type PartitionStyle = 'split' | 'bridge' | 'ring' | 'one-way' | 'random';

/** How a cluster and its clients are before anything goes wrong. */
export interface Setup {
  /** Nodes that make the cluster. */
  readonly nodes: number;
  /** Nodes that may be added later; numbered after the founders. */
  readonly spares: number;
  readonly machine: 'model' | 'sqlite';
  /** How long things go wrong. */
  readonly safetyMs: number;
  /** How long the cluster has, once everything is well again, to show that it is. */
  readonly livenessMs: number;
  readonly clients: number;
  /** Mean pause of a client between two operations. */
  readonly thinkMs: number;
  readonly keys: number;
  readonly electionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly applyDelayMs: number;
  readonly applyMs: number;
  readonly compactBytes: number;
  readonly trailingBytes: number;
  readonly segmentBytes: number;
  readonly snapshotPieceBytes: number;
  readonly sync: SyncMode;
  readonly syncMs: number;
  readonly delayMsMin: number;
  readonly delayMsMean: number;
  readonly leases: boolean;
  /**
   * From here until everything is healed no client asks anything: what only a write would mend
   * stays as it is. Null: they never rest.
   */
  readonly restFromMs?: number | null;
}

/** A run, complete: the same plan gives the same run. */
export interface Plan {
  readonly seed: number;
  readonly setup: Setup;
  readonly faults: readonly Fault[];
}

/** What the caller fixes; everything else is drawn. */
export type Wishes = Partial<Pick<Setup, 'nodes' | 'machine' | 'safetyMs' | 'leases'>>;

/** Draws the plan of a seed. */
export function drawPlan(seed: number, wishes: Wishes = {}): Plan {
  const chance = new Chance(seed);
  const setup = drawSetup(chance.stream(STREAM.setup, 0), wishes);
  return { seed, setup, faults: drawFaults(chance, setup) };
}

function drawSetup(draw: Draw, wishes: Wishes): Setup {
  const electionTimeoutMs = draw.pick([300, 500, 1000]);
  const drawn: Setup = {
    nodes: draw.pick([1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 7]),
    spares: draw.pick([0, 0, 1, 2]),
    machine: 'model',
    safetyMs: draw.pick([10_000, 20_000, 30_000]),
    livenessMs: 20_000,
    clients: draw.pick([1, 2, 3, 5]),
    thinkMs: draw.pick([100, 200, 400]),
    keys: draw.pick([1, 3, 6]),
    electionTimeoutMs,
    heartbeatIntervalMs: electionTimeoutMs / 10,
    applyDelayMs: draw.pick([0, 5, 20]),
    applyMs: draw.pick([0.05, 0.5, 0.5, 5, 5, 100]),
    compactBytes: draw.pick([400, 2000, 16_000, 1_000_000]),
    trailingBytes: draw.pick([0, 200, 4000]),
    segmentBytes: draw.pick([8192, 16_384, 65_536]),
    sync: draw.pick(['adaptive', 'inline', 'background'] as const),
    syncMs: draw.pick([0.1, 1, 1, 5]),
    delayMsMin: draw.pick([0.1, 0.5, 2]),
    delayMsMean: draw.pick([0.1, 1, 5]),
    leases: draw.percent(30),
    snapshotPieceBytes: draw.pick([64, 300, 1_048_576]),
    restFromMs: draw.pick([null, null, null, 3000, 7000]),
  };
  const setup = { ...drawn, ...wishes };
  if (setup.machine === 'model') return setup;
  // SQL is some twenty times as long as the model's operations, and a whole database is copied.
  return {
    ...setup,
    compactBytes: setup.compactBytes * 20,
    trailingBytes: setup.trailingBytes * 20,
    snapshotPieceBytes: setup.snapshotPieceBytes * 50,
  };
}
