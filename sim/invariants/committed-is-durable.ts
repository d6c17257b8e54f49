import type { NodeId } from '../../src/base/ids.ts';
import type { Config } from '../../src/raft/config.ts';
import type { Index } from '../../src/raft/entry.ts';
import { type Invariant, Violation, type WatchedNode, type World } from '../watch.ts';

/**
 * I6: at the moment a leader takes an entry for committed, the disks of a majority hold it (of both
 * halves of a joint configuration). Also decides: commit only grows over decided entries.
 */
export function committedIsDurable(): Invariant {
  return {
    id: 'I6',
    onCore: (world, node, { before, after }) => {
      const from = Math.max(before?.commit ?? 0, node.handed.mark.index);
      for (let index = from + 1; index <= after.commit; index++) {
        const term = node.handed.termAt(index);
        const hash = node.handed.hashAt(index);
        if (term === null || hash === null) {
          throw new Violation(
            'I6',
            `${node.id} takes ${after.commit} for committed, its log ends at ${node.handed.last}`,
          );
        }
        const isNew = index > world.truth.commit;
        world.truth.decide(index, { term, hash }, node.id);
        const configs = [before?.config ?? after.config, after.config];
        if (isNew) requireDurable(world, node, { index, term, configs });
      }
    },
  };
}

function requireDurable(
  world: World,
  node: WatchedNode,
  what: { readonly index: Index; readonly term: number; readonly configs: readonly Config[] },
): void {
  const { index, term, configs } = what;
  const holders = new Set<NodeId>(
    // A disk that was replaced or lied may have held it when it said so.
    world.nodes
      .filter(({ durable, tainted }) => tainted || durable.holds(index, term))
      .map(({ id }) => id),
  );
  // One turn may commit under a configuration and then append the next, whose majorities overlap.
  if (configs.some((config) => hasMajority(config, holders))) return;
  throw new Violation(
    'I6',
    `Committed is durable: ${node.id} commits (${term},${index}), durable only on ` +
      `${[...holders].join(' ') || 'no node'} of voters ${configs.at(-1)?.voters.join(' ')}`,
  );
}

function hasMajority(config: Config, holders: ReadonlySet<NodeId>): boolean {
  return [config.voters, config.votersOutgoing].every(
    (half) => half.length === 0 || half.filter((id) => holders.has(id)).length > half.length / 2,
  );
}
