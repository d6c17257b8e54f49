import { decodeConfig } from './config-codec.ts';
import type { Position } from './entry.ts';
import type { Append, AppendReply, Message } from './message.ts';

/** Terms have four bytes in the journal; an election a millisecond takes 49 days to get there. */
const TERM_MAX = 0xffffffff;

/**
 * Why a message cannot have been sent by a correct core of this group; null when it can. Numbers
 * that are none would poison comparisons, so they are looked at even behind a strict decoder.
 */
export function impossible(message: Message): string | null {
  if (!isTerm(message.term)) return `A ${message.kind} of term ${message.term}`;
  if (message.kind === 'append') return impossibleAppend(message);
  return hasCounts(message) ? null : `A ${message.kind} with an impossible number`;
}

function hasCounts(message: Exclude<Message, Append>): boolean {
  switch (message.kind) {
    case 'pre-vote':
    case 'vote':
      return isPosition(message.last);
    case 'pre-vote-reply':
    case 'vote-reply':
      return true;
    case 'append-reply':
      return isAppendReply(message);
    case 'heartbeat':
      return isCount(message.commit) && isEcho(message);
    case 'heartbeat-reply':
      return isEcho(message);
    case 'timeout-now':
      return isCount(message.lastIndex);
    case 'read-request':
      return isCount(message.requestId);
    case 'read-reply':
      return isCount(message.requestId) && (message.index === null || isCount(message.index));
  }
}

/** Entries must follow `previous` one by one, in terms that do not decrease up to the leader's. */
function impossibleAppend(message: Append): string | null {
  const { previous, entries, term } = message;
  if (!isPosition(previous) || !isCount(message.commit) || !isEcho(message)) {
    return 'An append with an impossible number';
  }
  let { index: lastIndex, term: lastTerm } = previous;
  for (const entry of entries) {
    if (entry.index !== lastIndex + 1 || !(entry.term >= lastTerm)) {
      return `Entry ${entry.index} of term ${entry.term} after ${lastIndex} of term ${lastTerm}`;
    }
    if (entry.kind === 'config' && decodeConfig(entry.data) === null) {
      return `Entry ${entry.index} holds no configuration`;
    }
    lastIndex = entry.index;
    lastTerm = entry.term;
  }
  return lastTerm > term ? `Entries of term ${lastTerm} from a leader of term ${term}` : null;
}

function isAppendReply(message: AppendReply): boolean {
  const { index, hint } = message;
  return isCount(index) && (hint === null || isPosition(hint)) && isEcho(message);
}

function isPosition({ index, term }: Position): boolean {
  return isCount(index) && isTerm(term);
}

function isEcho(echo: { readonly readSequence: number; readonly sentAtMs: number }): boolean {
  return isCount(echo.readSequence) && Number.isFinite(echo.sentAtMs);
}

/** A term must fit what is written down of it: adopting a larger one would end the process. */
function isTerm(value: number): boolean {
  return isCount(value) && value <= TERM_MAX;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
