import type { NodeId } from '../base/ids.ts';
import { committedInTerm } from './commit.ts';
import type { Index } from './entry.ts';
import type { ReadReply, ReadRequest } from './message.ts';
import { hasQuorum, quorumValue } from './quorum.ts';
import type { RemoteRead, Round } from './read-rounds.ts';
import { sendHeartbeats } from './sending.ts';
import type { Leader, State } from './state.ts';

// ReadIndex (thesis 6.4): a read may be served at the commit index of a leader that was still the
// leader after the read was asked for. That is shown by a quorum answering a message that was sent
// after it: messages carry the number of the latest round of reads and answers echo it. An answer
// that merely *arrived* after the read may belong to an older message and shows nothing.

/** Registers a read of this node, in any role. */
export function registerRead(state: State, context: number): void {
  const { role } = state;
  if (role.kind === 'leader') role.reads.add(context);
  else state.followerReads.add(context);
}

/** A follower asks; whoever is not the leader sends it away. */
export function onReadRequest(state: State, message: ReadRequest): void {
  const { from, requestId } = message;
  if (state.role.kind === 'leader') state.role.reads.addRemote({ from, requestId });
  else state.outbox.answerRead({ to: from, requestId, index: null });
}

/** The leader's answer; what it answers was forgotten if the leader changed in between. */
export function onReadReply(state: State, message: ReadReply): void {
  const contexts = state.followerReads.answered(message.requestId);
  if (message.index === null) state.outbox.failReads(contexts);
  else for (const context of contexts) state.outbox.confirmRead(context, message.index);
}

/** Starts a round for what waits, unless one is under way: its answer will start the next. */
export function driveReads(state: State, leader: Leader): void {
  const { reads } = leader;
  if (reads.waiting && committedInTerm(state, leader)) {
    settleByRequest(state, leader);
    if (reads.waiting && reads.rounds.length === 0) {
      reads.start(++state.readSequence, state.commit);
      sendHeartbeats(state, leader, 'voters');
    }
  }
  // Not only when somebody answers: an only voter, or one that just became it, needs no answer.
  confirmReads(state, leader);
}

/** A heartbeat is due anyway: let it confirm what waits, even if the round before it got lost. */
export function joinHeartbeat(state: State, leader: Leader): void {
  if (!leader.reads.waiting || !committedInTerm(state, leader)) return;
  leader.reads.start(++state.readSequence, state.commit);
}

/** Answers the reads of every round that a quorum has confirmed. */
export function confirmReads(state: State, leader: Leader): void {
  const { reads } = leader;
  if (reads.rounds.length === 0) return;
  const confirmed = quorumValue(state.config, (id) => echoOf(state, leader, id));
  for (const round of reads.rounds) {
    if (round.sequence <= confirmed) finish(state, leader, round);
    else finishRemotes(state, leader, round);
  }
  reads.rounds = reads.rounds.filter((round) => round.sequence > confirmed);
}

/** Asks the leader about this node's own reads, or fails them when there is none. */
export function askLeader(state: State): void {
  if (state.leader === null) {
    state.outbox.failReads(state.followerReads.takeAll());
    return;
  }
  const requestId = state.followerReads.request(state.now);
  if (requestId === null) return;
  const { id: from, leader: to, term } = state;
  state.outbox.send({ kind: 'read-request', from, to, term, requestId });
}

/** Puts the answers to followers behind the messages that tell them the commit index. */
export function sendReadAnswers(state: State): void {
  for (const { to, requestId, index } of state.outbox.takeReadAnswers()) {
    const { id: from, term } = state;
    state.outbox.send({ kind: 'read-reply', from, to, term, requestId, index });
  }
}

/**
 * The request of a follower is itself that follower's confirmation, for this read only: it was in
 * our term when it sent it, after its read began, and we still are. A leader elected before the
 * read began would have had one of us two vote for it. In a group of three that settles it.
 */
function settleByRequest(state: State, leader: Leader): void {
  leader.reads.settleRemotes((remote) => {
    const settled = isConfirmedBy(state, leader, { remote, sequence: Number.POSITIVE_INFINITY });
    if (settled) answer(state, leader, remote, state.commit);
    return settled;
  });
}

function finish(state: State, leader: Leader, round: Round): void {
  for (const context of round.contexts) state.outbox.confirmRead(context, round.index);
  for (const remote of round.remotes) answer(state, leader, remote, round.index);
}

/** A remote read needs one confirmation less than the round it is in. */
function finishRemotes(state: State, leader: Leader, round: Round): void {
  if (round.remotes.length === 0) return;
  const { sequence, index } = round;
  round.remotes = round.remotes.filter((remote) => {
    const confirmed = isConfirmedBy(state, leader, { remote, sequence });
    if (confirmed) answer(state, leader, remote, index);
    return !confirmed;
  });
}

function isConfirmedBy(
  state: State,
  leader: Leader,
  by: { readonly remote: RemoteRead; readonly sequence: number },
): boolean {
  return hasQuorum(state.config, (id) => {
    if (id === by.remote.from) return leader.peers.get(id)?.recovering === false;
    return id === state.id || echoOf(state, leader, id) >= by.sequence;
  });
}

function answer(state: State, leader: Leader, remote: RemoteRead, index: Index): void {
  const progress = leader.peers.get(remote.from);
  if (progress !== undefined) progress.noticeNow = true;
  state.outbox.answerRead({ to: remote.from, requestId: remote.requestId, index });
}

/** The latest round a voter has confirmed; only voters are asked for. */
function echoOf(state: State, leader: Leader, id: NodeId): number {
  if (id === state.id) return state.readSequence;
  const progress = leader.peers.get(id);
  return progress === undefined || progress.recovering ? 0 : progress.readEcho;
}
