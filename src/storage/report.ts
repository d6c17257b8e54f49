/** What a damaged place turned out to be (docs/formats.md has the table). */
export type Verdict =
  /** A crash lost what had not been synced: nothing of it was acknowledged. */
  | 'torn'
  /** It may have been acknowledged: the groups must be repaired by their leaders. */
  | 'ambiguous'
  /** It was durable once and is not what was written. */
  | 'corrupt'
  /** Bytes that stand for nothing. */
  | 'harmless';

/** One damaged place, for people. */
export interface Finding {
  readonly verdict: Verdict;
  readonly file: string;
  /** Bytes [from, to) of the file. */
  readonly from: number;
  readonly to: number;
  /** What was found and what it means. */
  readonly message: string;
  /** What the operator should do; empty when nothing. */
  readonly advice: string;
}

/** What recovery found. */
export interface RecoveryReport {
  readonly segments: number;
  readonly frames: number;
  /** Every frame up to this one is known to have been durable. */
  readonly durableSeq: number;
  /** Frames after it, repeated in the new segment. */
  readonly framesMoved: number;
  readonly findings: readonly Finding[];
  /**
   * Not null when frames of unknown groups may be lost: a group that this journal does not know
   * must then be treated as recovering too.
   */
  readonly unknownGroups: string | null;
}

/** What to do about damage that a leader repairs. */
export const ADVICE_REPAIR: string =
  'Nothing as long as a majority of each group is whole: the node does not vote and is repaired ' +
  'by its leaders. Check the disk; replace it when this happens again';

/** What to do when a file cannot be judged and the node does not start. */
export const RESTORE_OR_REJOIN: string =
  'Restore the file, or remove the node from the cluster, empty its data directory and add it ' +
  'again';
