import type { Write } from '../../src/raft/effects.ts';
import type { Message } from '../../src/raft/message.ts';
import type { Found } from '../watch.ts';
import { type Invariant, type Restart, Violation, type WatchedNode } from '../watch.ts';

/**
 * I8: no message promises what a crash could take back, and what the journal called durable is
 * there after every crash. The second half proves the first: it asks the real recovery.
 */
export function noUndurablePromises(): Invariant {
  return {
    id: 'I8',
    onSend: (_world, node, message) => {
      const missing = missingFor(node, message);
      if (missing === null) return;
      throw new Violation(
        'I8',
        `${node.id} sends ${message.kind} of term ${message.term} to ${message.to} before ` +
          `${missing} is durable`,
      );
    },
    onRestart: (_world, node, start) => {
      // A disk that lied may be missing anything; it must own up to it by recovering, or not start.
      if (start.found === null || node.tainted) return;
      if (start.found.recovering !== null) {
        // A whole cluster that loses its power would not come back if crashes alone left doubts.
        throw new Violation(
          'I8',
          `${node.id} doubts its journal after crashes alone: ${start.found.recovering}`,
        );
      }
      requireKept(node, start, start.found);
    },
  };
}

/** What a message promises that is not durable; null when nothing. */
function missingFor(node: WatchedNode, message: Message): string | null {
  const { durable } = node;
  const { term, vote } = durable.hardState;
  switch (message.kind) {
    case 'vote':
      if (term < message.term) return `term ${message.term}`;
      return term === message.term && vote !== node.id ? 'the vote for itself' : null;
    case 'vote-reply':
      if (!message.granted) return null;
      if (term < message.term) return `term ${message.term}`;
      return term === message.term && vote !== message.to ? `the vote for ${message.to}` : null;
    case 'append-reply':
      if (message.hint !== null) return null;
      if (term < message.term) return `term ${message.term}`;
      return durable.last < message.index ? `entry ${message.index}` : null;
    default:
      return null;
  }
}

function requireKept(node: WatchedNode, { pending }: Restart, found: Found): void {
  const { durable } = node;
  const states = [durable.hardState, ...pending.flatMap(({ hardState }) => hardState ?? [])];
  const { term, vote } = found.hardState;
  if (!states.some((state) => state.term === term && state.vote === vote)) {
    throw new Violation(
      'I8',
      `${node.id} comes back with term ${term} and vote ${String(vote)}; durable were term ` +
        `${durable.hardState.term} and vote ${String(durable.hardState.vote)}`,
    );
  }
  const mark = found.mark?.index ?? 0;
  const marks = [durable.mark.index, ...pending.flatMap((write) => marksOf(write))];
  if (!marks.includes(mark)) {
    throw new Violation('I8', `${node.id} comes back with a log after ${mark}, not ${marks[0]}`);
  }
  if (pending.some(({ installed }) => installed?.index === mark)) return;
  const replacedFrom = Math.min(
    Infinity,
    ...pending.flatMap(({ entries }) => entries[0]?.index ?? []),
  );
  for (let index = mark + 1; index <= durable.last; index++) {
    const term = found.entries[index - mark - 1]?.term ?? null;
    if (term === durable.termAt(index) || index >= replacedFrom) continue;
    throw new Violation(
      'I8',
      `${node.id} comes back with ${term === null ? 'nothing' : `term ${term}`} at ${index}; ` +
        `durable was term ${String(durable.termAt(index))}, up to ${durable.last}`,
    );
  }
}

function marksOf({ installed, compacted }: Write): number[] {
  return [installed, compacted].flatMap((mark) => (mark === null ? [] : [mark.index]));
}
