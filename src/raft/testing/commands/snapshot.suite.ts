import type { Command } from '../script.suite.ts';

/** `snapshot n1 n2`: the state of n1 arrives at n2. */
export const snapshot: Command = (cluster, words) => {
  const installed = cluster.snapshot(words.word(0), words.word(1));
  return installed ? [] : ['not installed'];
};
