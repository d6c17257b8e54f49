import { type Invariant, Violation } from '../watch.ts';

/**
 * I3, Log Matching (Raft figure 3): entries of the same index and term are the same, and so is
 * everything before them. Each entry is held against what any node ever had at (index, term).
 */
export function logMatching(): Invariant {
  return {
    id: 'I3',
    onWrite: (world, node, { write }) => {
      const { entries, installed } = write;
      const first = entries[0];
      if (first === undefined) return;
      let previous =
        installed !== null && first.index === installed.index + 1
          ? installed.term
          : node.handed.termAt(first.index - 1);
      for (const entry of entries) {
        if (previous === null) {
          throw new Violation(
            'I3',
            `Log Matching: ${node.id} writes entry ${entry.index} after a gap: its log ends at ` +
              `${node.handed.last}`,
          );
        }
        world.truth.know(entry, previous, node.id);
        previous = entry.term;
      }
    },
  };
}
