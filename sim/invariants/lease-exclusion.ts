import type { NodeId } from '../../src/base/ids.ts';
import type { SimulatedNode } from '../node.ts';
import { type Invariant, Violation } from '../watch.ts';

/** I14: at no true moment do two nodes believe in a lease of theirs. */
export function leaseExclusion(cluster: { readonly nodes: readonly SimulatedNode[] }): Invariant {
  return {
    id: 'I14',
    onCore: (_world, _node, { after }) => {
      if (after.role !== 'leader') return;
      const holders: NodeId[] = [];
      for (const node of cluster.nodes) {
        if (node.watched.core?.role === 'leader' && node.holdsLease()) holders.push(node.id);
      }
      if (holders.length < 2) return;
      throw new Violation('I14', `${holders.join(' and ')} hold a lease at the same time`);
    },
  };
}
