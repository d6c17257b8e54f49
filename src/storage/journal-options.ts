import type { Clock } from '../base/clock.ts';
import type { QuorliteError } from '../base/errors.ts';
import type { Disk } from './disk.ts';
import type { Identity } from './segment.ts';
import type { SyncMode } from './sync-policy.ts';

/** How a journal is opened; see `JOURNAL_DEFAULTS`. */
export interface JournalOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Directory of the segments; made when it is not there. */
  readonly directory: string;
  /** The file `meta`, outside `directory`. */
  readonly metaPath: string;
  readonly identity: Identity;
  /** A multiple of 4096, at least 8192. */
  readonly segmentBytes: number;
  /** Segments kept ready. */
  readonly spares: number;
  readonly sync: SyncMode;
  readonly syncInlineMaxMs: number;
  readonly syncInlineWorstMs: number;
  /** Called once: the disk refused a write or a sync, and the node must stop. */
  readonly onFatal: (error: QuorliteError) => void;
  /** True when there is no room for another spare: refuse proposals. False when there is again. */
  readonly onSpace: (low: boolean) => void;
}

/** The choices that are not about where and who. */
export const JOURNAL_DEFAULTS: Pick<
  JournalOptions,
  'segmentBytes' | 'spares' | 'sync' | 'syncInlineMaxMs' | 'syncInlineWorstMs'
> = {
  segmentBytes: 16 * 1024 * 1024,
  spares: 2,
  sync: 'adaptive',
  // Two thread hops and a turn cost a few tenths of a millisecond on a busy machine (measured with
  // a disk of 0.2 ms: inline 1.2 times the inserts of 64 clients); at 1 ms off-thread wins.
  syncInlineMaxMs: 0.5,
  // A tenth of a heartbeat: the loop may stand still for so long without anybody noticing.
  syncInlineWorstMs: 10,
};

/** How the journal is doing. */
export interface JournalStatus {
  /** Number of the segment that is written to. */
  readonly segment: number;
  readonly segments: number;
  readonly spares: number;
  /** Bytes of all segment files but spares. */
  readonly bytes: number;
  /** Bytes of entries that are needed; an upper bound. */
  readonly liveBytes: number;
  readonly durableSeq: number;
  readonly syncMode: 'inline' | 'background';
  /** Moving average of a sync. */
  readonly syncMs: number;
  readonly spaceLow: boolean;
  readonly state: 'open' | 'failed' | 'closed';
}
