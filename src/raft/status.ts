import type { GroupId, NodeId } from '../base/ids.ts';
import type { Config } from './config.ts';
import type { Leadership, Role } from './effects.ts';
import type { Index, Term } from './entry.ts';
import type { ProgressState } from './progress.ts';
import type { State } from './state.ts';

/** What a node knows, for people, metrics and tests. */
export interface RaftStatus {
  readonly id: NodeId;
  readonly group: GroupId;
  readonly role: Role;
  readonly term: Term;
  readonly vote: NodeId | null;
  readonly leader: NodeId | null;
  readonly commit: Index;
  readonly applied: Index;
  /** Entries up to here are on this node's disk. */
  readonly durable: Index;
  readonly first: Index;
  readonly last: Index;
  readonly config: Config;
  /** Where the configuration in force was appended; it is committed when `commit` reaches it. */
  readonly configIndex: Index;
  readonly recovering: boolean;
  /** Whom the leadership is being handed to. */
  readonly transferring: NodeId | null;
  readonly uncommittedBytes: number;
  /** What a leader knows of the others; empty in every other role. */
  readonly progress: readonly PeerStatus[];
}

/** What a leader knows of one of the others. */
export interface PeerStatus {
  readonly id: NodeId;
  readonly state: ProgressState;
  readonly match: Index;
  readonly next: Index;
  readonly inflightMessages: number;
  readonly inflightBytes: number;
  readonly recentlyActive: boolean;
  readonly recovering: boolean;
}

/** A copy of what a node knows. */
export function statusOf(state: State): RaftStatus {
  const { role, log } = state;
  const leader = role.kind === 'leader' ? role : null;
  return {
    id: state.id,
    group: state.settings.group,
    role: roleOf(state),
    term: state.term,
    leader: state.leader,
    vote: state.vote,
    commit: state.commit,
    applied: state.applied,
    durable: state.writes.durable,
    first: log.first,
    last: log.last,
    config: state.config,
    configIndex: state.configs.currentIndex,
    recovering: state.recovering,
    transferring: leader?.transfer?.to ?? null,
    uncommittedBytes: log.bytes(state.commit, log.last),
    progress:
      leader === null
        ? []
        : [...leader.peers.values()].map((progress) => ({
            id: progress.id,
            state: progress.state,
            match: progress.match,
            next: progress.next,
            inflightMessages: progress.inflight.count,
            inflightBytes: progress.inflight.bytes,
            recentlyActive: progress.recentlyActive,
            recovering: progress.recovering,
          })),
  };
}

/** Who leads, as this node sees it. */
export function leadershipOf(state: State): Leadership {
  return { term: state.term, role: roleOf(state), leader: state.leader };
}

/** A learner is whoever follows without a vote. */
export function roleOf({ role: { kind }, isVoter }: State): Role {
  return kind === 'follower' && !isVoter ? 'learner' : kind;
}
