import { assert, must } from '../base/assert.ts';
import type { NodeId } from '../base/ids.ts';
import { commitTo } from './commit.ts';
import type { SnapshotMark } from './effects.ts';
import type { Index } from './entry.ts';
import { trust } from './recovery.ts';
import { becomeFollower } from './roles.ts';
import type { State } from './state.ts';

/**
 * A verified, durable machine state arrived. Installed when it is ahead of us and the log does not
 * lead there: then the log, which may conflict, goes whole. Returns whether the driver must put it
 * in place of the machine's state.
 */
export function receiveSnapshot(state: State, mark: SnapshotMark): boolean {
  const { index, term } = mark;
  // It came out of band, maybe ahead of any message of that term. The hard state must not be behind
  // the log.
  if (term > state.term) becomeFollower(state, term, null);
  const install = index > state.commit && state.role.kind !== 'leader';
  const known = install && index <= state.trusted && state.log.matches({ index, term });
  if (known) commitTo(state, index);
  if (install && !known) {
    if (state.role.kind !== 'follower') becomeFollower(state, state.term, null);
    state.log.reset({ index, term });
    state.configs.reset(mark);
    state.writes.installed(mark);
    state.commit = index;
    state.applying = index;
    state.applied = index;
    state.recoveredTicket = null;
    trust(state, index);
  }
  tellLeader(state);
  return install && !known;
}

/** The state of a stream to a peer: done, or given up. */
export function snapshotStatus(state: State, peer: NodeId, ok: boolean): void {
  if (state.role.kind !== 'leader') return;
  const progress = state.role.peers.get(peer);
  if (progress === undefined || progress.state !== 'snapshot') return;
  progress.becomeProbe(ok ? progress.snapshotIndex + 1 : progress.match + 1);
  // After a failure the next try waits until the peer answers a heartbeat.
  if (!ok) progress.pauseProbe();
}

/** The machine's state up to `index` is durable: the log need not hold that any more. */
export function compact(state: State, index: Index): void {
  assert(index <= state.applied, () => `Cannot compact to ${index}: applied is ${state.applied}`);
  // A machine that is ahead of a log with losses covers it, but cannot say with what term.
  if (index <= state.log.start.index || index > Math.min(state.log.last, state.trusted)) return;
  const term = must(state.log.term(index), () => `No term at ${index}`);
  state.log.compact(index);
  const config = state.configs.compacted(index);
  state.writes.compacted({ index, term, config });
}

/** Acknowledges by itself what a snapshot brought: no append did. */
function tellLeader(state: State): void {
  if (state.leader === null || state.role.kind !== 'follower') return;
  const { commit: index, id: from, leader: to, term, recovering } = state;
  const ticket = Math.max(state.writes.hardStateTicket, state.writes.ticketOf(index));
  state.outbox.sendAfter(ticket, {
    kind: 'append-reply',
    from,
    to,
    term,
    index,
    hint: null,
    recovering,
    readSequence: 0,
    sentAtMs: 0,
  });
}
