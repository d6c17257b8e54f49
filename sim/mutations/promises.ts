import type { ProposalOutcome } from '../../src/replica/outcome.ts';
import type { Replica } from '../../src/replica/replica.ts';
import type { Mutation } from '../mutations.ts';

/** Bugs in what clients are told. */
export const promiseMutations: readonly Mutation[] = [
  {
    name: 'answer-before-commit',
    what: 'a write is answered as soon as it has its place in the log',
    seeds: 40,
    replica: (replica) => {
      const propose = replica.propose.bind(replica);
      replica.propose = (pending) => {
        const index = replica.raft.status().last + 1;
        propose({ ...pending, done: () => {} });
        pending.done({ kind: 'applied', index, result: new TextEncoder().encode('true') });
      };
    },
  },
  {
    name: 'superseded-is-applied',
    what: 'a write whose place another entry took is answered as done',
    seeds: 100,
    replica: (replica) => {
      bendOutcome(replica, (outcome) =>
        outcome.kind === 'superseded'
          ? { kind: 'applied', index: replica.applied, result: new TextEncoder().encode('true') }
          : outcome,
      );
    },
  },
  {
    name: 'unknown-is-failed',
    what: 'a write of unknown outcome is answered as not done',
    seeds: 100,
    replica: (replica) => {
      bendOutcome(replica, (outcome) =>
        outcome.kind === 'unknown' ? { kind: 'superseded' } : outcome,
      );
    },
  },
  {
    name: 'retry-unknown',
    what: 'a write of unknown outcome is tried again',
    seeds: 100,
    replica: (replica) => {
      const propose = replica.propose.bind(replica);
      replica.propose = (pending) => {
        propose({
          ...pending,
          done: (outcome) => {
            if (outcome.kind !== 'unknown') pending.done(outcome);
            else propose({ ...pending, deadline: pending.deadline + 1e5 });
          },
        });
      };
    },
  },
  {
    name: 'propose-twice',
    what: 'now and then a write takes two places in the log',
    seeds: 10,
    replica: (replica) => {
      const propose = replica.propose.bind(replica);
      let count = 0;
      replica.propose = (pending) => {
        propose(pending);
        if (++count % 5 === 0) propose({ ...pending, done: () => {} });
      };
    },
  },
  {
    name: 'read-here-and-now',
    what: 'a linearizable read is answered from what is applied here',
    seeds: 10,
    replica: (replica) => {
      replica.read = (_deadline, done) => {
        done({ kind: 'ready', index: replica.applied });
      };
    },
  },
  {
    name: 'read-before-applied',
    what: 'a linearizable read does not wait until its index is applied',
    seeds: 60,
    setup: { applyDelayMs: 20, applyMs: 5 },
    replica: (replica) => {
      const take = replica.raft.takeEffects.bind(replica.raft);
      replica.raft.takeEffects = () => {
        const effects = take();
        if (effects === null) return null;
        return { ...effects, reads: effects.reads.map((read) => ({ ...read, index: 0 })) };
      };
    },
  },
  {
    name: 'result-of-another',
    what: 'a write gets the result of the one before',
    seeds: 20,
    replica: (replica) => {
      let before: Uint8Array | null = null;
      bendOutcome(replica, (outcome) => {
        if (outcome.kind !== 'applied') return outcome;
        const result = before ?? outcome.result;
        before = outcome.result;
        return { ...outcome, result };
      });
    },
  },
];

function bendOutcome(
  replica: Replica,
  change: (outcome: ProposalOutcome) => ProposalOutcome,
): void {
  const propose = replica.propose.bind(replica);
  replica.propose = (pending) => {
    propose({
      ...pending,
      done: (outcome) => {
        pending.done(change(outcome));
      },
    });
  };
}
