import type { Command } from '../script.suite.ts';

/** `transfer n1 [n2]`: n1 hands over, to the best follower when none is named. */
export const transfer: Command = (cluster, words) => {
  const member = cluster.get(words.word(0));
  const result = member.raft.transferLeadership(words.plain[1] ?? null);
  member.drain();
  return result.ok ? [] : [`refused: ${result.reason}`];
};
