import { type Invariant, Violation } from '../watch.ts';

/** Entries below the end that are looked at; more were looked at when they were decided. */
const DEPTH = 2000;

/** I4, Leader Completeness (Raft figure 3): who is elected holds everything that is decided. */
export function leaderCompleteness(): Invariant {
  return {
    id: 'I4',
    onCore: (world, node, { before, after }) => {
      if (after.role !== 'leader' || (before?.role === 'leader' && before.term === after.term)) {
        return;
      }
      const { committed, commit } = world.truth;
      for (let index = commit; index > Math.max(0, commit - DEPTH); index--) {
        const term = committed[index - 1]?.term ?? 0;
        if (term > after.term || node.handed.holds(index, term)) continue;
        throw new Violation(
          'I4',
          `Leader Completeness: ${node.id} leads term ${after.term} without entry ${index} of ` +
            `term ${term}; it has term ${String(node.handed.termAt(index))} there, its log ends ` +
            `at ${node.handed.last}, ${commit} are committed`,
        );
      }
    },
  };
}
