import assert from 'node:assert/strict';
import { test } from 'node:test';

import { decodeText, encodeText } from '../base/bytes.ts';
import { MemoryDisk } from './memory-disk.ts';
import { QuarantineNote } from './quarantine.ts';

const PATH = '/data/databases/main/diverged.json';

function newDisk(): MemoryDisk {
  const disk = new MemoryDisk();
  for (const directory of ['/data', '/data/databases', '/data/databases/main']) {
    disk.makeDirectory(directory);
  }
  for (const directory of ['/', '/data', '/data/databases']) disk.syncDirectory(directory);
  return disk;
}

test('write() is durable when it returns, and so is clear()', () => {
  const disk = newDisk();
  const note = new QuarantineNote(disk, PATH);
  assert.equal(note.index, null);
  note.write(7);
  disk.crash(() => true);
  const found = new QuarantineNote(disk, PATH);
  assert.equal(found.index, 7);
  found.clear();
  disk.crash(() => true);
  assert.equal(new QuarantineNote(disk, PATH).index, null);
});

test('the note is these bytes, and the first one stays', () => {
  const disk = newDisk();
  const note = new QuarantineNote(disk, PATH);
  note.write(7);
  note.write(9);
  assert.equal(decodeText(disk.readAll(PATH)), '{"formatVersion":1,"index":7}\n');
});

test('a note that cannot be read still holds the state for wrong', () => {
  const disk = newDisk();
  const note = new QuarantineNote(disk, PATH);
  note.write(7);
  disk.replace(PATH, encodeText('{'));
  assert.equal(new QuarantineNote(disk, PATH).index, 0);
});

test('a note that is found at a start is still there after a power loss', () => {
  const disk = newDisk();
  // The process dies when the note has its name and the directory is not synced.
  let dead = false;
  disk.fault = ({ operation }) => {
    dead ||= operation === 'sync-directory';
    return dead ? 'killed' : null;
  };
  assert.throws(() => {
    new QuarantineNote(disk, PATH).write(7);
  });
  disk.fault = null;
  disk.kill();
  const found = new QuarantineNote(disk, PATH);
  assert.equal(found.index, 7);
  found.write(8);
  disk.crash(() => true);
  assert.equal(new QuarantineNote(disk, PATH).index, 7);
});
