import type { Command } from '../script.suite.ts';

/** `read n1 7`: asks for a read index under context 7. */
export const read: Command = (cluster, words) => {
  cluster.readIndex(words.word(0), words.number(1));
  return [];
};
