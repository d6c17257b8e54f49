import type { NodeJournal, Quarantine } from '../src/host/node-host.ts';
import type { Machine } from '../src/replica/machine.ts';
import type { SimulatedNode } from './node.ts';
import type { Watch } from './watching.ts';

/** Who watches what. */
interface Seen {
  readonly node: SimulatedNode;
  readonly watch: Watch;
}

/** A journal that tells the invariants what it was given and what it called durable. */
export function watchJournal({ node, watch }: Seen, journal: NodeJournal): NodeJournal {
  return {
    damaged: (group, reason, done) => {
      journal.damaged(group, reason, done);
    },
    healed: (group, done) => {
      journal.healed(group, done);
    },
    append: (group, write, done) => {
      watch.onWrite(node, write);
      journal.append(group, write, () => {
        watch.onDurable(node, write);
        done();
      });
    },
    flush: () => {
      journal.flush();
    },
  };
}

/** A note that tells the invariants what a node knows of its own state. */
export function watchQuarantine({ node, watch }: Seen, note: Quarantine): Quarantine {
  return {
    get index() {
      return note.index;
    },
    write: (index) => {
      note.write(index);
      watch.when(node, () => {
        watch.states.onTold(node.watched);
      });
    },
    clear: () => {
      note.clear();
    },
  };
}

/** A machine that tells the invariants what it applied. */
export function watchMachine({ node, watch }: Seen, machine: Machine): Machine {
  const { watched } = node;
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
      machine.apply(range, (outcome) => {
        watch.onApply(node, {
          entries: range.entries,
          through: range.through,
          digests: outcome.digests,
        });
        done(outcome);
      });
    },
    persist: (done) => {
      machine.persist(done);
    },
    snapshot: (path, done) => {
      machine.snapshot(path, (outcome) => {
        if (outcome.ok) watch.count('snapshotsSent');
        done(outcome);
      });
    },
    restore: (path, done) => {
      machine.restore(path, (applied) => {
        if (node.machine !== null) watch.states.onReplaced(watched, watched.applied, node.machine);
        watched.applied = applied;
        watch.count('snapshotsInstalled');
        watch.trace(node.number, 'in', String(applied));
        done(applied);
      });
    },
    endsRange: (data) => machine.endsRange(data),
    close: () => machine.close(),
  };
}
