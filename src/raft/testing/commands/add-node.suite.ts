import { configOf, logOf } from '../cluster.suite.ts';
import { emptyImage } from '../member.suite.ts';
import type { Command } from '../script.suite.ts';

/** `add-node n1 voters=n1,n2,n3 term=7 log=1,1,4 [commit=2] [bytes=30]`: a node with a past. */
export const addNode: Command = (cluster, words) => {
  const voters = (words.named.get('voters') ?? '').split(',').filter((id) => id !== '');
  const terms = (words.named.get('log') ?? '').split(',').filter((term) => term !== '');
  const image = {
    ...emptyImage(configOf(voters)),
    hardState: {
      term: Number(words.named.get('term') ?? 0),
      vote: words.named.get('vote') ?? null,
    },
    entries: logOf(terms.map(Number)),
    commit: Number(words.named.get('commit') ?? 0),
  };
  cluster.add(words.word(0), image, {
    commitNoticeDelayMs: 0,
    appendBytesMax: Number(words.named.get('bytes') ?? 10_000),
  });
  return [];
};
