import type { ApplyRange, Machine } from '../../src/replica/machine.ts';
import type { Bent, Mutation } from '../mutations.ts';
import { QUICK, wipedWitness } from './moments.ts';

/** Bugs of the machine and of the way entries get into it. */
export const stateMutations: readonly Mutation[] = [
  {
    name: 'apply-twice',
    what: 'now and then a range is applied twice',
    seeds: 10,
    machine: (machine) => bend(machine, (range, n) => (n % 7 === 0 ? doubled(range) : range)),
  },
  {
    name: 'skip-entry',
    what: 'a range of several entries is applied without its last',
    seeds: 30,
    machine: (machine) =>
      bend(machine, (range) =>
        range.entries.length < 2
          ? range
          : { ...range, entries: range.entries.slice(0, -1), formats: range.formats.slice(0, -1) },
      ),
  },
  {
    name: 'nondeterministic-apply',
    what: 'a result depends on the node that executes',
    seeds: 10,
    machine: (machine, { number }) => biased(machine, number),
  },
  {
    name: 'persist-nothing',
    what: 'the state is called durable without having been written',
    seeds: 60,
    setup: { compactBytes: 400, trailingBytes: 0 },
    machine: (machine) =>
      override(machine, {
        persist: (done) => {
          const { applied } = machine;
          machine.apply({ entries: [], formats: [], through: applied }, () => {
            done(applied);
          });
        },
      }),
  },
  {
    name: 'restore-nothing',
    what: 'an installed snapshot is not taken over by the machine',
    seeds: 60,
    setup: { compactBytes: 400, trailingBytes: 0 },
    machine: (machine) =>
      override(machine, {
        restore: (path, done) => {
          const before = machine.applied;
          machine.persist(() => {
            done(Math.max(before, before + (path.length > 0 ? 5 : 0)));
          });
        },
      }),
  },
  {
    name: 'snapshot-index-ahead',
    what: 'a snapshot claims one entry more than it holds',
    seeds: 60,
    setup: { compactBytes: 400, trailingBytes: 0 },
    machine: (machine) =>
      override(machine, {
        snapshot: (path, done) => {
          machine.snapshot(path, (outcome) => {
            done(outcome.ok ? { ...outcome, index: outcome.index + 1 } : outcome);
          });
        },
      }),
  },
  {
    name: 'apply-after-restore',
    what: 'a range handed over before a snapshot is applied to the snapshot',
    seeds: 60,
    setup: { compactBytes: 400, trailingBytes: 0 },
    machine: (machine) => {
      let last: ApplyRange | null = null;
      return Object.assign(
        bend(machine, (range) => (last = range)),
        {
          restore: (path: string, done: (applied: number) => void) => {
            machine.restore(path, (applied) => {
              if (last === null) done(applied);
              else machine.apply({ ...last, through: applied }, () => done(applied));
            });
          },
        },
      );
    },
  },
  {
    name: 'applied-index-before-data',
    what: 'after a start the applied index is ahead of the data by one entry (etcd #13766)',
    seeds: 20,
    machine: (machine) => misjudged(machine, 1),
  },
  {
    name: 'applied-index-after-data',
    what: 'after a start the applied index is behind the data by one entry',
    seeds: 20,
    machine: (machine) => misjudged(machine, -1),
  },
  {
    name: 'admit-anyone',
    what: 'a node with a re-created data directory is let in under its old id',
    seeds: 60,
    setup: { nodes: 3, ...QUICK },
    faults: wipedWitness(),
    host: (host) => {
      host.admit = () => null;
    },
  },
];

/** A machine that is given something else; change it further in place, its getters must stay. */
function bend(
  machine: Machine,
  change: (range: ApplyRange, number: number) => ApplyRange,
): Machine {
  let number = 0;
  return {
    get applied() {
      return machine.applied;
    },
    get digest() {
      return machine.digest;
    },
    get onFatal() {
      return machine.onFatal;
    },
    set onFatal(report: (error: Error) => void) {
      machine.onFatal = report;
    },
    apply: (range, done) => {
      const changed = change(range, ++number);
      machine.apply(changed, ({ results, digests }) => {
        // The driver is told what it expects; only the state is wrong.
        const count = range.entries.length;
        done({
          results: range.entries.map((_, i) => results[i] ?? results.at(-1) ?? null),
          digests: range.entries.map(
            (_, i) => digests[i + digests.length - count] ?? digests.at(-1) ?? 0,
          ),
        });
      });
    },
    persist: (done) => {
      machine.persist(done);
    },
    snapshot: (path, done) => {
      machine.snapshot(path, done);
    },
    restore: (path, done) => {
      machine.restore(path, done);
    },
    endsRange: (data) => machine.endsRange(data),
    close: () => machine.close(),
  };
}

/** A machine that knows its applied index wrongly until it is given something to apply. */
function misjudged(machine: Machine, by: number): Machine {
  let started = false;
  const bent = bend(machine, (range) => {
    started = true;
    return range;
  });
  return Object.defineProperty(bent, 'applied', {
    get: () => (started || machine.applied === 0 ? machine.applied : machine.applied + by),
  });
}

function doubled(range: ApplyRange): ApplyRange {
  return {
    ...range,
    entries: [...range.entries, ...range.entries],
    formats: [...range.formats, ...range.formats],
  };
}

/** `machine` with some calls of its own. */
function override(machine: Machine, calls: Partial<Machine>): Machine {
  return Object.assign(
    bend(machine, (range) => range),
    calls,
  );
}

function biased(machine: Machine, node: Bent['number']): Machine {
  return override(machine, {
    apply: (range, done) => {
      machine.apply(range, ({ results, digests }) => {
        done({ results, digests: digests.map((digest) => digest ^ node) });
      });
    },
  });
}
