import type { Config } from '../../src/raft/config.ts';
import type { Index } from '../../src/raft/entry.ts';
import { type CoreGlance, type Invariant, Violation, type WatchedNode } from '../watch.ts';

/**
 * I9: a leader adds a configuration only when the one before is committed, and an entry of its own
 * term; and every majority of a configuration meets every majority of the next (thesis 4.1, 4.3).
 * Without the second, two leaders could each go one step from the same configuration, to two that
 * do not meet (Ongaro, raft-dev 2015): they would be siblings, not neighbours.
 */
export function configurationSafety(): Invariant {
  const lastConfigAt = new Map<number, { readonly life: number; readonly index: Index }>();
  return {
    id: 'I9',
    onWrite: (_world, node, { write, core }) => {
      for (const entry of write.entries) {
        if (entry.kind !== 'config') continue;
        const before = lastConfigAt.get(node.number);
        lastConfigAt.set(node.number, { life: node.life, index: entry.index });
        if (core?.role !== 'leader' || entry.term !== core.term) continue;
        requireOwnCommit(node, core, entry.index);
        if (before?.life !== node.life || before.index >= entry.index) continue;
        const commit = Math.max(core.commit, write.commit);
        if (before.index <= commit) continue;
        throw new Violation(
          'I9',
          `${node.id} adds a configuration at ${entry.index} while the one at ${before.index} ` +
            `is not committed (commit ${commit})`,
        );
      }
    },
    onCore: (_world, node, { before, after }) => {
      if (before === null || before.config === after.config) return;
      if (after.role !== 'leader' || before.role !== 'leader') return;
      if (meet(before.config, after.config)) return;
      throw new Violation(
        'I9',
        `${node.id} goes from ${show(before.config)} to ${show(after.config)}: two majorities ` +
          `need not meet`,
      );
    },
  };
}

function requireOwnCommit(node: WatchedNode, core: CoreGlance, index: Index): void {
  if (node.handed.termAt(core.commit) === core.term) return;
  throw new Violation(
    'I9',
    `${node.id} adds a configuration at ${index} before an entry of its term ${core.term} is ` +
      `committed (commit ${core.commit})`,
  );
}

/** Whether every quorum of one configuration shares a member with every quorum of the other. */
export function meet(left: Config, right: Config): boolean {
  const ids = [
    ...new Set([left, right].flatMap((config) => [...config.voters, ...config.votersOutgoing])),
  ];
  const sets = 1 << ids.length;
  for (let set = 0; set < sets; set++) {
    const inside = ids.filter((_, i) => (set & (1 << i)) !== 0);
    const outside = ids.filter((_, i) => (set & (1 << i)) === 0);
    if (isQuorum(left, inside) && isQuorum(right, outside)) return false;
  }
  return true;
}

function isQuorum(config: Config, ids: readonly string[]): boolean {
  return [config.voters, config.votersOutgoing].every(
    (half) => half.length === 0 || half.filter((id) => ids.includes(id)).length > half.length / 2,
  );
}

function show({ voters, votersOutgoing }: Config): string {
  const outgoing = votersOutgoing.length > 0 ? ` | ${votersOutgoing.join(' ')}` : '';
  return `[${voters.join(' ')}${outgoing}]`;
}
