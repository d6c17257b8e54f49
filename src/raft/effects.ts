import type { NodeId } from '../base/ids.ts';
import type { Config } from './config.ts';
import type { Entry, HardState, Index, Position, Term } from './entry.ts';
import type { Message } from './message.ts';

/** Where a group's log starts: everything up to `index` is in a durable machine state. */
export interface SnapshotMark {
  readonly index: Index;
  readonly term: Term;
  /** The configuration in force at `index`. */
  readonly config: Config;
}

/**
 * One write for the journal. Writes are carried out in the order they were taken; when everything
 * up to `ticket` is durable the driver calls `ioDone(ticket)`.
 */
export interface Write {
  readonly ticket: number;
  /** Null when unchanged. */
  readonly hardState: HardState | null;
  /** The log now starts after this mark, and holds nothing else: a snapshot was installed. */
  readonly installed: SnapshotMark | null;
  /** The first of them replaces whatever is at its index and after. */
  readonly entries: readonly Entry[];
  /** The log may forget everything up to this mark. */
  readonly compacted: SnapshotMark | null;
  /** Known committed; a hint that needs no durability of its own. */
  readonly commit: Index;
}

/** A message that promises something: it leaves when `ticket` is durable. */
export interface Deferred {
  readonly ticket: number;
  readonly message: Message;
}

/** The role of a node in a group. */
export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader' | 'learner';

/** Who leads, as this node sees it. */
export interface Leadership {
  readonly term: Term;
  readonly role: Role;
  readonly leader: NodeId | null;
}

/** A read whose index is known: answer it once that index is applied. */
export interface ConfirmedRead {
  readonly context: number;
  readonly index: Index;
}

/** A follower needs entries the log no longer has: send it a machine state from `minimum` on. */
export interface SnapshotRequest {
  readonly to: NodeId;
  readonly minimum: Position;
}

/** What the core asks of its driver, in the order that is safe. Lists may be empty. */
export interface Effects {
  readonly write: Write | null;
  /** Need nothing durable: send before the write, beside the disk. */
  readonly sendNow: readonly Message[];
  readonly sendAfter: readonly Deferred[];
  /** Committed and locally durable: apply (from, to], in order; null when nothing new. */
  readonly apply: { readonly after: Index; readonly through: Index } | null;
  readonly reads: readonly ConfirmedRead[];
  /** Contexts of reads that will not be confirmed (no leader, stepped down): ask again. */
  readonly failedReads: readonly number[];
  /** Not null when term, role or leader changed. */
  readonly leadership: Leadership | null;
  /** Not null when the configuration in force changed. */
  readonly config: Config | null;
  /**
   * Not null when the recovering mode was entered or left. The node says so when connections open,
   * and remembers it over restarts: before the write beside it (entered), or any time after (left).
   */
  readonly recovering: boolean | null;
  readonly snapshots: readonly SnapshotRequest[];
  /** Remote input that cannot be: close that connection and say so. */
  readonly protocolErrors: readonly { readonly from: NodeId; readonly reason: string }[];
}
