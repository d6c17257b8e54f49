import type { HardState } from '../../src/raft/entry.ts';
import { type Invariant, Violation, type WatchedNode } from '../watch.ts';

/**
 * I7: term, commit and applied never go back within a life; a term is never voted in twice, over
 * all lives of a data directory.
 */
export function monotonicState(): Invariant {
  return {
    id: 'I7',
    onWrite: (_world, node, { write }) => {
      if (write.hardState !== null) requireForward(node, write.hardState);
    },
    onCore: (_world, node, { before, after }) => {
      if (before === null) return;
      if (after.term < before.term) {
        throw new Violation('I7', `${node.id} goes back from term ${before.term} to ${after.term}`);
      }
      if (after.commit < before.commit) {
        throw new Violation(
          'I7',
          `${node.id} goes back from commit ${before.commit} to ${after.commit}`,
        );
      }
    },
  };
}

function requireForward(node: WatchedNode, next: HardState): void {
  const { term, vote } = node.handed.hardState;
  if (next.term < term) {
    throw new Violation('I7', `${node.id} writes term ${next.term} after ${term}`);
  }
  if (next.term === term && vote !== null && next.vote !== vote) {
    throw new Violation(
      'I7',
      `${node.id} votes for ${String(next.vote)} in term ${term} after voting for ${vote}`,
    );
  }
}
