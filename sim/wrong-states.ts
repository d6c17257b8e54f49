/** States that silently go wrong, and operators who compare them. */
import type { Cluster } from './cluster.ts';
import type { SimulatedNode } from './node.ts';
import { STREAM } from './random.ts';

/** Changes the state of a node that runs, so that no message and no log says it. */
export function spoil(cluster: Cluster, node: SimulatedNode): void {
  const { machine, life } = node;
  const config = cluster.leader()?.watched.core?.config;
  if (machine === null || life === null || node.replica === null) return;
  // Of one node only, which must be one of those that a majority can outvote.
  const others = cluster.nodes.some((other) => other !== node && other.watched.wrong);
  if (others || config === undefined || !config.voters.includes(node.id)) return;
  if (node.watched.told || machine.applied === 0) return;
  machine.spoil(cluster.chance.stream(STREAM.mutation, Math.round(cluster.events.now)));
  cluster.watch.states.onSpoiled(node.watched);
  cluster.trace(node.number, 'sp', `its state at ${machine.applied}`);
}

/** Compares all nodes through one of them, and holds what it says against the truth. */
export function verify(cluster: Cluster, node: SimulatedNode | null, forMs: number): void {
  const client = node?.client ?? null;
  if (node === null || client === null) return;
  // In between it may have been repaired, have answered, and have died.
  const stateOf = ({ watched }: SimulatedNode): string => `${watched.life}/${watched.replaced}`;
  const before = new Map(cluster.nodes.map((one) => [one.id, stateOf(one)]));
  const down = cluster.nodes.filter(isSilent);
  client.verify(forMs, {
    resolve: (said) => {
      const silent = down.filter((one) => isSilent(one) && stateOf(one) === before.get(one.id));
      cluster.watch.pins.require(said, new Set(silent.map(({ id }) => id)));
      const hashes = new Set(said.nodes.flatMap(({ hash }) => hash ?? []));
      cluster.count('verifications');
      if (said.nodes.some(({ hash }) => hash === null)) cluster.count('verificationsPartial');
      if (hashes.size > 1) cluster.count('verificationsDiffering');
      cluster.trace(node.number, 'vf', `${said.index}: ${hashes.size} contents`);
    },
    reject: (error) => {
      cluster.trace(node.number, 'vf', error.message);
    },
  });
}

/** Whether a node cannot say what it holds. */
function isSilent({ life, watched }: SimulatedNode): boolean {
  return life === null || watched.told;
}
