import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLogger } from '../base/logger.ts';
import { Sfc32 } from '../base/prng.ts';
import { EMPTY_CONFIG } from '../raft/config-codec.ts';
import type { Member } from '../raft/config.ts';
import type { Write } from '../raft/effects.ts';
import { ManualClock } from '../replica/clock.suite.ts';
import type { Machine } from '../replica/machine.ts';
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

class IdleMachine implements Machine {
  readonly digest = 0;
  readonly applied: number;
  onFatal = (): void => {};

  constructor(applied: number) {
    this.applied = applied;
  }

  apply(): void {}
  persist(): void {}
  snapshot(): void {}
  restore(): void {}
  endsRange(): boolean {
    return false;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

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
