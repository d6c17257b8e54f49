import { hurryTimer } from './election-timer.ts';
import { onElectionTimeout } from './election.ts';
import { dropRemoved } from './membership.ts';
import { hasQuorum } from './quorum.ts';
import { joinHeartbeat } from './reads.ts';
import { becomeFollower } from './roles.ts';
import { sendHeartbeats } from './sending.ts';
import type { Leader, State } from './state.ts';
import { checkTransfer } from './transfer.ts';

/** Time passed. */
export function tick(state: State, now: number): void {
  state.now = Math.max(state.now, now);
  const late = state.now - state.lastTickMs > state.settings.heartbeatIntervalMs;
  state.lastTickMs = state.now;
  if (state.timer.failoverArmed) hurryTimer(state);
  judge(state, late);
  if (state.role.kind === 'leader') tickLeader(state, state.role);
  else expireReads(state);
}

/** The time at which the next tick has something to do. */
export function deadline(state: State): number {
  const { role, timer } = state;
  if (state.judgementDeferred || timer.failoverArmed) return state.lastTickMs;
  if (role.kind === 'leader') {
    return Math.min(
      role.heartbeatDueMs,
      role.quorumDueMs,
      role.noticeDueMs ?? Number.POSITIVE_INFINITY,
      role.transfer?.abortAtMs ?? Number.POSITIVE_INFINITY,
    );
  }
  const asked = state.followerReads.oldestSentAtMs ?? Number.POSITIVE_INFINITY;
  return Math.min(timer.dueMs, asked + state.settings.electionTimeoutMs);
}

function tickLeader(state: State, leader: Leader): void {
  checkTransfer(state, leader);
  if (state.now < leader.heartbeatDueMs) return;
  leader.heartbeatDueMs = state.now + state.settings.heartbeatIntervalMs;
  joinHeartbeat(state, leader);
  sendHeartbeats(state, leader, 'all');
}

/**
 * Judges silence: a follower its leader's, a leader its followers'. But after a stall of this very
 * process (a blocked loop, a paused machine) timers fire before the messages that piled up are
 * read, and the silence is our own. So a tick that comes late judges nothing: it asks to be called
 * again after one poll. At most once in a row, or a driver that ticks slowly would never judge.
 */
function judge(state: State, late: boolean): void {
  const { role, timer } = state;
  const due = role.kind === 'leader' ? role.quorumDueMs : timer.dueMs;
  if (state.now < due) {
    state.judgementDeferred = false;
    return;
  }
  if (late && !state.judgementDeferred) {
    state.judgementDeferred = true;
    return;
  }
  state.judgementDeferred = false;
  if (role.kind === 'leader') checkQuorum(state, role);
  else onElectionTimeout(state);
}

/** A leader that hears no quorum leads nobody: its clients should look elsewhere (thesis 6.2). */
function checkQuorum(state: State, leader: Leader): void {
  leader.quorumDueMs = state.now + state.settings.electionTimeoutMs;
  const heard = hasQuorum(
    state.config,
    (id) => id === state.id || leader.peers.get(id)?.recentlyActive === true,
  );
  if (!heard) {
    becomeFollower(state, state.term, null);
    return;
  }
  dropRemoved(state, leader, true);
  for (const progress of leader.peers.values()) progress.quorumChecked();
}

/** The request or its answer got lost, as messages may. */
function expireReads(state: State): void {
  const { electionTimeoutMs } = state.settings;
  state.outbox.failReads(state.followerReads.expired(state.now, electionTimeoutMs));
}
