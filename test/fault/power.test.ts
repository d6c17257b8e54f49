import assert from 'node:assert/strict';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { FaultCluster, loopbackSpecs } from './cluster.ts';
import { isolatedTest, run } from './isolated.ts';
import { Load } from './load.ts';

/** Three nodes with their journals, in a file with holes. */
const DISK_BYTES = 512 * 1024 * 1024;
/** Nothing is written to the disk on the file system's own account while the test runs. */
const OPTIONS = 'loop,commit=300';

/** A disk of its own: an image in memory, with ext4 on it, mounted at `at`. */
class PowerlessDisk implements AsyncDisposable {
  readonly at: string;
  readonly #folder: string;
  readonly #images: string;
  #image: string;
  #losses = 0;

  /** Use the static method. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#images = path.join(folder, 'images');
    this.#image = path.join(this.#images, 'disk.0');
    this.at = path.join(folder, 'mounted');
  }

  static async make(): Promise<PowerlessDisk> {
    const disk = new PowerlessDisk(await mkdtemp(path.join(os.tmpdir(), 'quorlite-power-')));
    mkdirSync(disk.at);
    mkdirSync(disk.#images);
    run('mount', '-t', 'tmpfs', 'tmpfs', disk.#images);
    run('truncate', '--size', String(DISK_BYTES), disk.#image);
    run('mkfs.ext4', '-q', '-F', disk.#image);
    run('mount', '-o', OPTIONS, disk.#image, disk.at);
    return disk;
  }

  /**
   * The power fails: what is in the image now is what the disk has got, and the cache of the file
   * system above it is gone. Nobody has files open there.
   */
  losePower(): void {
    const survived = path.join(this.#images, `disk.${++this.#losses}`);
    run('cp', '--sparse=always', this.#image, survived);
    run('umount', this.at);
    run('rm', this.#image);
    this.#image = survived;
    run('mount', '-o', OPTIONS, survived, this.at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    run('umount', this.at);
    run('umount', this.#images);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

isolatedTest({
  file: import.meta.filename,
  name: 'L13, R10: the power of all machines fails under writers: what was acknowledged is there',
  own: 'mounts',
  needs:
    'd=$(mktemp -d); trap "umount $d/m || true; rm -r $d" EXIT; mkdir $d/m; ' +
    'truncate --size 16M $d/i; mkfs.ext4 -q -F $d/i; mount -o loop $d/i $d/m',
  scenario: async () => {
    await using disk = await PowerlessDisk.make();
    const specs = await loopbackSpecs(disk.at);
    await using cluster = await FaultCluster.start(() => specs);
    const canary = path.join(disk.at, 'canary');
    for (let round = 0; round < 3; round++) {
      await using load = await Load.start(cluster.urls);
      await load.acknowledges(150);
      writeFileSync(canary, 'x'.repeat(4096));
      await cluster.kill(0, 1, 2);
      disk.losePower();
      const kept = existsSync(canary) && statSync(canary).size > 0;
      assert.ok(!kept, 'what nobody synced is still there, so this test shows nothing');
      await cluster.restart(0, 1, 2);
      await load.acknowledges(20);
      await load.judge(cluster.urls);
    }
  },
});
