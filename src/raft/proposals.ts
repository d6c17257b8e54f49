import { assert } from '../base/assert.ts';
import type { NodeId } from '../base/ids.ts';
import { committedInTerm, maybeCommit } from './commit.ts';
import { changeConfig } from './config-change.ts';
import type { ConfigChange } from './config.ts';
import type { Index, Term } from './entry.ts';
import { syncPeers } from './membership.ts';
import { appendCommands, appendConfig } from './own-entries.ts';
import { isJoint, participants } from './quorum.ts';
import type { Leader, State } from './state.ts';

/**
 * The entries are in the leader's log from `first` on. That is not success: they are committed
 * when an entry of `term` is applied at their index, known not to have happened when another term
 * is there, and unknown while neither is.
 */
export interface Accepted {
  readonly ok: true;
  readonly first: Index;
  readonly term: Term;
}

/** Nothing was done; `leader` is whom to ask instead, as far as known. */
export interface Refused<Reason> {
  readonly ok: false;
  readonly reason: Reason;
  readonly leader: NodeId | null;
}

/** Why a node takes no proposals now. */
export type RefusalReason = 'not-leader' | 'transferring' | 'overloaded' | 'removed';

/** What came of a proposal. */
export type Proposal = Accepted | Refused<RefusalReason>;

/** What came of a change of membership; `detail` says why an invalid one is, else it is empty. */
export type ConfigProposal =
  | Accepted
  | (Refused<RefusalReason | 'pending' | 'not-ready' | 'invalid'> & { readonly detail: string });

/** Appends commands of clients, all or none. */
export function propose(state: State, payloads: readonly Uint8Array[]): Proposal {
  assert(payloads.length > 0, () => 'A proposal without entries');
  const leader = office(state);
  if (typeof leader === 'string') return { ok: false, reason: leader, leader: state.leader };
  const uncommitted = state.log.bytes(state.commit, state.log.last);
  if (uncommitted > state.settings.uncommittedBytesMax) {
    return { ok: false, reason: 'overloaded', leader: state.leader };
  }
  return { ok: true, first: appendCommands(state, payloads), term: state.term };
}

/**
 * Appends a change of membership, one at a time. Not before an entry of this term is committed:
 * two leaders that each derive a configuration from the same committed one, without knowing of
 * each other's, could end with majorities that do not overlap (Ongaro, raft-dev 2015).
 */
export function proposeConfig(state: State, change: ConfigChange): ConfigProposal {
  const { leader: known } = state;
  const leader = office(state);
  if (typeof leader === 'string') return { ok: false, reason: leader, leader: known, detail: '' };
  if (!committedInTerm(state, leader)) {
    return { ok: false, reason: 'not-ready', leader: known, detail: '' };
  }
  if (state.configPending || isJoint(state.config)) {
    return { ok: false, reason: 'pending', leader: known, detail: '' };
  }
  const outcome = changeConfig(state.config, change);
  if (!outcome.ok) return { ok: false, reason: 'invalid', leader: known, detail: outcome.text };
  const first = appendConfig(state, outcome.config);
  syncPeers(state, leader);
  // With fewer voters, what is in the log already may have its majority now.
  maybeCommit(state, leader);
  return { ok: true, first, term: state.term };
}

/** The leader's state while it takes proposals, or why it does not. */
function office(state: State): Leader | RefusalReason {
  const { role } = state;
  if (role.kind !== 'leader') return isRemoved(state) ? 'removed' : 'not-leader';
  if (role.transfer !== null) return 'transferring';
  // On its way out it only brings what it has begun to an end (thesis 4.2.2).
  return state.isVoter ? role : 'removed';
}

/** Whether the group has members, and this node is none of them. */
function isRemoved({ config, id }: State): boolean {
  return config.voters.length > 0 && !participants(config).has(id);
}
