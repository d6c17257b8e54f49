import type { NodeId } from '../../src/base/ids.ts';
import type { Term } from '../../src/raft/entry.ts';
import { type Invariant, Violation } from '../watch.ts';

/** I1, Election Safety (Raft figure 3): at most one leader in a term, for the whole run. */
export function electionSafety(): Invariant {
  const leaders = new Map<Term, NodeId>();
  return {
    id: 'I1',
    onCore: (_world, node, { after }) => {
      if (after.role !== 'leader') return;
      const known = leaders.get(after.term);
      if (known === undefined) leaders.set(after.term, node.id);
      else if (known !== node.id) {
        throw new Violation(
          'I1',
          `Election Safety: ${known} and ${node.id} both lead term ${after.term}`,
        );
      }
    },
  };
}
