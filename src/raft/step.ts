import {
  hearsLeader,
  onPreVote,
  onPreVoteReply,
  onTimeoutNow,
  onVote,
  onVoteReply,
} from './election.ts';
import { acceptLeader, onAppend, onHeartbeat, tellTerm } from './following.ts';
import type { Message } from './message.ts';
import { onReadReply, onReadRequest } from './reads.ts';
import { onAppendReply, onHeartbeatReply } from './replies.ts';
import { becomeFollower } from './roles.ts';
import type { State } from './state.ts';
import { impossible } from './validate.ts';

/** Takes in a message. Whatever it says, this does not throw. */
export function step(state: State, message: Message, now: number): void {
  state.now = Math.max(state.now, now);
  if (message.to !== state.id || message.from === state.id) {
    const reason = `A ${message.kind} from ${message.from} to ${message.to} came to ${state.id}`;
    state.outbox.protocolError(message.from, reason);
    return;
  }
  const reason = impossible(message);
  if (reason !== null) {
    state.outbox.protocolError(message.from, reason);
    return;
  }
  if (message.term < state.term) stepOlder(state, message);
  else if (message.term === state.term || stepNewer(state, message)) dispatch(state, message);
}

/** A newer term; returns whether the message is for us still. */
function stepNewer(state: State, message: Message): boolean {
  switch (message.kind) {
    case 'pre-vote':
      return !hearsLeader(state, message.from);
    case 'pre-vote-reply':
      // A grant names the term asked for, which nobody has entered yet.
      if (!message.granted) becomeFollower(state, message.term, null);
      return true;
    case 'vote':
      if (!message.transfer && hearsLeader(state, message.from)) return false;
      becomeFollower(state, message.term, null);
      return true;
    case 'timeout-now':
      return false;
    case 'append':
    case 'heartbeat':
      becomeFollower(state, message.term, message.from);
      return true;
    case 'vote-reply':
    case 'append-reply':
    case 'heartbeat-reply':
    case 'read-request':
    case 'read-reply':
      becomeFollower(state, message.term, null);
      return true;
  }
}

/**
 * An older term. Who would wait for us in vain is told ours: an isolated leader and a node with a
 * higher term find each other that way; without an answer to its pre-vote, a node with a lower term
 * and the longer log could block everyone for good.
 */
function stepOlder(state: State, message: Message): void {
  const { id: from, term } = state;
  switch (message.kind) {
    case 'append':
    case 'heartbeat':
      tellTerm(state, message);
      return;
    case 'pre-vote':
      state.outbox.send({ kind: 'pre-vote-reply', from, to: message.from, term, granted: false });
      return;
    case 'read-request':
      state.outbox.answerRead({ to: message.from, requestId: message.requestId, index: null });
      return;
    default:
  }
}

function dispatch(state: State, message: Message): void {
  const { role } = state;
  switch (message.kind) {
    case 'pre-vote':
      return onPreVote(state, message);
    case 'pre-vote-reply':
      return onPreVoteReply(state, message);
    case 'vote':
      return onVote(state, message);
    case 'vote-reply':
      return onVoteReply(state, message);
    case 'append':
      return acceptLeader(state, message) ? onAppend(state, message) : undefined;
    case 'heartbeat':
      return acceptLeader(state, message) ? onHeartbeat(state, message) : undefined;
    case 'append-reply':
      return role.kind === 'leader' ? onAppendReply(state, role, message) : undefined;
    case 'heartbeat-reply':
      return role.kind === 'leader' ? onHeartbeatReply(state, role, message) : undefined;
    case 'timeout-now':
      return onTimeoutNow(state, message);
    case 'read-request':
      return onReadRequest(state, message);
    case 'read-reply':
      return onReadReply(state, message);
  }
}
