import { must } from '../../src/base/assert.ts';
import type { Raft } from '../../src/raft/raft.ts';
import { type Leader, State } from '../../src/raft/state.ts';

/**
 * What a core knows, for bugs that cannot be made from outside: the class has a getter that every
 * status asks, and whoever is asked is the one. The product has no such door.
 */
export function stateOf(raft: Raft): State {
  const getter = must(
    Object.getOwnPropertyDescriptor(State.prototype, 'config'),
    () => 'State has no getter for its configuration any more',
  );
  const asked: State[] = [];
  Object.defineProperty(State.prototype, 'config', {
    configurable: true,
    get(this: State): unknown {
      asked.push(this);
      return getter.get?.call(this);
    },
  });
  try {
    raft.status();
  } finally {
    Object.defineProperty(State.prototype, 'config', getter);
  }
  return must(asked[0], () => 'A status was made without asking for the configuration');
}

/** Runs `act` while what `owner` has under `name` seems to be something else. */
export function pretending<Owner extends object, Name extends keyof Owner, Result>(
  owner: Owner,
  name: Name,
  as: { readonly value: Owner[Name]; readonly act: () => Result },
): Result {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value: as.value, configurable: true, writable: true });
  try {
    return as.act();
  } finally {
    if (own === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, own);
  }
}

/** What a core knows as a leader; null when it does not lead. */
export function leaderOf({ role }: State): Leader | null {
  return role.kind === 'leader' ? role : null;
}
