import type { Replica } from '../../src/replica/replica.ts';
import type { Mutation } from '../mutations.ts';

/** Bugs of finding and repairing a state that is wrong. */
export const divergenceMutations: readonly Mutation[] = [
  {
    name: 'digest-never-compared',
    what: "followers do not hold their digest against the leader's",
    seeds: 60,
    replica: (replica) => {
      replica.onDigest = () => {};
    },
  },
  {
    name: 'leader-is-right',
    what: 'a follower that differs is repaired from the leader without a majority',
    seeds: 100,
    replica: (replica) => {
      replica.judgeDifference = () => 'follower';
    },
  },
  {
    name: 'wrong-leader-goes-on',
    what: 'a leader that a majority contradicts neither stops nor steps down',
    seeds: 100,
    replica: (replica) => {
      replica.raft.bar = () => {};
    },
    host: (host) => {
      const fail = host.fail.bind(host);
      host.fail = (error) => {
        if (!/a majority holds another state/.test(error.message)) fail(error);
      };
    },
  },
  {
    name: 'quarantine-forgotten',
    what: 'a state that is known to be wrong is trusted again after a restart',
    seeds: 200,
    quarantine: (note) => ({
      index: null,
      write: (index) => {
        note.write(index);
      },
      clear: () => {
        note.clear();
      },
    }),
  },
  {
    name: 'quarantine-readable',
    what: 'a state that is known to be wrong is read from',
    seeds: 200,
    replica: (replica) => {
      Object.defineProperty(replica, 'diverged', { get: () => false });
    },
  },
  {
    name: 'repair-goes-back',
    what: 'the copy that repairs a state may be older than what was read from it',
    seeds: 300,
    setup: { compactBytes: 400, trailingBytes: 0 },
    replica: (replica) => {
      lieWhileWaiting(replica);
    },
  },
  {
    name: 'hash-of-now',
    what: 'a comparison hashes the content of the moment, not that at its index',
    seeds: 60,
    pinned: (machine) => () => machine.contentHash(),
  },
];

/** What is applied is told as 0 while a copy is waited for. */
function lieWhileWaiting(replica: Replica): void {
  const applied = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(replica) as object,
    'applied',
  );
  Object.defineProperty(replica, 'applied', {
    get: () => (replica.diverged ? 0 : (applied?.get?.call(replica) as number)),
  });
}
