import type { Command } from '../script.suite.ts';
import { filterOf } from './deliver.suite.ts';

/** `drop [from=n1] [to=n2] [kind=vote]`: messages that wait are lost. */
export const drop: Command = (cluster, words) => {
  return [`loses ${cluster.take(filterOf(words)).length}`];
};
