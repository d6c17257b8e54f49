import { decodeConfig } from './config-codec.ts';
import type { Append, Message } from './message.ts';

/**
 * Why a message cannot have been sent by a correct core of this group; null when it can. The peer
 * room checked types and bounds of every field; this is about what only the protocol knows.
 */
export function impossible(message: Message): string | null {
  if (!Number.isSafeInteger(message.term) || message.term < 0) {
    return `A ${message.kind} of term ${message.term}`;
  }
  return message.kind === 'append' ? impossibleAppend(message) : null;
}

/** Entries must follow `previous` one by one, in terms that do not decrease up to the leader's. */
function impossibleAppend({ previous, entries, term }: Append): string | null {
  let { index: lastIndex, term: lastTerm } = previous;
  if (lastIndex < 0 || lastTerm < 0) return `An append after ${lastIndex} of term ${lastTerm}`;
  for (const entry of entries) {
    if (entry.index !== lastIndex + 1 || entry.term < lastTerm) {
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
