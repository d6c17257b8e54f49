import { assert } from '../base/assert.ts';
import type { NodeId } from '../base/ids.ts';
import { between } from '../base/prng.ts';
import type { Random } from '../base/prng.ts';
import { ConfigHistory } from './config-history.ts';
import type { Config } from './config.ts';
import type { Leadership, SnapshotMark } from './effects.ts';
import type { Entry, HardState, Index, Term } from './entry.ts';
import { FollowerReads } from './follower-reads.ts';
import { Log } from './log.ts';
import type { Settings } from './options.ts';
import { Outbox } from './outbox.ts';
import type { Progress } from './progress.ts';
import { isJoint, isVoter } from './quorum.ts';
import type { ReadRounds } from './read-rounds.ts';
import { Writes } from './writes.ts';

/** What a node finds on its disk when it starts. Everything in it is durable. */
export interface Restored {
  readonly hardState: HardState;
  /** Where the log starts; index 0, term 0 when nothing was compacted. */
  readonly mark: SnapshotMark;
  readonly entries: readonly Entry[];
  /** As last written; a hint. */
  readonly commit: Index;
  /** What the machine's state contains. */
  readonly applied: Index;
  /** Storage found that acknowledged entries may be missing. */
  readonly recovering: boolean;
}

/** What a role knows beyond what every node knows. Dies with the role. */
export type RoleState = Follower | PreCandidate | Candidate | Leader;

interface Follower {
  readonly kind: 'follower';
}

/** Asks whether an election could be won, without touching its term (thesis 9.6). */
export interface PreCandidate {
  readonly kind: 'pre-candidate';
  readonly votes: Map<NodeId, boolean>;
}

/** Asks for votes in its term. */
export interface Candidate {
  readonly kind: 'candidate';
  readonly votes: Map<NodeId, boolean>;
  /** Our vote for ourselves counts once this is durable. */
  readonly ticket: number;
}

/** Speaks for its term. */
export interface Leader {
  readonly kind: 'leader';
  /** Our first entry: once it is committed we know everything that was (thesis 6.4, figure 8). */
  readonly firstOwn: Index;
  /** Everyone but ourselves. */
  readonly peers: Map<NodeId, Progress>;
  readonly reads: ReadRounds;
  transfer: Transfer | null;
  /** TimeoutNow left in this term: it may still arrive, so no lease until the term ends. */
  timeoutNowSent: boolean;
  heartbeatDueMs: number;
  quorumDueMs: number;
  /** When followers must have been told the commit index; null when they were. */
  noticeDueMs: number | null;
  /** The configuration without us is committed: tell everyone, then step down. */
  leaving: boolean;
}

/** A hand-over under way (thesis 3.10). */
export interface Transfer {
  readonly to: NodeId;
  /** Null until the next tick, which knows the time. */
  abortAtMs: number | null;
  sent: boolean;
}

/** How long a node waits to be called to office. */
export interface ElectionTimer {
  /** When to stand, or to forget a silent leader for those who may not. */
  dueMs: number;
  /** Drawn at each change of role, in [ET, 2 ET) (Raft §5.2). */
  timeoutMs: number;
  /**
   * Campaigns since the connection to the leader closed, which follow each other faster; null when
   * it did not, or when they were too many.
   */
  failoverCampaigns: number | null;
  /** The connection just closed: the next tick, which knows the time, sets the timer. */
  failoverArmed: boolean;
}

/** When this node last heard a leader. */
export interface LeaderContact {
  /** When, and whom; the promise of a lease outlives the term. */
  heardMs: number;
  heardFrom: NodeId | null;
  /** Its connection closed since: it is presumed dead, votes need not be refused for it. */
  lost: boolean;
}

/**
 * Everything a node of a group knows. The files of this room are functions over it, by concern;
 * only `roles.ts` assigns `role`, `term`, `vote` and `leader`.
 *
 * What holds between inputs: `start <= commit <= last`; `applying <= max(commit, applied as
 * restored)`; a leader has a vote of its own in its term; a recovering node is a follower.
 */
export class State {
  readonly settings: Settings;
  readonly random: Random;
  readonly log: Log;
  readonly configs: ConfigHistory;
  readonly writes: Writes;
  readonly outbox: Outbox = new Outbox();
  readonly followerReads: FollowerReads;

  term: Term;
  vote: NodeId | null;
  leader: NodeId | null = null;
  role: RoleState = { kind: 'follower' };

  commit: Index;
  /** Handed to the machine. */
  applying: Index;
  /** Reported by the machine. */
  applied: Index;

  now: number;
  lastTickMs: number;
  /** The tick before was too late to judge silence by; see timing.ts. */
  judgementDeferred = false;
  readonly timer: ElectionTimer;
  readonly contact: LeaderContact;

  /** The driver knows that this node's state is wrong: it must not lead. */
  barred = false;

  recovering: boolean;
  /** Recovering ends when this ticket is durable; null while that is not in sight. */
  recoveredTicket: number | null = null;
  /** How far this log is known to be a leader's; while recovering, see recovery.ts. */
  trusted: Index = Number.POSITIVE_INFINITY;

  /** Read rounds started by this process, in any reign. */
  readSequence = 0;

  /** What the driver was told last. */
  readonly told: { leadership: Leadership; config: Config; recovering: boolean };

  constructor(settings: Settings, restored: Restored, context: { random: Random; now: number }) {
    const { mark, entries, hardState } = restored;
    this.settings = settings;
    this.random = context.random;
    this.log = new Log({ index: mark.index, term: mark.term }, entries);
    this.configs = new ConfigHistory(mark, entries);
    this.writes = new Writes(this.log.last);
    this.followerReads = new FollowerReads(context.random);
    this.term = hardState.term;
    this.vote = hardState.vote;
    assert(
      this.log.lastPosition.term <= this.term,
      () => `The log is of term ${this.log.lastPosition.term}, the hard state of ${this.term}`,
    );
    assert(
      restored.applied >= mark.index,
      () => `The machine's state ends at ${restored.applied}, the log starts at ${mark.index}`,
    );
    // Applied was committed. Beyond the log's end, both say that entries were lost.
    const told = Math.max(restored.commit, mark.index);
    const committed = Math.max(told, restored.applied);
    this.recovering = restored.recovering || committed > this.log.last;
    // Of a log with losses it is not known that its entries are the ones that were applied.
    this.commit = Math.min(restored.recovering ? told : committed, this.log.last);
    if (this.recovering) this.trusted = this.commit;
    this.applied = restored.applied;
    this.applying = restored.applied;
    this.now = context.now;
    this.lastTickMs = context.now;
    // A lease this node promised before it stopped is not on disk: behave as if it had just.
    this.contact = { heardMs: context.now, heardFrom: null, lost: false };
    const timeoutMs = drawTimeout(settings, context.random);
    // An only voter has nobody to wait for; it stands like everyone else, in a new term (openraft
    // skipped the election once, and reused a term).
    const alone = this.config.voters.length === 1 && !isJoint(this.config) && this.isVoter;
    this.timer = {
      timeoutMs,
      dueMs: alone ? context.now : context.now + timeoutMs,
      failoverCampaigns: null,
      failoverArmed: false,
    };
    const role = this.isVoter ? 'follower' : 'learner';
    this.told = {
      leadership: { term: this.term, role, leader: null },
      config: this.config,
      recovering: this.recovering,
    };
  }

  get id(): NodeId {
    return this.settings.id;
  }

  /** The configuration in force. */
  get config(): Config {
    return this.configs.current;
  }

  get isVoter(): boolean {
    return isVoter(this.config, this.id);
  }

  /** Whether a configuration is appended and not committed. */
  get configPending(): boolean {
    return this.configs.currentIndex > this.commit;
  }

  /**
   * Whether this node may stand for election. A voter whose removal is not committed must: it may
   * hold the longest log, which the others need its help to replace, or its vote for good (thesis
   * 4.2.2). It is elected by those who are left, without counting itself.
   */
  get promotable(): boolean {
    return (
      (this.isVoter || this.#wasVoter) &&
      !this.recovering &&
      !this.barred &&
      !this.writes.installing
    );
  }

  get #wasVoter(): boolean {
    const committed = this.configs.at(this.commit);
    return this.configPending && committed !== null && isVoter(committed, this.id);
  }
}

/** A fresh election timeout, in [ET, 2 ET). */
export function drawTimeout(settings: Settings, random: Random): number {
  const minimum = Math.ceil(settings.electionTimeoutMs);
  return between(random, minimum, 2 * minimum);
}
