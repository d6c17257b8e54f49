import { hashEntry } from '../mirror.ts';
import { type Invariant, Violation } from '../watch.ts';

/**
 * I5, State Machine Safety (Raft figure 3): an index means the same entry everywhere, machines
 * apply only what is decided, in order, and come to the same results.
 */
export function stateMachineSafety(): Invariant {
  return {
    id: 'I5',
    onApply: (world, node, { entries, after, through, digests: found }) => {
      if (after !== node.applied) {
        throw new Violation(
          'I5',
          `State Machine Safety: ${node.id} applies from ${after}, its state is at ${node.applied}`,
        );
      }
      let last = after;
      entries.forEach((entry, i) => {
        if (entry.index <= last || entry.index > through) {
          throw new Violation(
            'I5',
            `State Machine Safety: ${node.id} applies ${entry.index} after ${last}, up to ` +
              String(through),
          );
        }
        last = entry.index;
        world.truth.decide(entry.index, { term: entry.term, hash: hashEntry(entry) }, node.id);
        if (!world.truth.applied.has(entry.index)) world.truth.applied.set(entry.index, entry);
        // A state that was spoiled comes to other results: that is for the product to find (I15).
        if (node.wrong) return;
        const digest = found[i] ?? 0;
        const { digests } = world.truth;
        const known = digests.get(entry.index);
        if (known === undefined) digests.set(entry.index, digest);
        else if (known !== digest) {
          throw new Violation(
            'I5',
            `State Machine Safety: ${node.id} has another state after entry ${entry.index}`,
          );
        }
      });
    },
  };
}
