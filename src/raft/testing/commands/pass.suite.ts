import type { Command } from '../script.suite.ts';

/** `pass 1000`: time moves on, and nobody is ticked. */
export const pass: Command = (cluster, words) => {
  cluster.now += words.number(0);
  return [];
};
