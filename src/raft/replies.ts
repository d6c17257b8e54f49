import { maybeCommit } from './commit.ts';
import { dropRemoved } from './membership.ts';
import type { AppendReply, HeartbeatReply } from './message.ts';
import type { Progress } from './progress.ts';
import { confirmReads } from './reads.ts';
import type { Leader, State } from './state.ts';

/** A peer answers an append: it has everything up to an index, or lacks what came before. */
export function onAppendReply(state: State, leader: Leader, message: AppendReply): void {
  const progress = leader.peers.get(message.from);
  if (progress === undefined) return;
  const { index, hint } = message;
  // The beginning is never refused: this only told a term we have meanwhile reached.
  if (hint !== null && index === 0) return;
  if (hint === null && index > state.log.last) {
    const reason = `${message.from} acknowledges ${index}, the log ends at ${state.log.last}`;
    state.outbox.protocolError(message.from, reason);
    return;
  }
  noteAnswer(state, progress, message);
  if (hint === null) accepted(state, progress, index);
  else if (progress.rejects(index)) {
    // Between the hint and `index` the peer holds only terms that we do not have there.
    const { start } = state.log;
    const common =
      hint.index < start.index ? hint.index : state.log.lastNotNewer(hint, start.index);
    progress.becomeProbe(Math.min(index, common + 1));
  }
  maybeCommit(state, leader);
  confirmReads(state, leader);
  dropRemoved(state, leader, false);
}

/** A peer is there, and still thinks that we lead. */
export function onHeartbeatReply(state: State, leader: Leader, message: HeartbeatReply): void {
  const progress = leader.peers.get(message.from);
  if (progress === undefined) return;
  noteAnswer(state, progress, message);
  progress.heartbeatAnswered();
  maybeCommit(state, leader);
  confirmReads(state, leader);
}

function noteAnswer(state: State, progress: Progress, answer: AppendReply | HeartbeatReply): void {
  progress.recentlyActive = true;
  progress.readEcho = Math.max(progress.readEcho, answer.readSequence);
  if (answer.sentAtMs > 0) {
    progress.sentAtEchoMs = Math.max(progress.sentAtEchoMs, answer.sentAtMs);
  }
  // It lost entries after it acknowledged them: what we knew of its log is void.
  if (answer.recovering && !progress.recovering) progress.forget(state.log.last + 1);
  progress.recovering = answer.recovering;
}

function accepted(state: State, progress: Progress, index: number): void {
  const news = progress.acknowledged(index);
  if (progress.state === 'probe' && (news || index === progress.match)) {
    progress.becomeReplicate();
  } else if (progress.state === 'snapshot') {
    if (progress.match >= state.log.start.index) progress.becomeReplicate();
    // It has the state it was sent, and the log moved on meanwhile: it needs a newer one.
    else if (progress.match >= progress.snapshotIndex) progress.becomeProbe(progress.match + 1);
  }
}
