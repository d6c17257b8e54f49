import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { silentLogger } from '../base/logger.ts';
import type { Answer, CallResult, Calls } from '../peer/calls.ts';
import { EMPTY_CONFIG } from '../raft/config-codec.ts';
import type { SnapshotMark } from '../raft/effects.ts';
import { ManualClock } from '../replica/clock.suite.ts';
import type { Machine, SnapshotOutcome } from '../replica/machine.ts';
import type { Replica } from '../replica/replica.ts';
import { TOPIC } from '../replica/topics.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import type { Snapshot } from '../storage/snapshot-file.ts';
import { SnapshotStore } from '../storage/snapshots.ts';
import { SnapshotTraffic } from './snapshot-traffic.ts';
import { decodePiece, encodeAnswer, encodePiece } from './snapshot-wire.ts';

const GROUP = 1;
const DIRECTORY = '/data/snapshots';
const WRONG = new Uint8Array(5_000_000).fill(1);
const RIGHT = new Uint8Array(5000).fill(2);
const MARK: SnapshotMark = { index: 7, term: 2, config: EMPTY_CONFIG };

/** A node whose state is wrong, and what it hands out. */
class Fixture {
  readonly clock = new ManualClock();
  readonly disk: MemoryDisk = new MemoryDisk({ later: (run) => this.clock.defer(run) });
  readonly store = this.open();
  readonly #handlers = new Map<number, Parameters<Calls['handle']>[1]>();
  /** Called instead of the machine's restore, with the note cleared right after it. */
  onReplace: () => void = () => {};
  readonly fatal: string[] = [];
  answersAfterMs = 1;
  /** Bytes of copies that left. */
  sent = 0;
  readonly replica = {
    diverged: false,
    applied: MARK.index,
    isLeader: true,
    leadership: { term: MARK.term },
    said: 'doubted',
    standing: (reached: number) => (reached === MARK.index ? this.replica.said : 'no copy'),
    raft: { status: () => ({ commit: MARK.index, first: 1 }) },
    install: (_mark: SnapshotMark, done: (accepted: boolean) => void) => {
      done(false);
    },
    replaceState: (_path: string, done: () => void) => {
      this.onReplace();
      done();
    },
    hold: (done: () => void) => {
      done();
    },
    markAt: () => MARK,
    pin: () => {},
    unpin: () => {},
    snapshotStatus: () => {},
  };
  readonly traffic = new SnapshotTraffic({
    replica: this.replica as unknown as Replica,
    machine: {
      snapshot: (path: string, done: (outcome: SnapshotOutcome) => void) => {
        this.write(path, WRONG);
        done({ ok: true, index: MARK.index, bytes: WRONG.length });
      },
    } as unknown as Machine,
    calls: {
      handle: (topic: number, handler: Parameters<Calls['handle']>[1]) => {
        this.#handlers.set(topic, handler);
      },
      call: (_to: string, { body }: { body: Uint8Array }, done: (result: CallResult) => void) => {
        const piece = decodePiece(body);
        const size = piece?.bytes.length ?? 0;
        this.sent += size;
        const answer = encodeAnswer({ kind: 'continue', offset: (piece?.offset ?? 0) + size });
        this.clock.after(this.answersAfterMs, () => {
          done({ ok: true, body: answer });
        });
      },
    } as unknown as Calls,
    store: this.store,
    clock: this.clock,
    logger: silentLogger,
    group: GROUP,
    pieceBytes: 1_000_000,
    onUnusable: ({ code }) => {
      this.fatal.push(code);
    },
  });

  open(): SnapshotStore {
    const { disk, clock } = this;
    return SnapshotStore.open({ disk, clock, directory: DIRECTORY });
  }

  write(path: string, bytes: Uint8Array): void {
    const file = this.disk.open(path, 'create');
    file.write(bytes, 0);
    file.close();
  }

  /** Another node sends the whole of a copy. */
  receive(bytes: Uint8Array, answer: Answer): void {
    const body = encodePiece({
      mark: MARK,
      hash: hashOf(bytes),
      size: bytes.length,
      offset: 0,
      bytes,
    });
    this.#handlers.get(TOPIC.snapshot)?.('b', body, answer, GROUP);
  }

  /** A complete snapshot of `bytes` in the store. */
  finish(bytes: Uint8Array): Snapshot {
    const local = this.store.begin(GROUP);
    this.write(local.path, bytes);
    const { index, term, config } = MARK;
    let made: Snapshot | null = null;
    this.store.finish(local, { position: { index, term }, config }, (_error, snapshot) => {
      made = snapshot;
    });
    this.clock.settle();
    assert(made !== null);
    return made;
  }

  hashes(store: SnapshotStore = this.store): string[] {
    return store.list(GROUP).map(({ id }) => id);
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

test('copies made of a wrong state are gone, durably, before another copy replaces it', () => {
  const fixture = new Fixture();
  fixture.replica.diverged = true;
  fixture.finish(WRONG);
  assert.deepEqual(fixture.hashes(), [hashOf(WRONG)]);
  let left: string[] | null = null;
  fixture.onReplace = () => {
    // From here on nothing may remember that this node was wrong.
    fixture.disk.crash(() => true);
    left = fixture.hashes(fixture.open());
  };
  fixture.receive(RIGHT, (error) => {
    assert.equal(error, null);
  });
  fixture.clock.settle();
  assert.deepEqual(left, [hashOf(RIGHT)]);
});

test('a leader that was not trusted hands out no copy when it leads no more', () => {
  const fixture = new Fixture();
  fixture.traffic.send({ to: 'c', minimum: MARK });
  fixture.clock.advance(100);
  assert.equal(fixture.sent, 0, 'a voter contradicts it');
  fixture.replica.isLeader = false;
  fixture.clock.advance(10_000);
  assert.equal(fixture.sent, 0);
});

test('silence of the voters in one reign is no trust in the next one', () => {
  const fixture = new Fixture();
  fixture.replica.said = 'unknown';
  fixture.answersAfterMs = 5000;
  fixture.traffic.send({ to: 'c', minimum: MARK });
  // The answer to the question before the first piece comes when this node leads again.
  fixture.clock.advance(4900);
  fixture.replica.leadership.term++;
  fixture.clock.advance(200);
  assert.equal(fixture.sent, 0);
  fixture.clock.advance(3000);
  assert.ok(fixture.sent > 0);
});

test('a copy that set out with the trust of the voters goes on when another node leads', () => {
  const fixture = new Fixture();
  fixture.replica.said = 'confirmed';
  fixture.traffic.send({ to: 'c', minimum: MARK });
  while (fixture.sent === 0) fixture.clock.advance(1);
  fixture.replica.isLeader = false;
  fixture.replica.said = 'doubted';
  fixture.clock.advance(10_000);
  assert.equal(fixture.sent, WRONG.length);
});

test('a copy that set out does not go on once the state it was made of is replaced', () => {
  const fixture = new Fixture();
  fixture.replica.said = 'confirmed';
  fixture.traffic.send({ to: 'c', minimum: MARK });
  while (fixture.sent === 0) fixture.clock.advance(1);
  const { sent } = fixture;
  assert(sent < WRONG.length);
  // Between two pieces a majority contradicts it, and gives it a copy of its own.
  fixture.replica.isLeader = false;
  fixture.replica.diverged = true;
  let isReplaced = false;
  fixture.onReplace = () => {
    isReplaced = true;
    fixture.replica.diverged = false;
  };
  fixture.receive(RIGHT, () => {});
  fixture.clock.settle();
  assert(isReplaced);
  fixture.clock.advance(10_000);
  assert.equal(fixture.sent, sent);
});

test('a copy of the state that is finished after the state was replaced is not kept', () => {
  const fixture = new Fixture();
  fixture.traffic.send({ to: 'c', minimum: MARK });
  fixture.replica.diverged = true;
  let answered = false;
  fixture.receive(RIGHT, () => {
    answered = true;
  });
  fixture.clock.settle();
  assert(answered);
  assert.deepEqual(fixture.hashes(), [hashOf(RIGHT)]);
  assert.deepEqual(fixture.hashes(fixture.open()), [hashOf(RIGHT)]);
  assert.equal(fixture.disk.list(DIRECTORY).length, 2);
});

test('an interrupted installation goes on with a copy that was read back, and no other', () => {
  for (const damaged of [false, true]) {
    const fixture = new Fixture();
    const snapshot = fixture.finish(RIGHT);
    let replaced = 0;
    fixture.onReplace = () => {
      replaced++;
    };
    if (damaged) fixture.disk.flip(snapshot.path, 1234, 4);
    fixture.traffic.start(snapshot);
    fixture.clock.settle();
    assert.equal(replaced, damaged ? 0 : 1);
    assert.deepEqual(fixture.fatal, damaged ? ['corrupt'] : []);
    assert.equal(fixture.hashes(fixture.open()).length, damaged ? 0 : 1);
  }
});
