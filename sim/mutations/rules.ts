import type { ConfigProposal, Raft } from '../../src/raft/raft.ts';
import type { State } from '../../src/raft/state.ts';
import type { Mutation } from '../mutations.ts';
import type { Fault } from '../plan.ts';
import { leaderOf, pretending, stateOf } from './inside.ts';
import { bridges, fallenLeaders, QUICK, reconfigurations } from './moments.ts';

const LEASES = {
  leases: true,
  nodes: 3,
  electionTimeoutMs: 1000,
  heartbeatIntervalMs: 100,
} as const;

/** Rules of the protocol that are left out. */
export const ruleMutations: readonly Mutation[] = [
  {
    name: 'no-check-quorum',
    what: 'a leader that hears no quorum goes on leading (thesis 6.2)',
    seeds: 40,
    core: (raft) => {
      const state = stateOf(raft);
      const tick = raft.tick.bind(raft);
      raft.tick = (now) => {
        const leader = leaderOf(state);
        if (leader !== null) leader.quorumDueMs = now + 1e9;
        tick(now);
      };
    },
  },
  {
    name: 'config-before-own-commit',
    what: 'a new leader changes the configuration at once (the single-server bug of 2015)',
    seeds: 100,
    setup: { nodes: 4, spares: 2, ...QUICK },
    faults: [...fallenLeaders(700), ...reconfigurations()],
    core: (raft) => {
      bendConfigChange(raft, (state, act) => {
        const firstOwn = leaderOf(state)?.firstOwn ?? 0;
        if (state.commit >= firstOwn) return act();
        return pretending(state, 'commit', { value: firstOwn, act });
      });
    },
  },
  {
    name: 'config-while-pending',
    what: 'a leader changes the configuration while the one before is not committed',
    seeds: 100,
    setup: { spares: 2 },
    core: (raft) => {
      bendConfigChange(raft, (state, act) =>
        pretending(state, 'configPending', { value: false, act }),
      );
    },
  },
  {
    name: 'joint-needs-new-half-only',
    what: 'in a joint configuration only the new voters are counted',
    seeds: 100,
    setup: { nodes: 5, spares: 2 },
    core: (raft) => {
      const state = stateOf(raft);
      const step = raft.step.bind(raft);
      raft.step = (message, now) => {
        const { config } = state;
        const act = (): void => {
          step(message, now);
        };
        const counts = message.kind === 'append-reply' || message.kind === 'vote-reply';
        if (!counts || config.votersOutgoing.length === 0) act();
        else pretending(state, 'config', { value: { ...config, votersOutgoing: [] }, act });
      };
    },
  },
  {
    name: 'read-before-own-commit',
    what: 'a new leader confirms reads before an entry of its term is committed (thesis 6.4)',
    seeds: 100,
    setup: { clients: 8, thinkMs: 20, keys: 1, syncMs: 5, applyDelayMs: 20, leases: false },
    core: (raft) => {
      const state = stateOf(raft);
      const take = raft.takeEffects.bind(raft);
      raft.takeEffects = () => {
        const leader = leaderOf(state);
        return leader === null ? take() : pretending(leader, 'firstOwn', { value: 0, act: take });
      };
    },
  },
  {
    name: 'commit-older-terms',
    what: 'an entry of an earlier term is committed by counting (Raft figure 8)',
    seeds: 60,
    setup: { nodes: 5, clients: 5, thinkMs: 50, ...QUICK },
    faults: fallenLeaders(1400),
    core: (raft) => {
      const state = stateOf(raft);
      const step = raft.step.bind(raft);
      const take = raft.takeEffects.bind(raft);
      // One entry an append, which is allowed: so an older one is counted without a newer one.
      raft.takeEffects = () =>
        pretending(state.settings, 'appendBytesMax', { value: 1, act: take });
      raft.step = (message, now) => {
        const leader = leaderOf(state);
        const act = (): void => {
          step(message, now);
        };
        if (leader === null) act();
        else pretending(leader, 'firstOwn', { value: 0, act });
      };
    },
  },
  {
    name: 'truncate-always',
    what: 'an append takes away everything behind the entry before it (openraft)',
    seeds: 100,
    setup: { nodes: 3, clients: 5, thinkMs: 50 },
    core: (raft) => {
      const state = stateOf(raft);
      const step = raft.step.bind(raft);
      raft.step = (message, now) => {
        if (message.kind === 'append' && message.term === state.term) {
          const { previous, entries } = message;
          const from = Math.max(previous.index + 1, state.commit + 1);
          const reaches = previous.index + entries.length >= from;
          if (reaches && from <= state.log.last && state.log.matches(previous)) {
            state.log.truncate(from);
            state.configs.truncated(from);
          }
        }
        step(message, now);
      };
    },
  },
  {
    name: 'vote-while-leader-heard',
    what: 'a voter that promised a lease grants votes to others',
    seeds: 60,
    setup: { leases: true, nodes: 3 },
    faults: bridges(),
    core: (raft) => {
      const state = stateOf(raft);
      const step = raft.step.bind(raft);
      raft.step = (message, now) => {
        if (message.kind === 'pre-vote' || message.kind === 'vote') forgetLeader(state);
        step(message, now);
      };
    },
  },
  {
    name: 'shortcut-with-leases',
    what: 'a lost connection to the leader frees its followers although they promised a lease',
    seeds: 60,
    setup: { leases: true },
    core: (raft) => {
      const state = stateOf(raft);
      const closed = raft.connectionClosed.bind(raft);
      raft.connectionClosed = (peer) => {
        const follows = state.role.kind === 'follower' && state.leader === peer;
        if (follows) forgetLeader(state);
        const act = (): void => {
          closed(peer);
        };
        pretending(state.settings, 'fastFailover', { value: true, act });
      };
    },
  },
  {
    name: 'restart-forgets-lease',
    what: 'a voter that restarts does not wait for the end of a lease it may have promised',
    seeds: 60,
    // Nobody writes: or the one that hears nothing would have too short a log to be elected.
    setup: { ...LEASES, clients: 1, thinkMs: 5000 },
    // One follower does not hear the leader and asks the other, which does. That one dies and is
    // back when the leader cannot be heard any more.
    faults: [2000, 6000].flatMap((at): Fault[] => [
      { kind: 'transfer', at, to: 0 },
      {
        kind: 'partition',
        at: at + 300,
        style: 'random',
        forMs: 3000,
        cuts: [
          [0, 2],
          [2, 0],
        ],
      },
      { kind: 'isolate', at: at + 2400, node: 0, way: 'both', forMs: 1300 },
      { kind: 'crash', at: at + 2402, node: 1, how: 'process', downMs: 5, midSync: false },
    ]),
    core: (raft) => {
      forgetLeader(stateOf(raft));
    },
  },
  {
    name: 'lease-through-transfer',
    what: 'a leader believes in its lease while it hands over, and after (etcd-io/raft #99)',
    seeds: 60,
    setup: { ...LEASES, syncMs: 5 },
    // The leader asks another to stand, and does not hear any more that it did.
    faults: [2000, 4000, 6000, 8000].flatMap((at): Fault[] => [
      { kind: 'transfer', at, to: null },
      { kind: 'isolate', at: at + 2 + at / 1000, node: 'leader', way: 'send-only', forMs: 700 },
    ]),
    core: (raft) => {
      const state = stateOf(raft);
      const valid = raft.leaseValid.bind(raft);
      raft.leaseValid = (now) => {
        const leader = leaderOf(state);
        if (leader === null) return valid(now);
        return pretending(leader, 'timeoutNowSent', {
          value: false,
          act: () => pretending(leader, 'transfer', { value: null, act: () => valid(now) }),
        });
      };
    },
  },
];

function bendConfigChange(
  raft: Raft,
  around: (state: State, act: () => ConfigProposal) => ConfigProposal,
): void {
  const state = stateOf(raft);
  const change = raft.changeConfig.bind(raft);
  raft.changeConfig = (wish) => around(state, () => change(wish));
}

function forgetLeader({ contact }: State): void {
  contact.heardMs = Number.NEGATIVE_INFINITY;
}
