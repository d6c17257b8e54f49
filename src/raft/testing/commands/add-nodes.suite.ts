import { configOf } from '../cluster.suite.ts';
import { emptyImage } from '../member.suite.ts';
import type { Command } from '../script.suite.ts';

/** `add-nodes 3 [leases=true] [learners=1] [outside=1]`: n1 … that know each other, and others. */
export const addNodes: Command = (cluster, words) => {
  const learners = Number(words.named.get('learners') ?? 0);
  const outside = Number(words.named.get('outside') ?? 0);
  const inside = words.number(0) + learners;
  const ids = Array.from({ length: inside + outside }, (_, at) => `n${at + 1}`);
  const config = configOf(ids.slice(0, words.number(0)), ids.slice(words.number(0), inside));
  const options = {
    leases: words.named.get('leases') === 'true',
    commitNoticeDelayMs: Number(words.named.get('notice') ?? 0),
  };
  for (const [at, id] of ids.entries()) {
    cluster.add(id, at < inside ? emptyImage(config) : emptyImage(), options);
  }
  return [];
};
