import type { Message } from '../../message.ts';
import type { Filter } from '../cluster.suite.ts';
import type { Command, Words } from '../script.suite.ts';

/** `deliver [from=n1] [to=n2] [kind=vote]`: messages that wait now, not those they cause. */
export const deliver: Command = (cluster, words) => {
  const count = cluster.deliver(filterOf(words));
  return count === 0 ? ['nothing waits'] : [];
};

/** The messages a command is about. */
export function filterOf({ named }: Words): Filter {
  const [from, to, kind] = [named.get('from'), named.get('to'), named.get('kind')];
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(kind === undefined ? {} : { kind: kind as Message['kind'] }),
  };
}
