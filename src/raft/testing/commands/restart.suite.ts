import type { Command } from '../script.suite.ts';

/**
 * `restart n1 [lose=2] [forget=2] [unnoticed]`: comes back, maybe without the last entries of its
 * disk, which it admits (`lose`) or does not know (`forget`); the others may miss that it was away.
 */
export const restart: Command = (cluster, words) => {
  const member = cluster.get(words.word(0));
  const lose = Number(words.named.get('lose') ?? 0);
  const lost = Number(words.named.get('forget') ?? lose);
  if (lost > 0) {
    const { image } = member;
    image.entries.length -= lost;
    image.recovering = lose > 0;
    const last = image.mark.index + image.entries.length;
    image.commit = Math.min(image.commit, last);
    member.machine.length = Math.min(member.applied, last);
  }
  if (words.plain.includes('unnoticed')) member.restart(cluster.now);
  else cluster.restart(words.word(0));
  const { term, role, last, commit, recovering } = member.raft.status();
  const mode = recovering ? ', recovering' : '';
  return [`${member.id} is ${role} in term ${term}, last ${last}, commit ${commit}${mode}`];
};
