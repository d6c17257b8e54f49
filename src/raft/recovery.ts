import type { Index } from './entry.ts';
import type { Append } from './message.ts';
import { becomeFollower } from './roles.ts';
import type { State } from './state.ts';

// Recovering mode: this node may have lost entries it acknowledged. It must not help to elect a
// leader that lacks them, so it neither votes nor stands, and its acknowledgements do not count.
//
// What it lost may also have replaced entries that it still has: then a newer entry behind them
// would vouch for entries that no leader has, because Log Matching (Raft 5.3) holds for whole logs
// only. So a leader's log is compared anew from `trusted` on, entry by entry, without a gap.

/** Something shows that acknowledged entries are missing. */
export function enterRecovering(state: State): void {
  state.recoveredTicket = null;
  if (state.recovering) return;
  state.recovering = true;
  state.trusted = state.commit;
  if (state.role.kind !== 'follower') becomeFollower(state, state.term, null);
}

/** The log is the leader's up to `verified`: the next append may follow there. */
export function trust(state: State, verified: Index): void {
  if (state.recovering) state.trusted = Math.max(state.trusted, verified);
}

/**
 * An append made our log equal to the leader's up to `verified`. When that reaches the leader's
 * commit index, and the entry there is of the leader's own term, we have everything that was ever
 * committed: the leader was elected without our vote, so it holds whatever was committed with or
 * without our help. It ends when these entries are durable.
 */
export function considerRecovered(state: State, message: Append, verified: Index): void {
  if (!state.recovering || state.recoveredTicket !== null) return;
  if (verified < message.commit || state.log.term(message.commit) !== message.term) return;
  state.recoveredTicket = Math.max(state.writes.ticketOf(verified), state.writes.hardStateTicket);
  finishRecovery(state);
}

/** Leaves the mode if what it waits for is durable. */
export function finishRecovery(state: State): void {
  if (state.recoveredTicket === null || state.recoveredTicket > state.writes.done) return;
  state.recovering = false;
  state.recoveredTicket = null;
  state.trusted = Number.POSITIVE_INFINITY;
}
