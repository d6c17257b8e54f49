import type { Command } from '../script.suite.ts';

/** `stabilize [quiet]`: delivers and writes until nothing is left; time stands still. */
export const stabilize: Command = (cluster, words) => {
  cluster.stabilize();
  if (words.plain[0] === 'quiet') cluster.trace = [];
  return [];
};
