import type { Address, Incarnation, NodeId } from '../base/ids.ts';

/** A member as the group knows it. The core only carries the addresses. */
export interface Member {
  readonly id: NodeId;
  /** The data directory that joined; the same id with another incarnation is refused. */
  readonly incarnation: Incarnation;
  readonly peerAddress: Address;
  readonly clientAddress: Address;
}

/**
 * Who takes part in a group. Takes effect when appended, falls back when truncated (thesis 4.1).
 * `votersOutgoing` is not empty while a joint configuration is in force: then every decision needs
 * a majority of both halves (thesis 4.3).
 */
export interface Config {
  readonly voters: readonly NodeId[];
  readonly votersOutgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: readonly NodeId[];
  /** Leave the joint configuration as soon as it is committed. */
  readonly autoLeave: boolean;
  /** Everyone named above, each once. */
  readonly members: readonly Member[];
}

/** A change of membership as asked for. One step is applied directly, more go through joint. */
export interface ConfigChange {
  readonly steps: readonly ConfigStep[];
}

/** One wish of a change. */
export type ConfigStep =
  | { readonly kind: 'add-learner'; readonly member: Member }
  | { readonly kind: 'promote'; readonly id: NodeId }
  | { readonly kind: 'demote'; readonly id: NodeId }
  | { readonly kind: 'remove'; readonly id: NodeId }
  /** New addresses of a member; changes no quorum. */
  | { readonly kind: 'update'; readonly member: Member };
