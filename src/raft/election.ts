import type { NodeId } from '../base/ids.ts';
import { redrawTimer, restartTimer, yieldTimer } from './election-timer.ts';
import type { Position } from './entry.ts';
import type { PreVote, PreVoteReply, TimeoutNow, Vote, VoteReply } from './message.ts';
import { participants, isVoter, voteResult } from './quorum.ts';
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomePreCandidate,
  castVote,
} from './roles.ts';
import type { State } from './state.ts';

/** The leader was silent for too long: stand, or at least forget it. */
export function onElectionTimeout(state: State): void {
  if (state.promotable) campaign(state);
  else if (state.leader !== null) becomeFollower(state, state.term, null);
  else redrawTimer(state);
}

/** Asks everyone whether they would vote for us, in a term that is not entered yet. */
export function campaign(state: State): void {
  if (state.timer.failoverCampaigns !== null) state.timer.failoverCampaigns++;
  becomePreCandidate(state);
  const last = state.log.lastPosition;
  for (const to of otherVoters(state)) {
    const { id: from } = state;
    state.outbox.send({ kind: 'pre-vote', from, to, term: state.term + 1, last });
  }
  countPreVotes(state);
}

/**
 * Whether a leader is heard, so that nobody else needs a vote (thesis 4.2.3). Not when that leader
 * is the one who asks: it knows best that it leads no more (hashicorp/raft #605).
 */
export function hearsLeader(state: State, asking: NodeId): boolean {
  if (state.role.kind === 'leader') return true;
  const { contact, settings } = state;
  if (state.now - contact.heardMs >= settings.electionTimeoutMs) return false;
  // A lease counts on this promise whatever else happened since, a restart included.
  if (settings.leases) return contact.heardFrom !== asking;
  return state.leader !== null && state.leader !== asking && !contact.lost;
}

/** Would we vote for the sender? Promises nothing, so it needs nothing durable. */
export function onPreVote(state: State, message: PreVote): void {
  const { from: to, term } = message;
  const granted = mayVote(state, message, term > state.term);
  if (granted) yieldTimer(state);
  // A grant names the term it is for, a refusal ours: the sender may be behind.
  const replyTerm = granted ? term : state.term;
  state.outbox.send({ kind: 'pre-vote-reply', from: state.id, to, term: replyTerm, granted });
}

/** A vote, at most one in a term, for a log at least as complete as ours (Raft §5.2, §5.4.1). */
export function onVote(state: State, message: Vote): void {
  const { from: to } = message;
  const granted = mayVote(state, message, false);
  if (granted) {
    castVote(state, to);
    restartTimer(state);
  }
  const { term, id: from } = state;
  const reply: VoteReply = { kind: 'vote-reply', from, to, term, granted };
  state.outbox.sendAfter(state.writes.hardStateTicket, reply);
}

/** An answer to our question, unless we asked it of another term. */
export function onPreVoteReply(state: State, message: PreVoteReply): void {
  if (state.role.kind !== 'pre-candidate') return;
  if (message.granted !== (message.term === state.term + 1)) return;
  state.role.votes.set(message.from, message.granted);
  countPreVotes(state);
}

/** A vote, or a refusal, in our term. */
export function onVoteReply(state: State, message: VoteReply): void {
  if (state.role.kind !== 'candidate') return;
  state.role.votes.set(message.from, message.granted);
  countVotes(state);
}

/** Our vote for ourselves is a vote like any other: it counts once it is durable. */
export function countOwnVote(state: State): void {
  if (state.role.kind !== 'candidate' || state.role.ticket > state.writes.done) return;
  if (state.role.votes.has(state.id)) return;
  state.role.votes.set(state.id, true);
  countVotes(state);
}

/** The leader hands over (thesis 3.10): no pre-vote, it knows that it can be won. */
export function onTimeoutNow(state: State, message: TimeoutNow): void {
  if (state.role.kind !== 'follower' || !state.promotable) return;
  if (state.leader !== message.from && state.leader !== null) return;
  if (state.log.last < message.lastIndex) return;
  stand(state, true);
}

function countPreVotes(state: State): void {
  if (state.role.kind !== 'pre-candidate') return;
  const result = voteResult(state.config, state.role.votes);
  if (result === 'won') stand(state, false);
  else if (result === 'lost') becomeFollower(state, state.term, null);
}

function countVotes(state: State): void {
  if (state.role.kind !== 'candidate') return;
  const result = voteResult(state.config, state.role.votes);
  if (result === 'won') becomeLeader(state);
  else if (result === 'lost') becomeFollower(state, state.term, null);
}

/**
 * Enters the next term and asks for votes, once that term and every write before it are durable.
 * Otherwise a crash could bring us back without them, to ask again in the same term with a shorter
 * log; late grants of the first request would elect that log, which nobody voted for.
 */
function stand(state: State, transfer: boolean): void {
  becomeCandidate(state);
  const { term, id: from } = state;
  const last = state.log.lastPosition;
  for (const to of otherVoters(state)) {
    const vote: Vote = { kind: 'vote', from, to, term, last, transfer };
    state.outbox.sendAfter(state.writes.hardStateTicket, vote);
  }
}

function mayVote(state: State, message: PreVote | Vote, future: boolean): boolean {
  if (state.recovering) return false;
  const free =
    future ||
    state.vote === message.from ||
    (state.vote === null && (state.leader === null || state.leader === message.from));
  return free && isUpToDate(message.last, state.log.lastPosition);
}

/** Lexicographic, terms first (Raft §5.4.1). */
function isUpToDate(theirs: Position, ours: Position): boolean {
  return theirs.term > ours.term || (theirs.term === ours.term && theirs.index >= ours.index);
}

function otherVoters(state: State): NodeId[] {
  const { config, id } = state;
  return [...participants(config)].filter((voter) => voter !== id && isVoter(config, voter));
}
