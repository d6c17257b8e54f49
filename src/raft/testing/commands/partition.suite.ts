import type { Command } from '../script.suite.ts';

/** `partition n1 n2,n3`: nothing passes between the groups. */
export const partition: Command = (cluster, words) => {
  cluster.partition(...words.plain.map((group) => group.split(',')));
  return [];
};
