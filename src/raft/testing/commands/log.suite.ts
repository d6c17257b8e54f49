import type { Command } from '../script.suite.ts';

/** `log [n1 …]`: the terms of a log, as in figure 7 of the paper. */
export const log: Command = (cluster, words) => {
  const ids = words.plain.length > 0 ? words.plain : [...cluster.members.keys()];
  return ids.map((id) => {
    const { raft } = cluster.get(id);
    const { first, last } = raft.status();
    return `${id} ${raft
      .entries(first - 1, last)
      .map(({ term }) => term)
      .join(' ')}`;
  });
};
