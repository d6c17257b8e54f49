import { type Invariant, Violation } from '../watch.ts';

/** I2, Leader Append-Only (Raft figure 3): a leader never overwrites or deletes its own entries. */
export function leaderAppendOnly(): Invariant {
  return {
    id: 'I2',
    onWrite: (_world, node, { write, core }) => {
      const first = write.entries[0];
      const { handed } = node;
      if (first === undefined || core?.role !== 'leader' || core.term !== first.term) return;
      if (handed.lastTerm !== core.term || first.index > handed.last) return;
      throw new Violation(
        'I2',
        `Leader Append-Only: ${node.id} leads term ${core.term} and replaces entry ` +
          `${first.index} of ${handed.last}`,
      );
    },
  };
}
