import type { Command } from '../script.suite.ts';

/** `io n1 slow|fast`: whether writes wait for `io-done`. */
export const io: Command = (cluster, words) => {
  cluster.get(words.word(0)).autoIo = words.word(1) === 'fast';
  return [];
};
