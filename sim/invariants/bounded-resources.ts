import { type Invariant, Violation } from '../watch.ts';

/** Outcomes a node may owe at one time: far more than the clients of a run can ask for. */
const OWED_MAX = 2000;

/** Entries beyond what is committed that a leader may hold. */
const UNCOMMITTED_MAX = 20_000;

/** I13: whatever happens, what a node holds on to stays bounded. */
export function boundedResources(): Invariant {
  return {
    id: 'I13',
    onCore: (_world, node, { after }) => {
      if (node.owed > OWED_MAX) {
        throw new Violation('I13', `${node.id} owes ${node.owed} outcomes`);
      }
      if (after.last - after.commit > UNCOMMITTED_MAX) {
        throw new Violation(
          'I13',
          `${node.id} holds ${after.last - after.commit} entries that are not committed`,
        );
      }
    },
  };
}
