import type { Command } from '../script.suite.ts';

/** `close n2 n1`: n2 sees its connection to n1 end. */
export const close: Command = (cluster, words) => {
  const member = cluster.get(words.word(0));
  member.raft.connectionClosed(words.word(1));
  member.drain();
  return [];
};
