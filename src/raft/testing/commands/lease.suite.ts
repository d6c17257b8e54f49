import type { Command } from '../script.suite.ts';

/** `lease [n1 …]`: who may serve reads without asking. */
export const lease: Command = (cluster, words) => {
  const ids = words.plain.length > 0 ? words.plain : [...cluster.members.keys()];
  return ids.map((id) => {
    const valid = cluster.get(id).raft.leaseValid(cluster.now);
    return `${id} ${valid ? 'holds a lease' : 'holds none'}`;
  });
};
