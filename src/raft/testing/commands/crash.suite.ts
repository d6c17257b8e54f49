import type { Command } from '../script.suite.ts';

/** `crash n1 [noticed]`: the process dies; the others see its connections close, if noticed. */
export const crash: Command = (cluster, words) => {
  cluster.crash(words.word(0), words.plain[1] === 'noticed');
  return [];
};
