import type { NodeId } from '../base/ids.ts';
import type { Entry, Index, Position, Term } from './entry.ts';

/** What every message between two cores of one group carries. */
interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  /** The sender's term; of a pre-vote and a granted answer to it, the term asked for. */
  readonly term: Term;
}

/** The messages of the protocol; one kind each, no field with two meanings. */
export type Message =
  | PreVote
  | PreVoteReply
  | Vote
  | VoteReply
  | Append
  | AppendReply
  | Heartbeat
  | HeartbeatReply
  | TimeoutNow
  | ReadRequest
  | ReadReply;

/** Would you vote for me? Changes nothing at anyone (thesis 9.6). */
export interface PreVote extends Envelope {
  readonly kind: 'pre-vote';
  readonly last: Position;
}

/** Whether the sender would. */
export interface PreVoteReply extends Envelope {
  readonly kind: 'pre-vote-reply';
  readonly granted: boolean;
}

/** Vote for me (Raft §5.2). */
export interface Vote extends Envelope {
  readonly kind: 'vote';
  readonly last: Position;
  /** Set by a leadership transfer: asks those who hear a leader too (thesis 4.2.3). */
  readonly transfer: boolean;
}

/** Whether the sender did. */
export interface VoteReply extends Envelope {
  readonly kind: 'vote-reply';
  readonly granted: boolean;
}

/** Replication (Raft §5.3). Without entries it probes, or tells the commit index. */
export interface Append extends Envelope {
  readonly kind: 'append';
  readonly previous: Position;
  readonly entries: readonly Entry[];
  readonly commit: Index;
  /** Latest round of reads at the leader when this was sent; echoed. */
  readonly readSequence: number;
  /** The leader's monotonic clock at or before sending this; echoed, for leases. */
  readonly sentAtMs: number;
}

/** How far the logs are equal, or where to look (Raft §5.3). */
export interface AppendReply extends Envelope {
  readonly kind: 'append-reply';
  /**
   * Accepted: the last index known equal. Rejected: the previous index that did not match; index 0,
   * which cannot be rejected, says only that the receiver's term is old.
   */
  readonly index: Index;
  /** Null when accepted; else where the leader should look next. */
  readonly hint: Position | null;
  /** The follower may have lost entries it acknowledged: do not count it. */
  readonly recovering: boolean;
  /** 0, like `sentAtMs`, when nothing is echoed. */
  readonly readSequence: number;
  readonly sentAtMs: number;
}

/** The leader is there; overtakes bulk data, waits for no disk. */
export interface Heartbeat extends Envelope {
  readonly kind: 'heartbeat';
  /** Never beyond what the receiver acknowledged. */
  readonly commit: Index;
  readonly readSequence: number;
  readonly sentAtMs: number;
}

/** The sender is there, and follows. */
export interface HeartbeatReply extends Envelope {
  readonly kind: 'heartbeat-reply';
  readonly recovering: boolean;
  readonly readSequence: number;
  readonly sentAtMs: number;
}

/** Stand for election now, without a pre-vote (thesis 3.10). */
export interface TimeoutNow extends Envelope {
  readonly kind: 'timeout-now';
  readonly lastIndex: Index;
}

/** A follower asks the leader for an index that covers everything committed before. */
export interface ReadRequest extends Envelope {
  readonly kind: 'read-request';
  /** Never reused by this follower (etcd #20418). */
  readonly requestId: number;
}

/** The index to wait for (thesis 6.4). */
export interface ReadReply extends Envelope {
  readonly kind: 'read-reply';
  readonly requestId: number;
  /** Null: not leader any more, ask again. */
  readonly index: Index | null;
}
