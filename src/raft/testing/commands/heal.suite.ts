import type { Command } from '../script.suite.ts';

/** `heal`: everything passes again. */
export const heal: Command = (cluster) => {
  cluster.heal();
  return [];
};
