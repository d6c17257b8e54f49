import type { NodeId } from '../base/ids.ts';
import { committedInTerm } from './commit.ts';
import { quorumValue } from './quorum.ts';
import type { State } from './state.ts';

/**
 * How much of the election timeout a lease lasts: clocks may run 5 % apart (thesis 6.4.1), and 5 %
 * more for what we did not think of.
 */
const LEASE_SHARE = 0.9;

/**
 * Whether no other leader can exist at `now`: a quorum answered messages sent less than a lease
 * ago, and whoever hears a leader votes for nobody else for an election timeout. Only this node's
 * clock is used. Void during a transfer, and for the rest of the term once TimeoutNow left: that
 * message, delayed, makes a voter break the promise (etcd-io/raft #99, raft-rs #234).
 */
export function leaseValid(state: State, now: number): boolean {
  const { role, settings } = state;
  if (!settings.leases || role.kind !== 'leader') return false;
  if (!committedInTerm(state, role) || role.transfer !== null || role.timeoutNowSent) return false;
  const sentAtOf = (id: NodeId): number => {
    if (id === state.id) return now;
    const progress = role.peers.get(id);
    const counts = progress !== undefined && !progress.recovering;
    return counts ? progress.sentAtEchoMs : Number.NEGATIVE_INFINITY;
  };
  const start = quorumValue(state.config, sentAtOf);
  return now < start + LEASE_SHARE * settings.electionTimeoutMs;
}
