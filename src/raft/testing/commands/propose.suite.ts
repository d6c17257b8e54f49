import type { Command } from '../script.suite.ts';

/** `propose n1 a b c`: one proposal of these commands. */
export const propose: Command = (cluster, words) => {
  const result = cluster.propose(words.word(0), ...words.plain.slice(1));
  return result.ok ? [] : [`refused: ${result.reason}, leader ${result.leader ?? '-'}`];
};
