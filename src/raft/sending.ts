import type { Index } from './entry.ts';
import type { Progress } from './progress.ts';
import { isVoter } from './quorum.ts';
import type { Leader, State } from './state.ts';

/** Sends every peer what it may get now: entries within the window, and the commit index. */
export function sendAppends(state: State, leader: Leader): void {
  const { noticeDueMs } = leader;
  const due =
    leader.leaving ||
    state.settings.commitNoticeDelayMs === 0 ||
    (noticeDueMs !== null && noticeDueMs <= state.now);
  let untold = false;
  for (const progress of leader.peers.values()) {
    sendEntries(state, progress);
    if (progress.state === 'replicate') {
      const notice = due || progress.noticeNow;
      if (progress.verifyDue || (notice && isUntold(state, progress))) {
        sendAppend(state, progress, progress.next - 1);
      }
    }
    progress.noticeNow = false;
    untold ||= isUntold(state, progress);
  }
  if (!untold) leader.noticeDueMs = null;
  else if (due || noticeDueMs === null) {
    leader.noticeDueMs = state.now + state.settings.commitNoticeDelayMs;
  }
}

/** Tells peers that there is a leader, what is committed, and asks them to confirm that. */
export function sendHeartbeats(state: State, leader: Leader, who: 'all' | 'voters'): void {
  for (const progress of leader.peers.values()) {
    if (who === 'voters' && !isVoter(state.config, progress.id)) continue;
    // Beyond `match` the peer may hold something else: a heartbeat verifies nothing.
    const commit = Math.min(progress.match, state.commit);
    progress.toldCommit = Math.max(progress.toldCommit, commit);
    state.outbox.send({
      kind: 'heartbeat',
      from: state.id,
      to: progress.id,
      term: state.term,
      commit,
      readSequence: state.readSequence,
      sentAtMs: state.now,
    });
  }
}

function sendEntries(state: State, progress: Progress): void {
  const { settings, log } = state;
  const { inflight } = progress;
  if (progress.mayProbe) {
    sendAppend(state, progress, throughOf(state, progress.next - 1));
    return;
  }
  while (
    progress.state === 'replicate' &&
    progress.next <= log.last &&
    inflight.count < settings.windowMessages &&
    inflight.bytes < settings.windowBytes
  ) {
    sendAppend(state, progress, throughOf(state, progress.next - 1));
  }
}

/** How far one append after `after` reaches. */
function throughOf(state: State, after: Index): Index {
  const { log, settings } = state;
  if (after >= log.last || after < log.start.index) return after;
  return log.throughWithin(after, settings.appendBytesMax);
}

function sendAppend(state: State, progress: Progress, through: Index): void {
  const { log } = state;
  const after = progress.next - 1;
  const term = log.term(after);
  if (term === null) {
    progress.becomeSnapshot(log.start);
    state.outbox.requestSnapshot({ to: progress.id, minimum: log.start });
    return;
  }
  state.outbox.send({
    kind: 'append',
    from: state.id,
    to: progress.id,
    term: state.term,
    previous: { index: after, term },
    entries: log.entries(after, through),
    commit: state.commit,
    readSequence: state.readSequence,
    sentAtMs: state.now,
  });
  progress.verifyDue = false;
  progress.toldCommit = Math.max(progress.toldCommit, Math.min(state.commit, through));
  progress.sent(through, log.bytes(after, through));
}

/** Whether a peer could use a higher commit index than it was told. */
function isUntold(state: State, progress: Progress): boolean {
  return (
    progress.state === 'replicate' &&
    progress.toldCommit < Math.min(state.commit, progress.next - 1)
  );
}
