import type { Entry, Index } from '../raft/entry.ts';

/**
 * A state machine as the driver sees it: committed entries go in, in order, exactly once per life
 * of the state. Calls are carried out in the order in which they are made. One `apply` is under way
 * at a time; `persist` and `snapshot` may be called beside it and stand for a moment between two
 * ranges; `restore` is called while nothing is applied. Callbacks never run before the call
 * returned. A failure of the environment (disk, memory) goes to `onFatal` and ends the node: no
 * entry may be skipped.
 */
export interface Machine {
  /** Index of the last entry whose effects are in the state, as found when it was opened. */
  readonly applied: Index;

  /** Rolling digest of all results up to `applied`; kept with the state, copied with it. */
  readonly digest: number;

  /** Applies the range in one step; `applied` becomes `range.through` with the same atomicity. */
  apply(range: ApplyRange, done: (outcome: ApplyOutcome) => void): void;

  /** Makes everything applied so far survive a power loss; tells the index that is now safe. */
  persist(done: (durable: Index) => void): void;

  /** Writes a copy of the state to the new file `path`, durably; tells the index it stands for. */
  snapshot(path: string, done: (outcome: SnapshotOutcome) => void): void;

  /** Replaces the state, durably, by the copy in `path`; tells its index. */
  restore(path: string, done: (applied: Index) => void): void;

  /** Whether an entry with these bytes must be the last of its range. */
  endsRange(data: Uint8Array): boolean;

  /** Set by the driver before the first call. */
  onFatal: (error: Error) => void;

  /** Finishes what is under way and lets go of files and threads. */
  close(): Promise<void>;
}

/** A contiguous range of committed entries. */
export interface ApplyRange {
  /** The normal entries of the range, in order; no-ops and configurations are left out. */
  readonly entries: readonly Entry[];
  /** Result format wanted per entry (see `result/format.ts`); `NO_RESULT` where nobody waits. */
  readonly formats: readonly number[];
  /** The range ends here, with or without a normal entry at this index. */
  readonly through: Index;
}

/** What came of a range, one element per entry of it. */
export interface ApplyOutcome {
  /** Encoded results where a format was given, else null. */
  readonly results: readonly (Uint8Array | null)[];
  /** Rolling 32-bit digests of all results up to and including each entry; equal on all nodes. */
  readonly digests: readonly number[];
}

/** A copy of the state on disk, or why there is none. */
export type SnapshotOutcome =
  | { readonly ok: true; readonly index: Index; readonly bytes: number }
  | { readonly ok: false; readonly reason: string };
