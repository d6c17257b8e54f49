import type { NodeId } from '../base/ids.ts';
import type { Config } from './config.ts';

/** What votes amount to so far. */
export type VoteResult = 'won' | 'lost' | 'pending';

/** Voters needed of `count`: a majority. */
export function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** Whether `id` takes part in decisions: a voter of either half. */
export function isVoter(config: Config, id: NodeId): boolean {
  return config.voters.includes(id) || config.votersOutgoing.includes(id);
}

/** Everyone a leader talks to, and itself: voters of both halves and learners, each once. */
export function participants(config: Config): ReadonlySet<NodeId> {
  return new Set([
    ...config.voters,
    ...config.votersOutgoing,
    ...config.learners,
    ...config.learnersNext,
  ]);
}

/** Whether the configuration needs majorities of two sets. */
export function isJoint(config: Config): boolean {
  return config.votersOutgoing.length > 0;
}

/**
 * The largest value that a quorum has reached: the quorum-th largest, in a joint configuration the
 * smaller one of both halves (thesis 4.3). Zero when there are no voters.
 */
export function quorumValue(config: Config, valueOf: (id: NodeId) => number): number {
  const incoming = majorityValue(config.voters, valueOf);
  if (!isJoint(config)) return incoming;
  return Math.min(incoming, majorityValue(config.votersOutgoing, valueOf));
}

/** Whether a quorum says yes. */
export function hasQuorum(config: Config, yes: (id: NodeId) => boolean): boolean {
  return config.voters.length > 0 && quorumValue(config, (id) => (yes(id) ? 1 : 0)) === 1;
}

/** Whether votes are decided; who is not in `votes` has not answered. */
export function voteResult(config: Config, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  if (hasQuorum(config, (id) => votes.get(id) === true)) return 'won';
  return hasQuorum(config, (id) => votes.get(id) !== false) ? 'pending' : 'lost';
}

/** Values of the voters being compared, largest first; one array for all calls, never reentered. */
const scratch: number[] = [];

function majorityValue(voters: readonly NodeId[], valueOf: (id: NodeId) => number): number {
  if (voters.length === 0) return 0;
  scratch.length = 0;
  for (const voter of voters) {
    const value = valueOf(voter);
    let at = scratch.length;
    scratch.push(value);
    while (at > 0 && (scratch[at - 1] ?? 0) < value) {
      scratch[at] = scratch[at - 1] ?? 0;
      at--;
    }
    scratch[at] = value;
  }
  return scratch[majority(voters.length) - 1] ?? 0;
}
