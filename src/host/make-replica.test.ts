import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLogger } from '../base/logger.ts';
import { Sfc32 } from '../base/prng.ts';
import { EMPTY_CONFIG } from '../raft/config-codec.ts';
import type { Member } from '../raft/config.ts';
import type { Write } from '../raft/effects.ts';
import type { Entry, Position } from '../raft/entry.ts';
import { ManualClock } from '../replica/clock.suite.ts';
import { IdleMachine } from '../replica/machine.suite.ts';
import { entriesFrom, writeOf } from '../storage/harness.suite.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import { SnapshotStore } from '../storage/snapshots.ts';
import { foundingWrite } from './founding.ts';
import { Host } from './host.ts';
import { makeReplica } from './make-replica.ts';
import { MAIN_GROUP, type NodeHostOptions, type NodePorts } from './node-host.ts';
import { type NodeStorage, openStorage } from './open-storage.ts';

const SELF: Member = { id: 'a', incarnation: 'i', peerAddress: 'a:1', clientAddress: 'a:2' };

const OPTIONS = {
  ...SELF,
  cluster: null,
  version: '',
  engine: '',
  join: [],
  bootstrapExpect: 0,
  founders: '',
  electionTimeoutMs: 1000,
  heartbeatIntervalMs: 100,
  applyDelayMs: 0,
  compactBytes: 1e6,
  trailingBytes: 0,
  leases: false,
  snapshotPieceBytes: 1e6,
  restored: null,
} satisfies NodeHostOptions;

/** A start of the node on what `disk` holds, with a machine that has applied so much. */
function start(disk: MemoryDisk, applied: number) {
  const storage = open(disk);
  const { clock, random, transport } = SURROUNDINGS;
  const ports: NodePorts = {
    clock,
    random,
    logger: silentLogger,
    transport,
    calls: {} as NodePorts['calls'],
    journal: storage.journal,
    machine: new IdleMachine(applied),
    snapshots: SnapshotStore.open({ disk, clock, directory: storage.directory.snapshotsPath }),
    quarantine: storage.quarantine,
    rememberCluster: () => {},
  };
  return makeReplica({
    group: MAIN_GROUP,
    options: OPTIONS,
    ports,
    restored: storage.restored(MAIN_GROUP),
    host: new Host(ports),
    events: {
      fatal: () => {},
      onConfig: () => {},
      onRecovering: () => {},
      onLeadership: () => {},
      onSnapshotNeeded: () => {},
      onDiverged: () => {},
      onQuarantine: () => {},
    },
  }).replica;
}

const SURROUNDINGS = {
  clock: new ManualClock(),
  random: new Sfc32(1, 2),
  transport: { send: () => false, flush: () => {} } as unknown as NodePorts['transport'],
};

function open(disk: MemoryDisk): NodeStorage {
  return openStorage({
    ...SURROUNDINGS,
    disk,
    path: '/data',
    id: 'a',
    defaultId: 'a',
    version: '',
    logger: silentLogger,
    journal: { sync: 'inline' },
    onFatal: (error) => {
      throw error;
    },
    onSpace: () => {},
  });
}

/** A disk whose journal holds `write`. */
function diskWith(write: Write): MemoryDisk {
  const disk = new MemoryDisk();
  const { journal } = open(disk);
  let done = false;
  journal.append(MAIN_GROUP, write, () => {
    done = true;
  });
  journal.flush();
  assert.ok(done);
  return disk;
}

function reasonOn(disk: MemoryDisk): string | null {
  disk.crash(() => true);
  return open(disk).restored(MAIN_GROUP)?.recovering ?? null;
}

test('makeReplica() remembers that the log lost what its state had applied', () => {
  const disk = diskWith(foundingWrite([SELF]));
  assert.equal(reasonOn(disk), null);
  assert.equal(start(disk, 5).raft.status().recovering, true);
  assert.match(reasonOn(disk) ?? '', /outlived/);
  assert.equal(start(disk, 1).raft.status().recovering, true, 'also when the state goes back');
});

test('makeReplica() remembers that the log begins after what its state has', () => {
  const config = { ...EMPTY_CONFIG, voters: ['a'], members: [SELF] };
  const disk = diskWith({
    ...foundingWrite([SELF]),
    entries: [],
    installed: { index: 10, term: 1, config },
  });
  assert.equal(start(disk, 5).raft.status().recovering, true);
  assert.match(reasonOn(disk) ?? '', /begins after entry 10, the database ends at 5/);
});

test('makeReplica() makes a replica that is barred when its state is known to be wrong', () => {
  const disk = diskWith(foundingWrite([SELF]));
  open(disk).quarantine.write(1);
  const replica = start(disk, 1);
  assert.equal(replica.diverged, true);
  replica.raft.standSoon();
  replica.tick(10_000);
  replica.drain();
  assert.equal(replica.raft.status().role, 'follower');
});

test('makeReplica() takes no entries that were replaced for those of the leader', () => {
  const disk = diskWith(foundingWrite(['a', 'b', 'c'].map((id) => ({ ...SELF, id }))));
  const { journal } = open(disk);
  for (const write of [
    { hardState: { term: 1, vote: null }, entries: entriesFrom(2, 8) },
    // These replace what was never committed, and will be lost without a trace.
    { hardState: { term: 2, vote: null }, entries: entriesFrom(3, 4, 2, 700) },
    { entries: entriesFrom(7, 2, 2), commit: 6 },
    { entries: entriesFrom(9, 1, 2), commit: 8 },
  ]) {
    journal.append(MAIN_GROUP, writeOf(write), () => {});
    journal.flush();
  }
  loseFrame(disk, 3 + 2 * 7);
  disk.kill();
  for (const applied of [2, 8]) {
    const { raft } = start(disk.fork(), applied);
    const appended = (previous: Position, entries: readonly Entry[]): number => {
      const call = { kind: 'append', from: 'b', to: 'a', term: 3 } as const;
      raft.step({ ...call, previous, entries, commit: 10, readSequence: 0, sentAtMs: 0 }, 1);
      const effects = raft.takeEffects();
      raft.ioDone(effects?.write?.ticket ?? 0);
      const after = raft.takeEffects();
      return (after ?? effects)?.apply?.after ?? effects?.apply?.after ?? -1;
    };
    const newest = entriesFrom(10, 1, 3);
    assert.equal(appended({ index: 9, term: 2 }, newest), -1);
    assert.equal(raft.status().commit, 0);
    assert.equal(raft.status().recovering, true, 'an entry vouches for none before it');
    const founding = raft.entries(0, 1);
    const whole = [...founding, ...entriesFrom(2, 1, 1), ...entriesFrom(3, 7, 2), ...newest];
    assert.equal(appended({ index: 0, term: 0 }, whole), applied, 'nothing is applied twice');
    assert.equal(raft.status().recovering, false);
    for (const { index, term } of raft.entries(2, 10)) assert.equal(term, index < 10 ? 2 : 3);
  }
});

/** Damages the sectors of the frame whose entries have `byte` in them, its header too. */
function loseFrame(disk: MemoryDisk, byte: number): void {
  for (const name of disk.list('/data/journal')) {
    const segment = `/data/journal/${name}`;
    const bytes = disk.readAll(segment).slice();
    const at = bytes.indexOf(byte, 4096 + 1024);
    if (at < 0) continue;
    bytes.fill(0xa5, at - (at % 512), at + 4 * 700);
    disk.replace(segment, bytes);
    return;
  }
  throw new Error('no segment holds the frame');
}
