import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Disk, DiskFile } from '../src/storage/disk.ts';
import { MachineDisk } from './disk.ts';
import { Events } from './events.ts';
import { SECTOR_BYTES } from './inode.ts';
import { Life } from './life.ts';
import { Chance, STREAM } from './random.ts';

interface Bench {
  readonly events: Events;
  readonly machine: MachineDisk;
  readonly life: Life;
}

function bench(seed: number): Bench {
  const events = new Events();
  const chance = new Chance(seed);
  const timing = chance.stream(STREAM.diskTime, 0);
  const fate = chance.stream(STREAM.diskCrash, 0);
  const machine = new MachineDisk({ events, timing, fate });
  machine.addDirectory('/data', 0);
  return { events, machine, life: new Life(events, 0, 0) };
}

test('what was synced and named survives every power loss', () => {
  for (let seed = 0; seed < 50; seed++) {
    const { events, machine, life } = bench(seed);
    const disk = machine.mount(life);
    const file = disk.open('/data/file', 'create');
    file.write(new Uint8Array(3000).fill(7), 0);
    file.sync();
    disk.syncDirectory('/data');
    file.write(new Uint8Array(3000).fill(9), 3000);
    machine.onPowerLoss(life.time);
    const left = machine.mount(new Life(events, 0, 1)).readAll('/data/file');
    assert.ok(left.length >= 3000);
    assert.ok(left.subarray(0, 3000).every((byte) => byte === 7));
  }
});

test('what was not synced is lost whole, kept whole, or torn at sectors, by the seed', () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const { events, machine, life } = bench(seed);
    const disk = machine.mount(life);
    const file = disk.open('/data/file', 'create');
    file.write(new Uint8Array(4 * SECTOR_BYTES), 0);
    file.sync();
    disk.syncDirectory('/data');
    file.write(new Uint8Array(4 * SECTOR_BYTES).fill(1), 0);
    machine.onPowerLoss(life.time);
    const left = machine.mount(new Life(events, 0, 1)).readAll('/data/file');
    const sectors = [0, 1, 2, 3].map((at) => left[at * SECTOR_BYTES] ?? 0);
    for (let at = 0; at < left.length; at++) {
      assert.equal(left[at], sectors[Math.floor(at / SECTOR_BYTES)]);
    }
    outcomes.add(sectors.join(''));
  }
  assert.ok(
    outcomes.has('0000') && outcomes.has('1111') && outcomes.size > 6,
    [...outcomes].join(),
  );
});

test('a sync that is under way when the power goes promises nothing', () => {
  let kept = 0;
  for (let seed = 0; seed < 100; seed++) {
    const { events, machine, life } = bench(seed);
    const disk = machine.mount(life);
    const file = disk.open('/data/file', 'create');
    file.write(new Uint8Array(SECTOR_BYTES).fill(5), 0);
    disk.syncDirectory('/data');
    file.syncSoon(() => assert.fail('the process died before'));
    life.end();
    machine.onPowerLoss(life.time);
    const left = machine.mount(new Life(events, 0, 1)).readAll('/data/file');
    if (left.length > 0 && left[0] === 5) kept++;
  }
  assert.ok(kept > 5 && kept < 95, `${kept} of 100`);
});

/** What a power loss leaves when a slow sync is under way and a quick, later one is over. */
function overtaken(
  seed: number,
  named: 'before' | 'by it',
  sync: (disk: Disk, file: DiskFile, how: 'soon' | 'now') => void,
): Uint8Array | null {
  const { events, machine, life } = bench(seed);
  const disk = machine.mount(life);
  const file = disk.open('/data/file', 'create');
  if (named === 'before') disk.syncDirectory('/data');
  file.write(new Uint8Array(SECTOR_BYTES).fill(5), 0);
  machine.condition.hangUntil = 10_000;
  sync(disk, file, 'soon');
  machine.condition.hangUntil = 0;
  sync(disk, file, 'now');
  life.end();
  machine.onPowerLoss(life.time);
  const after = machine.mount(new Life(events, 0, 1));
  return after.exists('/data/file') ? after.readAll('/data/file') : null;
}

test('a sync of a directory that is over counts, though an older one is under way', () => {
  for (let seed = 0; seed < 20; seed++) {
    const found = overtaken(seed, 'by it', (disk, file, how) => {
      if (how === 'soon') {
        disk.syncDirectorySoon('/data', () => assert.fail('the process died before'));
        return;
      }
      file.sync();
      disk.syncDirectory('/data');
    });
    assert.equal(found?.[0], 5, `seed ${seed}`);
  }
});

test('a sync of a file that is over counts, though an older one is under way', () => {
  for (let seed = 0; seed < 20; seed++) {
    const found = overtaken(seed, 'before', (_disk, file, how) => {
      if (how === 'soon') file.syncSoon(() => assert.fail('the process died before'));
      else file.sync();
    });
    assert.equal(found?.[0], 5, `seed ${seed}`);
  }
});

test('the death of a process loses nothing and makes nothing durable', () => {
  const { events, machine, life } = bench(1);
  const disk = machine.mount(life);
  disk.open('/data/file', 'create').write(Uint8Array.of(1, 2, 3), 0);
  machine.onProcessEnd(events.now);
  assert.deepEqual([...machine.mount(life).readAll('/data/file')], [1, 2, 3]);
  assert.equal(machine.find('/data/file')?.durableSize, 0);
});

test('after a failed sync the next one succeeds with the data lost, as on Linux', () => {
  const { events, machine, life } = bench(3);
  const disk = machine.mount(life);
  const file = disk.open('/data/file', 'create');
  disk.syncDirectory('/data');
  file.write(new Uint8Array(SECTOR_BYTES).fill(5), 0);
  machine.condition.failNext = 'sync';
  assert.throws(() => file.sync(), /EIO/);
  file.sync();
  assert.equal(machine.mount(life).readAll('/data/file')[0], 5);
  machine.settle(life.time);
  assert.equal(machine.find('/data/file')?.durableContents()[0] ?? 0, 0);
  void events;
});

test('what a disk lost is missed after the next power loss, though no write was under way', () => {
  for (const how of ['lost', 'misdirected'] as const) {
    const { events, machine, life } = bench(5);
    const disk = machine.mount(life);
    const file = disk.open('/data/file', 'create');
    const bytes = Uint8Array.from({ length: 40 * SECTOR_BYTES }, (_, at) => 1 + (at >> 9));
    file.write(bytes, 0);
    file.sync();
    disk.syncDirectory('/data');
    machine.settle(life.time);
    assert.notEqual(
      machine.damage(how, () => true),
      null,
    );
    assert.deepEqual(disk.readAll('/data/file'), bytes, 'the cache still has it');
    machine.onPowerLoss(life.time);
    const left = machine.mount(new Life(events, 0, 1)).readAll('/data/file');
    const zeros = left.filter((byte) => byte === 0).length;
    assert.equal(zeros, SECTOR_BYTES, how);
  }
});

test('a directory is there after a power loss if its process had come so far', () => {
  for (const came of [true, false]) {
    const { events, machine, life } = bench(1);
    const disk = machine.mount(life);
    disk.syncDirectory('/data');
    disk.makeDirectory('/data/inner');
    assert.ok(life.time > 0);
    machine.onPowerLoss(came ? life.time : life.time / 2);
    assert.equal(machine.mount(new Life(events, 0, 1)).exists('/data/inner'), came);
  }
});
