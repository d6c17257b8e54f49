import type { ConfigStep } from '../../config.ts';
import { memberOf } from '../cluster.suite.ts';
import type { Command } from '../script.suite.ts';

/** `change n1 add-learner=n4 promote=n4,n5 remove=n2`: asks n1 for one change of these steps. */
export const change: Command = (cluster, words) => {
  const steps = [...words.named].flatMap(([kind, ids]) =>
    ids.split(',').map((id): ConfigStep => {
      if (kind === 'add-learner' || kind === 'update') return { kind, member: memberOf(id) };
      return { kind: kind as 'promote' | 'demote' | 'remove', id };
    }),
  );
  const member = cluster.get(words.word(0));
  const result = member.raft.changeConfig({ steps });
  member.drain();
  return result.ok ? [] : [`refused: ${result.reason} ${result.detail}`.trimEnd()];
};
