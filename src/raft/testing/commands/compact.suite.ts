import type { Command } from '../script.suite.ts';

/** `compact n1 5`: the log of n1 forgets everything up to 5. */
export const compact: Command = (cluster, words) => {
  const member = cluster.get(words.word(0));
  member.raft.compact(words.number(1));
  member.drain();
  return [];
};
