import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encodeText, NO_BYTES } from '../base/bytes.ts';
import { silentLogger } from '../base/logger.ts';
import { Sfc32 } from '../base/prng.ts';
import type { CallHandler } from '../peer/calls.ts';
import type { Hello } from '../peer/transport.ts';
import { EMPTY_CONFIG, encodeConfig } from '../raft/config-codec.ts';
import type { Member } from '../raft/config.ts';
import type { Entry } from '../raft/entry.ts';
import type { Append } from '../raft/message.ts';
import { ManualClock } from '../replica/clock.suite.ts';
import { IdleMachine } from '../replica/machine.suite.ts';
import { TOPIC } from '../replica/topics.ts';
import { writeOf } from '../storage/harness.suite.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import { SnapshotStore } from '../storage/snapshots.ts';
import { MAIN_GROUP, NodeHost, type NodePorts } from './node-host.ts';
import { openStorage } from './open-storage.ts';
import { decodeAnswer, encodePiece, type SnapshotAnswer } from './snapshot-wire.ts';

const MEMBERS: Member[] = ['a', 'b', 'c'].map((id) => ({
  id,
  incarnation: id,
  peerAddress: `${id}:1`,
  clientAddress: `${id}:2`,
}));
const CONFIG = { ...EMPTY_CONFIG, voters: ['a', 'b', 'c'], members: MEMBERS };
const MARK = { index: 50, term: 1, config: CONFIG };
const DIRECTORY = '/data/snapshots';

/** A machine that stopped at entry 5; taking over a copy lasts until the test says so. */
class SlowMachine extends IdleMachine {
  readonly restored: string[] = [];
  finish: (applied: number) => void = () => {};

  constructor() {
    super(5);
  }

  override restore(path: string, done: (applied: number) => void): void {
    this.restored.push(path);
    this.finish = done;
  }
}

/** The disk of a node that crashed after its log began anew at a copy, before its state did. */
async function interrupted(clock: ManualClock): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const storage = openAll(disk, clock);
  const { journal } = storage;
  journal.append(
    MAIN_GROUP,
    writeOf({ hardState: { term: 1, vote: null }, installed: MARK, commit: 50 }),
    () => {},
  );
  journal.flush();
  storage.directory.setCluster('c'.repeat(32));
  const store = SnapshotStore.open({ disk, clock, directory: DIRECTORY });
  const local = store.begin(MAIN_GROUP);
  disk.replace(local.path, encodeText('the state at entry 50'));
  await new Promise<void>((resolve) => {
    store.finish(local, { position: MARK, config: CONFIG }, (error) => {
      assert.equal(error, null);
      resolve();
    });
  });
  journal.close();
  return disk;
}

function openAll(disk: MemoryDisk, clock: ManualClock) {
  return openStorage({
    disk,
    path: '/data',
    id: 'a',
    defaultId: 'a',
    version: '',
    clock,
    random: new Sfc32(1, 2),
    logger: silentLogger,
    journal: { sync: 'inline' },
    onFatal: (error) => {
      throw error;
    },
    onSpace: () => {},
  });
}

/** A start on a copy of `from`, which what an earlier start still does cannot touch. */
function start(from: MemoryDisk, clock: ManualClock) {
  const disk = from.fork();
  const storage = openAll(disk, clock);
  const machine = new SlowMachine();
  const handlers = new Map<number, CallHandler>();
  const stopped: Error[] = [];
  const calls = {
    handle: (topic: number, handler: CallHandler) => handlers.set(topic, handler),
    call: () => {},
    onDisconnected: () => {},
  };
  const transport = { setHello: () => {}, connect: () => {}, send: () => false, flush: () => {} };
  const host = new NodeHost(
    {
      id: 'a',
      incarnation: 'a',
      cluster: storage.directory.cluster,
      version: '',
      engine: '',
      clientAddress: 'a:2',
      join: [],
      bootstrapExpect: 0,
      founders: '',
      leases: false,
      electionTimeoutMs: 1000,
      heartbeatIntervalMs: 100,
      applyDelayMs: 0,
      compactBytes: 1e6,
      trailingBytes: 0,
      snapshotPieceBytes: 1e6,
      restored: storage.restored(MAIN_GROUP),
    },
    {
      clock,
      random: new Sfc32(1, 2),
      logger: silentLogger,
      transport: transport as unknown as NodePorts['transport'],
      calls: calls as unknown as NodePorts['calls'],
      journal: storage.journal,
      machine,
      snapshots: SnapshotStore.open({ disk, clock, directory: DIRECTORY }),
      quarantine: storage.quarantine,
      rememberCluster: () => {},
    },
    { onEntered: () => {}, onStopped: (error) => stopped.push(error) },
  );
  host.start('a:1');
  clock.advance(1);
  const offer = (index: number): SnapshotAnswer | null => {
    const answers: SnapshotAnswer[] = [];
    const mark = { ...MARK, index };
    const body = encodePiece({ mark, hash: 'e'.repeat(64), size: 4, offset: 0, bytes: NO_BYTES });
    handlers.get(TOPIC.snapshot)?.(
      'b',
      body,
      (_error, said) => answers.push(decodeAnswer(said)),
      MAIN_GROUP,
    );
    return answers[0] ?? null;
  };
  return { disk, host, machine, stopped, offer };
}

test('NodeHost finishes what a crash interrupted before it takes another copy', async () => {
  const clock = new ManualClock();
  const { host, machine, offer } = start(await interrupted(clock), clock);
  assert.equal(machine.restored.length, 1);
  assert.match(JSON.stringify(offer(90)), /refused.*being installed/);
  machine.finish(50);
  assert.equal(offer(90)?.kind, 'continue');
  host.close();
});

test('NodeHost does not take over a copy that has rotted since it came', async () => {
  const clock = new ManualClock();
  const disk = await interrupted(clock);
  const [name] = disk.list(DIRECTORY).filter((file) => file.endsWith('.db'));
  assert.ok(name !== undefined);
  disk.replace(`${DIRECTORY}/${name}`, encodeText('the state at entry 51'));
  const { disk: after, machine, stopped } = start(disk, clock);
  assert.deepEqual(machine.restored, []);
  assert.match(String(stopped[0]), /Cannot use snapshot/);
  // The next start has no copy: it waits for one from the leader.
  const again = start(after, clock);
  assert.deepEqual(again.stopped, []);
  assert.equal(again.offer(90)?.kind, 'continue');
  again.host.close();
});

test('NodeHost sends nobody away because a configuration fell back', async () => {
  const clock = new ManualClock();
  const { host, machine } = start(await interrupted(clock), clock);
  machine.finish(50);
  const d: Member = { id: 'd', incarnation: 'd', peerAddress: 'd:1', clientAddress: 'd:2' };
  const withD = encodeConfig({ ...CONFIG, learners: ['d'], members: [...MEMBERS, d] });
  const hear = (append: Omit<Append, 'kind' | 'to' | 'readSequence' | 'sentAtMs'>): void => {
    const message: Append = { kind: 'append', to: 'a', readSequence: 0, sentAtMs: 0, ...append };
    host.onPacket(append.from, { kind: 'raft', group: MAIN_GROUP, message });
    clock.advance(1);
  };
  const config = (index: number, term: number, data: Uint8Array): Entry => {
    return { index, term, kind: 'config', data };
  };
  const hello: Hello = {
    ...d,
    cluster: host.cluster,
    version: '',
    engine: '',
    founders: '',
    recovering: false,
  };
  // `b` lets `d` in and is lost; `c` leads without that, then lets `d` in again, unheard here yet.
  const previous = { index: 50, term: 1 };
  hear({ from: 'b', term: 2, previous, entries: [config(51, 2, withD)], commit: 50 });
  const noop: Entry = { index: 51, term: 3, kind: 'noop', data: NO_BYTES };
  hear({ from: 'c', term: 3, previous, entries: [noop], commit: 51 });
  assert.equal(host.admit(hello), null);
  // What is committed removes it for good.
  const after = { index: 51, term: 3 };
  hear({ from: 'c', term: 3, previous: after, entries: [config(52, 3, withD)], commit: 52 });
  const without = config(53, 3, encodeConfig(CONFIG));
  hear({ from: 'c', term: 3, previous: { index: 52, term: 3 }, entries: [without], commit: 52 });
  assert.equal(host.admit(hello), null);
  hear({ from: 'c', term: 3, previous: { index: 53, term: 3 }, entries: [], commit: 53 });
  assert.match(host.admit(hello) ?? '', /^not-member: /);
  host.close();
});
