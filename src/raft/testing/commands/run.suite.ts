import type { Command } from '../script.suite.ts';

/** `run 1000`: time passes for everybody, messages arrive at once; tells only who leads then. */
export const run: Command = (cluster, words) => {
  cluster.run(words.number(0));
  cluster.trace = [];
  const leaders = cluster.leaders().map(({ id, raft }) => `${id} in term ${raft.currentTerm}`);
  return [leaders.length === 0 ? 'nobody leads' : `leads: ${leaders.join(', ')}`];
};
