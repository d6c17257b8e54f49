import type { NodeJournal } from '../../src/host/node-host.ts';
import type { Write } from '../../src/raft/effects.ts';
import type { Disk, DiskFile } from '../../src/storage/disk.ts';
import type { Mutation } from '../mutations.ts';
import type { Found } from '../watch.ts';
import { betrayals, failedSyncs, QUICK } from './moments.ts';

/** Bugs between the core and the platter. */
export const storageMutations: readonly Mutation[] = [
  {
    name: 'acknowledge-before-sync',
    what: 'the journal calls a write durable as soon as it was asked to flush',
    seeds: 5,
    journal: (journal) => eager(journal),
  },
  {
    name: 'skip-sync',
    what: 'a sync returns without syncing',
    seeds: 40,
    machineDisk: (disk) => {
      disk.condition.lies = true;
    },
  },
  {
    name: 'skip-directory-sync',
    what: 'a sync of a directory returns without syncing',
    seeds: 60,
    disk: (disk) => ({
      ...methods(disk),
      syncDirectory: () => {},
      syncDirectorySoon: (directory, done) => {
        disk.syncDirectorySoon(`${directory}/nowhere`, done);
      },
    }),
  },
  {
    name: 'ignore-failed-sync',
    what: 'a failed sync is taken for a good one (fsyncgate)',
    seeds: 60,
    setup: { nodes: 3, ...QUICK },
    faults: failedSyncs(),
    disk: (disk) =>
      files(disk, (file) => ({
        ...file,
        sync: () => {
          try {
            file.sync();
          } catch {
            // The bug: nobody hears of it.
          }
        },
        syncSoon: (done) => {
          file.syncSoon(() => {
            done(null);
          });
        },
      })),
  },
  {
    name: 'lose-hard-state',
    what: 'term and vote are not written',
    seeds: 5,
    journal: (journal) => rewriting(journal, (write) => ({ ...write, hardState: null })),
  },
  {
    name: 'lose-last-entry',
    what: 'of several entries the last is not written',
    seeds: 20,
    journal: (journal) =>
      rewriting(journal, (write) =>
        write.entries.length < 2 ? write : { ...write, entries: write.entries.slice(0, -1) },
      ),
  },
  {
    name: 'late-hard-state',
    what: 'term and vote are written with the write after',
    seeds: 10,
    journal: (journal) => lateHardState(journal),
  },
  {
    name: 'forget-vote-at-restart',
    what: 'the vote is forgotten by a restart',
    seeds: 60,
    restored: (found) =>
      change(found, ({ hardState }) => ({ hardState: { ...hardState, vote: null } })),
  },
  {
    name: 'forget-term-at-restart',
    what: 'term and vote are forgotten by a restart',
    seeds: 30,
    restored: (found) => change(found, () => ({ hardState: { term: 1, vote: null } })),
  },
  {
    name: 'cut-tail-at-restart',
    what: 'recovery takes the last entry for torn although it was acknowledged',
    seeds: 40,
    restored: (found) =>
      change(found, ({ entries, commit, mark }) => {
        const kept = entries.length > 1 ? entries.slice(0, -1) : entries;
        return { entries: kept, commit: Math.min(commit, (mark?.index ?? 0) + kept.length) };
      }),
  },
  {
    name: 'ignore-recovering',
    what: 'a node that may have lost entries votes and campaigns as if it had not',
    seeds: 60,
    setup: { nodes: 3, compactBytes: 1_000_000, thinkMs: 100, ...QUICK },
    faults: betrayals(),
    restored: (found) => change(found, () => ({ recovering: null })),
  },
];

/** An object whose methods still work when they are taken out of it. */
function methods(disk: Disk): Disk {
  return {
    open: (path, mode) => disk.open(path, mode),
    exists: (path) => disk.exists(path),
    list: (directory) => disk.list(directory),
    makeDirectory: (path) => {
      disk.makeDirectory(path);
    },
    readAll: (path) => disk.readAll(path),
    rename: (from, to) => {
      disk.rename(from, to);
    },
    remove: (path) => {
      disk.remove(path);
    },
    syncDirectory: (directory) => {
      disk.syncDirectory(directory);
    },
    syncDirectorySoon: (directory, done) => {
      disk.syncDirectorySoon(directory, done);
    },
    freeBytes: (path) => disk.freeBytes(path),
  };
}

function files(disk: Disk, bend: (file: DiskFile) => DiskFile): Disk {
  return { ...methods(disk), open: (path, mode) => bend(plain(disk.open(path, mode))) };
}

function plain(file: DiskFile): DiskFile {
  return {
    size: () => file.size(),
    read: (into, position) => file.read(into, position),
    write: (bytes, position) => {
      file.write(bytes, position);
    },
    sync: () => {
      file.sync();
    },
    syncSoon: (done) => {
      file.syncSoon(done);
    },
    close: () => {
      file.close();
    },
  };
}

function eager(journal: NodeJournal): NodeJournal {
  let waiting: (() => void)[] = [];
  return {
    ...rewriting(journal, (write) => write),
    append: (group, write, done) => {
      journal.append(group, write, () => {});
      waiting.push(done);
    },
    flush: () => {
      const ready = waiting;
      waiting = [];
      for (const done of ready) done();
      journal.flush();
    },
  };
}

function rewriting(journal: NodeJournal, rewrite: (write: Write) => Write): NodeJournal {
  return {
    damaged: (group, reason, done) => {
      journal.damaged(group, reason, done);
    },
    healed: (group, done) => {
      journal.healed(group, done);
    },
    append: (group, write, done) => {
      journal.append(group, rewrite(write), done);
    },
    flush: () => {
      journal.flush();
    },
  };
}

function lateHardState(journal: NodeJournal): NodeJournal {
  let late: Write['hardState'] = null;
  return rewriting(journal, (write) => {
    const hardState = late;
    late = write.hardState;
    return { ...write, hardState };
  });
}

function change(found: Found | null, bend: (found: Found) => Partial<Found>): Found | null {
  return found === null ? null : { ...found, ...bend(found) };
}
