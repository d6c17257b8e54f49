import assert from 'node:assert/strict';
import { test } from 'node:test';

import { silentLogger } from '../base/logger.ts';
import { ManualClock } from '../replica/clock.suite.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import { SpaceWatch } from './space-watch.ts';

const MIB = 1024 * 1024;

function setup(freeMib: number) {
  const clock = new ManualClock();
  const disk = new MemoryDisk();
  const told: boolean[] = [];
  const errors: Error[] = [];
  disk.capacityBytes = freeMib * MIB;
  const watch = new SpaceWatch({
    disk,
    clock,
    logger: silentLogger,
    path: '/',
    onChange: (low) => told.push(low),
    onFatal: (error) => errors.push(error),
  });
  return { clock, disk, told, errors, watch };
}

test('SpaceWatch tells when space gets short and when there is some again, once each', () => {
  const { clock, disk, told, watch } = setup(100);
  watch.start();
  assert.deepEqual([watch.low, told], [false, []]);
  disk.capacityBytes = 31 * MIB;
  clock.advance(1000);
  assert.deepEqual([watch.low, told], [true, [true]]);
  disk.capacityBytes = 33 * MIB;
  clock.advance(1000);
  assert.deepEqual(told, [true], 'a little more is not enough');
  disk.capacityBytes = 40 * MIB;
  clock.advance(1000);
  assert.deepEqual([watch.low, told], [false, [true, false]]);
});

test('SpaceWatch tells at once when the disk is full at the start', () => {
  const { told, watch } = setup(1);
  watch.start();
  assert.deepEqual([watch.low, told], [true, [true]]);
});

test('SpaceWatch refuses while either the disk or the journal lacks space', () => {
  const { clock, disk, told, watch } = setup(100);
  watch.start();
  watch.onJournal(true);
  disk.capacityBytes = 0;
  clock.advance(1000);
  watch.onJournal(false);
  assert.deepEqual([watch.low, told], [true, [true]]);
  disk.capacityBytes = 100 * MIB;
  clock.advance(1000);
  assert.deepEqual([watch.low, told], [false, [true, false]]);
});

test('SpaceWatch reports a disk that cannot be asked, and looks no more', () => {
  const { clock, disk, errors, watch } = setup(100);
  watch.start();
  disk.freeBytes = () => {
    throw new Error('gone');
  };
  clock.advance(10_000);
  assert.deepEqual(
    errors.map(({ message }) => message),
    ['gone'],
  );
});

test('SpaceWatch tells nothing after it was stopped', () => {
  const { clock, disk, told, watch } = setup(100);
  watch.start();
  watch.stop();
  disk.capacityBytes = 0;
  clock.advance(10_000);
  assert.deepEqual(told, []);
});
