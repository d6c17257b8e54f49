import type { Command } from '../script.suite.ts';

/** `timeout n1`: time goes to where this node's timer is due; only this node is ticked. */
export const timeout: Command = (cluster, words) => {
  cluster.timeout(words.word(0));
  return [];
};
