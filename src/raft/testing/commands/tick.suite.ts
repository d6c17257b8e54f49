import type { Command } from '../script.suite.ts';

/** `tick n1 [100]`: time moves on by so many milliseconds and this node is ticked. */
export const tick: Command = (cluster, words) => {
  cluster.now += Number(words.plain[1] ?? 0);
  cluster.tick(words.word(0));
  return [];
};
