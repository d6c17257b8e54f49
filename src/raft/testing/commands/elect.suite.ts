import type { Command } from '../script.suite.ts';

/** `elect n1`: makes a node the leader, quietly. */
export const elect: Command = (cluster, words) => {
  cluster.elect(words.word(0));
  cluster.trace = [];
  return [];
};
