import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { checksum } from './crc.ts';
import { CONFIG, TestClock } from './harness.suite.ts';
import { MemoryDisk } from './memory-disk.ts';
import type { PartialSnapshot } from './partial-snapshot.ts';
import type { Snapshot, SnapshotOffer } from './snapshot-file.ts';
import { SnapshotStore } from './snapshots.ts';

const DIRECTORY = '/data/snapshots';
const STATE = Uint8Array.from({ length: 3_000_000 }, (_unused, at) => (at * 31) % 251);

class Fixture {
  readonly clock = new TestClock();
  readonly disk: MemoryDisk = new MemoryDisk({ later: (run) => this.clock.defer(run) });

  open(): SnapshotStore {
    return SnapshotStore.open({ disk: this.disk, clock: this.clock, directory: DIRECTORY });
  }

  make(store: SnapshotStore, index: number, group = 1): Snapshot {
    const local = store.begin(group);
    this.write(local.path, STATE);
    let made: Snapshot | null = null;
    store.finish(local, { position: { index, term: 2 }, config: CONFIG }, (error, snapshot) => {
      assert.equal(error, null);
      made = snapshot;
    });
    assert.equal(made, null);
    this.clock.drain();
    assert(made !== null);
    return made;
  }

  write(path: string, bytes: Uint8Array): void {
    const file = this.disk.open(path, 'create');
    file.write(bytes, 0);
    file.close();
  }

  verify(store: SnapshotStore, snapshot: Snapshot): string | null {
    let result: string | null = 'not called';
    store.verify(snapshot, (error) => (result = error?.code ?? null));
    this.clock.drain();
    return result;
  }

  accept(store: SnapshotStore, partial: PartialSnapshot): string | null {
    let result: string | null = 'not called';
    store.accept(partial, (error) => (result = error?.code ?? null));
    this.clock.drain();
    return result;
  }
}

/** Begins or continues to receive. */
function receive(store: SnapshotStore, offer: SnapshotOffer): PartialSnapshot {
  const answer = store.receive(offer);
  assert(answer.have === null);
  return answer.partial;
}

function chunkAt(
  bytes: Uint8Array,
  offset: number,
  length: number,
): Parameters<PartialSnapshot['append']>[0] {
  const part = bytes.subarray(offset, offset + length);
  return { offset, bytes: part, crc: checksum(part) };
}

function fill(partial: PartialSnapshot, bytes = STATE): void {
  while (partial.offset < bytes.length) {
    partial.append(chunkAt(bytes, partial.offset, 1_000_000));
  }
}

test('finish() names a snapshot by group, index, term and hash; it outlives a crash', () => {
  const fixture = new Fixture();
  const store = fixture.open();
  const snapshot = fixture.make(store, 7);
  const hash = createHash('sha256').update(STATE).digest('hex');
  assert.equal(snapshot.id, hash);
  assert.equal(snapshot.path, `${DIRECTORY}/1-7-2-${hash.slice(0, 16)}.db`);
  fixture.disk.crash(() => true);
  const again = fixture.open();
  assert.deepEqual(again.newest(1), snapshot);
  assert.equal(fixture.verify(again, snapshot), null);
  assert.equal(again.newest(2), null);
});

test('prune() keeps the newest of a group', () => {
  const fixture = new Fixture();
  const store = fixture.open();
  for (const index of [3, 9, 5]) fixture.make(store, index);
  fixture.make(store, 1, 2);
  store.prune(1, 2);
  assert.deepEqual(
    store.list(1).map(({ position }) => position.index),
    [9, 5],
  );
  assert.equal(store.list(2).length, 1);
  store.forget(1);
  assert.deepEqual(store.list(1), []);
  assert.equal(fixture.disk.list(DIRECTORY).length, 2);
});

test('S4 a transfer goes on where the receiver is, whatever the sender believes', () => {
  const fixture = new Fixture();
  const sender = fixture.open();
  const offer: SnapshotOffer = fixture.make(sender, 7);
  const receiver = new Fixture();
  let store = receiver.open();
  let partial = receive(store, offer);
  assert.equal(partial.append(chunkAt(STATE, 0, 500_000)), 500_000);
  assert.equal(partial.append(chunkAt(STATE, 0, 500_000)), 500_000);
  assert.equal(partial.append(chunkAt(STATE, 600_000, 10)), 500_000);
  assert.equal(partial.append({ ...chunkAt(STATE, 500_000, 10), crc: 1 }), 500_000);
  assert.equal(receive(store, offer), partial);
  store.close();
  receiver.disk.kill();
  store = receiver.open();
  partial = receive(store, offer);
  assert.equal(partial.offset, 500_000);
  fill(partial);
  assert(partial.isFull);
  assert.equal(partial.append(chunkAt(STATE, 0, 1)), STATE.length);
  assert.equal(receiver.accept(store, partial), null);
  const have = store.receive(offer).have;
  assert.deepEqual(have?.config, CONFIG);
  assert.deepEqual(receiver.disk.readAll(have?.path ?? ''), STATE);
});

test('S10 a partial file damaged by a crash is found by its hash and begun anew', () => {
  const fixture = new Fixture();
  const offer = fixture.make(fixture.open(), 7);
  const receiver = new Fixture();
  let store = receiver.open();
  fill(receive(store, offer));
  receiver.disk.syncDirectory(DIRECTORY);
  receiver.disk.crash((what) => what.kind === 'sector' && what.offset % 4096 === 512);
  store = receiver.open();
  const partial = receive(store, offer);
  fill(partial);
  assert.equal(receiver.accept(store, partial), 'corrupt');
  assert.equal(store.newest(1), null);
  const anew = receive(store, offer);
  assert.equal(anew.offset, 0);
  fill(anew);
  assert.equal(receiver.accept(store, anew), null);
});

test('S10 whatever call a crash interrupts, a snapshot is complete or not there', () => {
  for (let nth = 0; nth < 14; nth++) {
    const fixture = new Fixture();
    const store = fixture.open();
    const start = fixture.disk.calls;
    const local = store.begin(1);
    fixture.disk.fault = ({ number }) => (number >= start + nth ? 'disk' : null);
    let complete = false;
    try {
      fixture.write(local.path, STATE.subarray(0, 5000));
      const state = { position: { index: 3, term: 1 }, config: CONFIG };
      store.finish(local, state, (error) => (complete = error === null));
      fixture.clock.drain();
    } catch {
      // The machine died here.
    }
    fixture.disk.fault = null;
    fixture.disk.crash(({ kind }) => kind === 'sector' || nth % 2 === 0);
    const found = fixture.open().newest(1);
    if (complete) assert(found !== null, `call ${nth}`);
    if (found !== null) assert.equal(fixture.verify(fixture.open(), found), null, `call ${nth}`);
    const rest = fixture.disk.list(DIRECTORY);
    assert.equal(rest.length, found === null ? 0 : 2, rest.join(' '));
  }
});

test('S10 a snapshot that is found at a start is still there after a power loss', () => {
  const fixture = new Fixture();
  const store = fixture.open();
  const local = store.begin(1);
  fixture.write(local.path, STATE.subarray(0, 5000));
  // The process dies when the JSON has its name and the directory is not synced.
  let syncs = 0;
  fixture.disk.fault = ({ operation }) =>
    syncs >= 2 || (operation === 'sync-directory' && ++syncs === 2) ? 'killed' : null;
  store.finish(local, { position: { index: 3, term: 1 }, config: CONFIG }, () => {});
  fixture.clock.drain();
  assert.equal(syncs, 2);
  fixture.disk.fault = null;
  fixture.disk.kill();
  const found = fixture.open().newest(1);
  assert(found !== null);
  fixture.disk.crash(() => true);
  assert.deepEqual(fixture.open().newest(1), found);
});

test('S11 a flipped bit in a snapshot is found before it is used, and the snapshot removed', () => {
  const fixture = new Fixture();
  const store = fixture.open();
  const older = fixture.make(store, 3);
  const newer = fixture.make(store, 9);
  fixture.disk.flip(newer.path, 1_234_567, 4);
  assert.equal(fixture.verify(store, newer), 'corrupt');
  assert.deepEqual(store.newest(1), older);
  assert.equal(fixture.disk.exists(newer.path), false);
});

test('S11 a snapshot that was damaged before it was sent is not accepted', () => {
  const fixture = new Fixture();
  const store = fixture.open();
  const snapshot = fixture.make(store, 3);
  fixture.disk.flip(snapshot.path, 99, 4);
  const reader = store.read(snapshot);
  const receiver = new Fixture();
  const target = receiver.open();
  const partial = receive(target, snapshot);
  while (!partial.isFull) {
    const bytes = reader.read(partial.offset, 1_000_000);
    partial.append({ offset: partial.offset, bytes, crc: checksum(bytes) });
  }
  reader.close();
  assert.equal(receiver.accept(target, partial), 'corrupt');
  assert.equal(target.newest(1), null);
});

test('discardPartials() and discardForeignPartials() remove what nobody will continue', () => {
  const fixture = new Fixture();
  const offer = fixture.make(fixture.open(), 7);
  const receiver = new Fixture();
  const store = receiver.open();
  receive(store, offer).append(chunkAt(STATE, 0, 10));
  receiver.write(`${DIRECTORY}/${'f'.repeat(64)}.part`, STATE);
  assert.equal(receiver.disk.list(DIRECTORY).length, 2);
  store.discardForeignPartials();
  assert.deepEqual(receiver.disk.list(DIRECTORY), [`${offer.id}.part`]);
  store.discardPartials(1, 7);
  assert.equal(receiver.disk.list(DIRECTORY).length, 1);
  store.discardPartials(1, 8);
  assert.deepEqual(receiver.disk.list(DIRECTORY), []);
});

test('receive() refuses an offer whose id could leave the directory', () => {
  const fixture = new Fixture();
  const offer = fixture.make(fixture.open(), 7);
  const store = fixture.open();
  const bad = { ...offer, id: '../../etc/passwd' };
  assert.throws(() => store.receive(bad), { code: 'invalid-request' });
});

test('a full disk leaves nothing of a snapshot that could not be named, and nothing open', () => {
  const fixture = new Fixture();
  const offer = fixture.make(fixture.open(), 7);
  const receiver = new Fixture();
  const store = receiver.open();
  const partial = receive(store, offer);
  fill(partial);
  const { open } = receiver.disk;
  let handles = 0;
  receiver.disk.open = (path, mode) => {
    const file = open.call(receiver.disk, path, mode);
    const { close } = file;
    handles++;
    file.close = () => {
      handles--;
      close.call(file);
    };
    return file;
  };
  receiver.disk.fault = ({ operation, path }) =>
    operation === 'write' && path.endsWith('.json.tmp') ? 'disk-full' : null;
  assert.equal(receiver.accept(store, partial), 'disk-full');
  assert.equal(handles, 0);
  assert.deepEqual(
    receiver.disk.list(DIRECTORY).filter((name) => !name.endsWith('.tmp')),
    [],
  );
});

test('a snapshot that is made again stays complete meanwhile', () => {
  const fixture = new Fixture();
  const store = fixture.open();
  const snapshot = fixture.make(store, 7);
  const local = store.begin(1);
  fixture.write(local.path, STATE);
  const { position, config } = snapshot;
  const seen = new Set<string>();
  fixture.disk.fault = () => {
    seen.add(fixture.disk.list.call(fixture.disk.fork(), DIRECTORY).join(' '));
    return null;
  };
  let made: Snapshot | null = null;
  store.finish(local, { position, config }, (_error, again) => (made = again));
  fixture.clock.drain();
  assert.deepEqual(made, snapshot);
  for (const names of seen) assert.match(names, /\.db .*\.json/);
});

test('receive() keeps nothing of transfers that a newer one makes useless', () => {
  const fixture = new Fixture();
  const offer: SnapshotOffer = fixture.make(fixture.open(), 7);
  let store = fixture.open();
  for (let index = 8; index < 20; index++) {
    const id = index.toString(16).padStart(64, '0');
    const { term } = offer.position;
    receive(store, { ...offer, id, position: { index, term } }).append(chunkAt(STATE, 0, 10));
    const partials = fixture.disk.list(DIRECTORY).filter((name) => name.endsWith('.part'));
    assert.deepEqual(partials, [`${id}.part`]);
    // Every third time in another life.
    if (index % 3 > 0) continue;
    store.close();
    fixture.disk.kill();
    store = fixture.open();
  }
});

test('open() removes what a machine that was killed left beside the file it was given', () => {
  const fixture = new Fixture();
  const { path } = fixture.open().begin(1);
  for (const ending of ['.partial', '.partial-wal', '.partial-journal']) {
    fixture.write(path + ending, STATE);
  }
  fixture.disk.kill();
  fixture.open();
  assert.deepEqual(fixture.disk.list(DIRECTORY), []);
});
