import { assert } from '../base/assert.ts';
import type { NodeId } from '../base/ids.ts';
import type { Index } from './entry.ts';
import { afterConfigCommitted } from './membership.ts';
import { quorumValue } from './quorum.ts';
import type { Leader, State } from './state.ts';

/**
 * Commits what a quorum has, if it is of this term: an entry of an earlier term may be on a
 * majority and still be overwritten (Raft §5.4.2, figure 8); it commits with the first of ours.
 * The leader counts itself to where its own disk is (thesis 10.2.1), so it may commit before that.
 */
export function maybeCommit(state: State, leader: Leader): void {
  const countedOf = (id: NodeId): Index => {
    if (id === state.id) return state.writes.durable;
    return leader.peers.get(id)?.counted ?? 0;
  };
  let changed = true;
  while (changed) {
    const reached = quorumValue(state.config, countedOf);
    if (reached <= state.commit || reached < leader.firstOwn) return;
    commitTo(state, reached);
    changed = afterConfigCommitted(state, leader);
  }
}

/** Whether this leader knows everything that is committed (thesis 6.4). */
export function committedInTerm(state: State, leader: Leader): boolean {
  return state.commit >= leader.firstOwn;
}

/** The entries up to `index` are committed. */
export function commitTo(state: State, index: Index): void {
  assert(
    index <= state.log.last,
    () => `Cannot commit ${index}: the log ends at ${state.log.last}`,
  );
  state.commit = Math.max(state.commit, index);
}
