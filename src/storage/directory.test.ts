import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { test } from 'node:test';

import { encodeText } from '../base/bytes.ts';
import { QuorliteError } from '../base/errors.ts';
import { Sfc32 } from '../base/prng.ts';
import { DataDirectory, type DirectoryOptions } from './directory.ts';
import { DirectoryLock } from './lock.ts';
import { MemoryDisk } from './memory-disk.ts';

const CLUSTER = '00112233445566778899aabbccddeeff';

function optionsOn(disk: MemoryDisk): DirectoryOptions {
  const random = new Sfc32(1, 2);
  return { disk, path: '/data', node: 'a', cluster: null, random, createdBy: '1.2.3' };
}

test('DataDirectory.open() makes a directory that explains itself, and finds it again', () => {
  const disk = new MemoryDisk();
  const made = DataDirectory.open(optionsOn(disk));
  assert.equal(made.created, true);
  assert.match(made.incarnation, /^[0-9a-f]{16}$/);
  assert.deepEqual(disk.list('/data'), ['databases', 'journal', 'quorlite.json', 'snapshots']);
  disk.crash(() => true);
  const found = DataDirectory.open({ ...optionsOn(disk), random: new Sfc32(9, 9) });
  assert.equal(found.created, false);
  assert.equal(found.incarnation, made.incarnation);
  assert.equal(found.databasePath('main'), '/data/databases/main/main.db');
  assert.throws(() => found.databasePath('../x'), { code: 'invalid-request' });
});

test('a directory is durable before it is used, also one that a killed process left', () => {
  const disk = new MemoryDisk();
  const synced = new Set<string>();
  let isDead = false;
  disk.fault = ({ operation, path }) => {
    isDead ||= path === '/srv/data/databases';
    if (isDead) return 'killed';
    if (operation === 'sync-directory') synced.add(path);
    return null;
  };
  const options = { ...optionsOn(disk), path: '/srv/data' };
  assert.throws(() => DataDirectory.open(options).databasePath('main'));
  assert.deepEqual([...synced].sort(), ['/', '/srv', '/srv/data']);
  isDead = false;
  disk.fault = ({ operation, path }) => {
    if (operation === 'sync-directory') synced.add(path);
    return null;
  };
  disk.kill();
  DataDirectory.open(options).databasePath('main');
  assert(synced.has('/srv/data/databases'));
});

test('a directory above the data directory that may not be synced is no hindrance', () => {
  for (const code of ['EACCES', 'EINVAL', 'EIO']) {
    const disk = new MemoryDisk();
    const sync = disk.syncDirectory.bind(disk);
    disk.syncDirectory = (path) => {
      if (path !== '/') return sync(path);
      const cause = Object.assign(new Error(code), { code });
      throw new QuorliteError('disk', 'Cannot sync directory /', { cause });
    };
    const open = (): DataDirectory => DataDirectory.open(optionsOn(disk));
    if (code === 'EIO') assert.throws(open, { code: 'disk' });
    else assert.equal(open().created, true);
  }
});

test('setCluster() is durable, and another cluster is refused ever after', () => {
  const disk = new MemoryDisk();
  const directory = DataDirectory.open(optionsOn(disk));
  directory.setCluster(CLUSTER);
  directory.setCluster(CLUSTER);
  disk.crash(() => true);
  const found = DataDirectory.open(optionsOn(disk));
  assert.equal(found.cluster, CLUSTER);
  const other = 'f'.repeat(32);
  assert.throws(() => found.setCluster(other), { code: 'wrong-cluster' });
  const options = { ...optionsOn(disk), cluster: other };
  assert.throws(() => DataDirectory.open(options), { code: 'wrong-cluster' });
});

test('DataDirectory.open() refuses another node, a newer format and a missing file', () => {
  const disk = new MemoryDisk();
  DataDirectory.open(optionsOn(disk));
  const file = '/data/quorlite.json';
  const other = { ...optionsOn(disk), node: 'b' };
  assert.throws(() => DataDirectory.open(other), { code: 'configuration', message: /node a$/ });
  const newer = { formatVersion: 2, createdBy: '9.0.0' };
  disk.replace(file, encodeText(JSON.stringify(newer)));
  const expected = { code: 'wrong-version', message: /made by quorlite 9\.0\.0 with format 2/ };
  assert.throws(() => DataDirectory.open(optionsOn(disk)), expected);
  disk.replace(file, encodeText('{'));
  assert.throws(() => DataDirectory.open(optionsOn(disk)), { code: 'corrupt' });
  disk.remove(file);
  assert.throws(() => DataDirectory.open(optionsOn(disk)), { code: 'configuration' });
});

test('DirectoryLock.acquire() keeps others out, names its holder, ends with the process', () => {
  const directory = fs.mkdtempSync(`${os.tmpdir()}/quorlite-lock-`);
  try {
    const path = `${directory}/lock`;
    const first = DirectoryLock.acquire(path);
    const held = { code: 'locked', message: new RegExp(`process ${process.pid} uses this`) };
    assert.throws(() => DirectoryLock.acquire(path), held);
    first.close();
    DirectoryLock.acquire(path).close();
    // A process that dies with the lock held.
    const module = new URL('./lock.ts', import.meta.url).href;
    const script = `const { DirectoryLock } = await import('${module}');
      globalThis.held = DirectoryLock.acquire(${JSON.stringify(path)});
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    assert.equal(child.signal, 'SIGKILL');
    DirectoryLock.acquire(path).close();
    const barred = { code: 'disk', message: /^Cannot lock .*May this user write there\?/ };
    assert.throws(() => DirectoryLock.acquire(`${directory}/no/lock`), barred);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});

test('DirectoryLock.acquire() takes a lock that a crash has torn, and no other file', () => {
  const directory = fs.mkdtempSync(`${os.tmpdir()}/quorlite-lock-`);
  try {
    const path = `${directory}/lock`;
    DirectoryLock.acquire(path).close();
    const whole = fs.readFileSync(path);
    const torn = [new Uint8Array(whole.length), whole.subarray(0, 100)];
    for (let lost = 0; lost < whole.length; lost += 512) {
      torn.push(Uint8Array.from(whole).fill(0, lost, lost + 512));
    }
    for (const bytes of torn) {
      fs.writeFileSync(path, bytes);
      using held = DirectoryLock.acquire(path);
      assert.throws(() => DirectoryLock.acquire(path), { code: 'locked' });
      held.close();
    }
    const text = 'somebody else has a use for this file';
    fs.writeFileSync(path, text);
    assert.throws(() => DirectoryLock.acquire(path), { code: 'disk' });
    assert.equal(fs.readFileSync(path, 'utf8'), text);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});
