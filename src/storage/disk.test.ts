import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import { after, test } from 'node:test';

import { MemoryDisk } from './memory-disk.ts';
import { NodeDisk } from './node-disk.ts';
import { testDiskPort } from './storage.suite.ts';

const root = fs.mkdtempSync(`${os.tmpdir()}/quorlite-disk-`);
after(() => fs.rmSync(root, { recursive: true }));

testDiskPort('NodeDisk', () => ({
  disk: new NodeDisk(),
  directory: fs.mkdtempSync(`${root}/`),
}));

testDiskPort('MemoryDisk', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/data');
  return { disk, directory: '/data' };
});

test('L5 MemoryDisk.crash() loses names whose directory was not synced, in order', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/data');
  for (const name of ['a', 'b', 'c']) {
    const file = disk.open(`/data/${name}`, 'create');
    file.write(Uint8Array.from([1]), 0);
    file.sync();
    if (name === 'a') disk.syncDirectory('/data');
  }
  disk.crash((what) => what.kind === 'name');
  assert.deepEqual(disk.list('/data'), ['a']);
});

test('MemoryDisk.crash() keeps what was synced and loses sectors that were not', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/data');
  const file = disk.open('/data/a', 'create');
  file.write(new Uint8Array(1024).fill(1), 0);
  file.sync();
  disk.syncDirectory('/data');
  file.write(new Uint8Array(1024).fill(2), 0);
  disk.crash((what) => what.kind === 'sector' && what.offset === 512);
  const bytes = disk.readAll('/data/a');
  assert.deepEqual([bytes[0], bytes[511], bytes[512], bytes[1023]], [2, 2, 1, 1]);
  assert.throws(() => file.sync(), /process that opened it died/);
});

test('L3 MemoryDisk.sync() that failed succeeds the next time with the data lost', () => {
  const disk = new MemoryDisk();
  disk.makeDirectory('/data');
  const file = disk.open('/data/a', 'create');
  disk.syncDirectory('/data');
  file.write(new Uint8Array(512).fill(1), 0);
  disk.fault = ({ operation }) => (operation === 'sync' ? 'disk' : null);
  assert.throws(() => file.sync(), { code: 'disk' });
  disk.fault = null;
  file.sync();
  disk.crash(() => false);
  assert.equal(disk.readAll('/data/a')[0], 0);
});
