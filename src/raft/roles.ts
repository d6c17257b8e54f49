import { assert } from '../base/assert.ts';
import type { NodeId } from '../base/ids.ts';
import { redrawTimer } from './election-timer.ts';
import type { Term } from './entry.ts';
import { appendNoop } from './own-entries.ts';
import { Progress } from './progress.ts';
import { participants } from './quorum.ts';
import { ReadRounds } from './read-rounds.ts';
import type { Leader, State } from './state.ts';

/** Follows `leader`, or nobody yet, in `term`. What a leader had pending fails here. */
export function becomeFollower(state: State, term: Term, leader: NodeId | null): void {
  assert(term >= state.term, () => `Term cannot go back from ${state.term} to ${term}`);
  if (state.role.kind === 'leader') failLeaderReads(state, state.role.reads);
  if (term > state.term) enterTerm(state, term, null);
  setLeader(state, leader);
  state.role = { kind: 'follower' };
  redrawTimer(state);
}

/** Asks for permission to stand; neither term nor vote change. */
export function becomePreCandidate(state: State): void {
  assert(state.role.kind !== 'leader', () => 'A leader does not stand for election');
  assert(state.promotable, () => `${state.id} must not stand for election`);
  setLeader(state, null);
  state.role = { kind: 'pre-candidate', votes: new Map([[state.id, true]]) };
  redrawTimer(state);
}

/** Stands for election in the next term, with its own vote, which counts once it is durable. */
export function becomeCandidate(state: State): void {
  assert(state.role.kind !== 'leader', () => 'A leader does not stand for election');
  assert(state.promotable, () => `${state.id} must not stand for election`);
  enterTerm(state, state.term + 1, state.id);
  setLeader(state, null);
  const ticket = state.writes.hardStateTicket;
  state.role = { kind: 'candidate', votes: new Map(), ticket };
  redrawTimer(state);
}

/** Leads its term, starting with a no-op: everything before it commits with it. */
export function becomeLeader(state: State): void {
  assert(state.role.kind === 'candidate', () => `A ${state.role.kind} cannot become leader`);
  const { settings } = state;
  const next = state.log.last + 1;
  const peers = new Map<NodeId, Progress>();
  for (const id of participants(state.config)) {
    if (id !== state.id) peers.set(id, new Progress(id, next));
  }
  const leader: Leader = {
    kind: 'leader',
    firstOwn: next,
    peers,
    reads: new ReadRounds(),
    transfer: null,
    timeoutNowSent: false,
    heartbeatDueMs: state.now + settings.heartbeatIntervalMs,
    quorumDueMs: state.now + settings.electionTimeoutMs,
    noticeDueMs: null,
    leaving: false,
  };
  state.role = leader;
  setLeader(state, state.id);
  state.timer.failoverCampaigns = null;
  state.timer.failoverArmed = false;
  appendNoop(state);
}

/** Adopts the vote without another change; the term is ours already. */
export function castVote(state: State, candidate: NodeId): void {
  assert(
    state.vote === null || state.vote === candidate,
    () => `Term ${state.term}: cannot vote for ${candidate} after ${state.vote}`,
  );
  if (state.vote === candidate) return;
  state.vote = candidate;
  state.writes.hardStateChanged();
}

function enterTerm(state: State, term: Term, vote: NodeId | null): void {
  state.term = term;
  state.vote = vote;
  state.writes.hardStateChanged();
  state.outbox.dropDeferred();
  state.recoveredTicket = null;
  // A read this node asked for in the old term will not be answered by its leader any more.
  state.outbox.failReads(state.followerReads.takeAll());
}

function setLeader(state: State, leader: NodeId | null): void {
  if (state.leader === leader) return;
  state.leader = leader;
  state.contact.lost = false;
  state.outbox.failReads(state.followerReads.takeAll());
}

function failLeaderReads(state: State, reads: ReadRounds): void {
  state.outbox.failReads(reads.allContexts());
  for (const { from, requestId } of reads.allRemotes()) {
    state.outbox.answerRead({ to: from, requestId, index: null });
  }
}
