import { commitTo } from './commit.ts';
import { calmTimer } from './election-timer.ts';
import type { Entry, Index, Position } from './entry.ts';
import type { Append, Heartbeat } from './message.ts';
import { considerRecovered, enterRecovering, trust } from './recovery.ts';
import { becomeFollower } from './roles.ts';
import type { State } from './state.ts';

/**
 * Whether the sender may lead our term; if so, it is followed from now on. Two leaders of one term
 * cannot be (Election Safety), so the second one is a fault of the other side.
 */
export function acceptLeader(state: State, message: Append | Heartbeat): boolean {
  const { from, term } = message;
  if (state.leader !== null && state.leader !== from) {
    const reason = `${from} and ${state.leader} both lead term ${term}`;
    state.outbox.protocolError(from, reason);
    return false;
  }
  if (state.leader === null || state.role.kind !== 'follower') becomeFollower(state, term, from);
  state.contact.heardMs = state.now;
  state.contact.heardFrom = from;
  state.contact.lost = false;
  calmTimer(state);
  return true;
}

/** Replication (Raft §5.3): accept what fits, refuse with a hint what does not. */
export function onAppend(state: State, message: Append): void {
  const { previous, entries } = message;
  if (previous.index > state.trusted) {
    const index = state.trusted;
    const hint = { index, term: state.log.term(index) ?? 0 };
    reply(state, message, { index: previous.index, hint });
    return;
  }
  const committed = previous.index < state.commit;
  if (!committed && !state.log.matches(previous)) {
    refuse(state, message);
    return;
  }
  const contradiction = committed ? contradicts(state, message) : null;
  if (contradiction !== null) {
    state.outbox.protocolError(message.from, contradiction);
    return;
  }
  store(state, entries);
  // What is committed is equal in all logs (Leader Completeness), so an older message verifies at
  // least that. Beyond it, only what this very message carried.
  const verified = Math.max(state.commit, previous.index + entries.length);
  commitTo(state, Math.max(state.commit, Math.min(message.commit, verified)));
  trust(state, verified);
  considerRecovered(state, message, verified);
  reply(state, message, { index: verified, hint: null });
}

/** A leader is there. Its commit index is one we acknowledged, or we lost entries since. */
export function onHeartbeat(state: State, message: Heartbeat): void {
  if (message.commit > state.log.last) enterRecovering(state);
  else commitTo(state, Math.min(message.commit, state.trusted));
  state.outbox.send({
    kind: 'heartbeat-reply',
    from: state.id,
    to: message.from,
    term: state.term,
    recovering: state.recovering,
    readSequence: message.readSequence,
    sentAtMs: message.sentAtMs,
  });
}

/**
 * Tells a leader of an earlier term what term it is, by refusing what can never be refused: the
 * beginning. It echoes nothing, as numbers of an earlier term may mean something else by now.
 */
export function tellTerm(state: State, message: Append | Heartbeat): void {
  state.outbox.sendAfter(state.writes.hardStateTicket, {
    kind: 'append-reply',
    from: state.id,
    to: message.from,
    term: state.term,
    index: 0,
    hint: { index: 0, term: 0 },
    recovering: state.recovering,
    readSequence: 0,
    sentAtMs: 0,
  });
}

/**
 * Appends what is new. Truncates only at a real conflict: a delayed, shorter append must not take
 * away entries that were acknowledged since (openraft lost a committed entry that way).
 */
function store(state: State, entries: readonly Entry[]): void {
  const { log } = state;
  const first = entries[0];
  if (first === undefined) return;
  let at = Math.max(0, state.commit + 1 - first.index);
  while (at < entries.length && log.term(first.index + at) === entries[at]?.term) at++;
  if (at >= entries.length) return;
  const index = first.index + at;
  if (index <= log.last) {
    log.truncate(index);
    state.configs.truncated(index);
  }
  log.append(entries, at);
  state.configs.appended(entries, at);
  state.writes.entriesChanged(index);
}

function refuse(state: State, message: Append): void {
  const { previous } = message;
  if (previous.index === state.commit) {
    const reason = `Entry ${previous.index} is committed, and is another one at ${message.from}`;
    state.outbox.protocolError(message.from, reason);
    return;
  }
  const index = Math.max(state.log.lastNotNewer(previous, state.commit), state.commit);
  const term = state.log.term(index) ?? 0;
  reply(state, message, { index: previous.index, hint: { index, term } });
}

/** Why an append below our commit index cannot be from a legitimate leader; null when it can. */
function contradicts(state: State, { previous, entries, from }: Append): string | null {
  const end = Math.min(state.commit, previous.index + entries.length);
  const theirs = entries[end - previous.index - 1];
  const ours = state.log.term(end);
  if (theirs === undefined || ours === null || theirs.term === ours) return null;
  return `Entry ${end} is committed, and is another one at ${from}`;
}

/** Promises that we have what we say: leaves when that, and the term, are durable. */
function reply(
  state: State,
  message: Append,
  content: { readonly index: Index; readonly hint: Position | null },
): void {
  const { hardStateTicket } = state.writes;
  const ticket =
    content.hint === null
      ? Math.max(hardStateTicket, state.writes.ticketOf(content.index))
      : hardStateTicket;
  state.outbox.sendAfter(ticket, {
    kind: 'append-reply',
    from: state.id,
    to: message.from,
    term: state.term,
    ...content,
    recovering: state.recovering,
    readSequence: message.readSequence,
    sentAtMs: message.sentAtMs,
  });
}
