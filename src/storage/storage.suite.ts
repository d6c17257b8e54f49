/** What every Disk does. Run it with an empty directory of its own: `testDiskPort(name, make)`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { QuorliteError } from '../base/errors.ts';
import type { Disk } from './disk.ts';

const TEXT = Uint8Array.from([1, 2, 3, 4, 5]);

/** A disk and a directory on it that exists and is empty. */
export interface DiskUnderTest {
  readonly disk: Disk;
  readonly directory: string;
}

/** Registers the tests of the Disk port for one implementation. */
export function testDiskPort(name: string, make: () => DiskUnderTest): void {
  testFiles(name, make);
  testDirectories(name, make);
}

function testFiles(name: string, make: () => DiskUnderTest): void {
  test(`${name} open() makes a file once and finds it again`, () => {
    const { disk, directory } = make();
    const path = `${directory}/file`;
    assert.equal(disk.exists(path), false);
    assert.throws(() => disk.open(path, 'existing'), isDiskError(/^Cannot open .*file/));
    disk.open(path, 'create').close();
    assert.equal(disk.exists(path), true);
    assert.throws(() => disk.open(path, 'create'), isDiskError(/^Cannot /));
    disk.open(path, 'existing').close();
  });

  test(`${name} write() places bytes and read() says how many there were`, () => {
    const { disk, directory } = make();
    const file = disk.open(`${directory}/file`, 'create');
    file.write(TEXT, 3);
    file.write(Uint8Array.from([9]), 4);
    assert.equal(file.size(), 8);
    const into = new Uint8Array(6);
    assert.equal(file.read(into, 2), 6);
    assert.deepEqual([...into], [0, 1, 9, 3, 4, 5]);
    assert.equal(file.read(into, 6), 2);
    assert.equal(file.read(into, 100), 0);
    file.sync();
    file.close();
    assert.deepEqual([...disk.readAll(`${directory}/file`)], [0, 0, 0, 1, 9, 3, 4, 5]);
  });
}

function testDirectories(name: string, make: () => DiskUnderTest): void {
  test(`${name} list() sorts names, files and directories, and only its own`, () => {
    const { disk, directory } = make();
    disk.makeDirectory(`${directory}/b/c`);
    disk.makeDirectory(`${directory}/b/c`);
    for (const file of ['z', 'a', 'b/x']) disk.open(`${directory}/${file}`, 'create').close();
    assert.deepEqual(disk.list(directory), ['a', 'b', 'z']);
    assert.deepEqual(disk.list(`${directory}/b`), ['c', 'x']);
    assert.throws(() => disk.list(`${directory}/nowhere`), isDiskError(/^Cannot list/));
  });

  test(`${name} rename() replaces its target and remove() needs one`, () => {
    const { disk, directory } = make();
    for (const [path, byte] of [
      ['one', 1],
      ['two', 2],
    ] as const) {
      const file = disk.open(`${directory}/${path}`, 'create');
      file.write(Uint8Array.from([byte]), 0);
      file.close();
    }
    disk.rename(`${directory}/one`, `${directory}/two`);
    disk.syncDirectory(directory);
    assert.deepEqual([...disk.readAll(`${directory}/two`)], [1]);
    assert.deepEqual(disk.list(directory), ['two']);
    disk.remove(`${directory}/two`);
    assert.throws(() => disk.remove(`${directory}/two`), isDiskError(/^Cannot remove/));
    assert.throws(() => disk.readAll(`${directory}/two`), isDiskError(/^Cannot read/));
  });

  test(`${name} syncSoon() reports on a later turn, a closed file too`, async () => {
    const { disk, directory } = make();
    const file = disk.open(`${directory}/file`, 'create');
    file.write(TEXT, 0);
    let turn = 'this';
    const done = new Promise<Error | null>((resolve) => {
      file.syncSoon((error) => {
        assert.equal(turn, 'later');
        resolve(error);
      });
    });
    file.close();
    turn = 'later';
    assert.equal(await done, null);
    assert.equal(await new Promise((resolve) => disk.syncDirectorySoon(directory, resolve)), null);
  });

  test(`${name} freeBytes() is a number of bytes`, () => {
    const { disk, directory } = make();
    assert(disk.freeBytes(directory) > 0);
  });
}

function isDiskError(message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof QuorliteError && error.code === 'disk' && message.test(error.message);
}
