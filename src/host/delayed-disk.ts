import type { Disk, DiskFile, SyncDone } from '../storage/disk.ts';

/**
 * A disk whose syncs take `delayMs` longer: for measuring as if the disk were slower, and nothing
 * else. The delay blocks the thread where the sync does, and does not where it does not.
 */
export class DelayedDisk implements Disk {
  readonly #disk: Disk;
  readonly #delayMs: number;
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));

  constructor(disk: Disk, delayMs: number) {
    this.#disk = disk;
    this.#delayMs = delayMs;
  }

  open(path: string, mode: 'create' | 'existing'): DiskFile {
    const file = this.#disk.open(path, mode);
    return {
      size: () => file.size(),
      read: (into, position) => file.read(into, position),
      write: (bytes, position) => {
        file.write(bytes, position);
      },
      sync: () => {
        file.sync();
        Atomics.wait(this.#sleeper, 0, 0, this.#delayMs);
      },
      syncSoon: (done) => {
        file.syncSoon((error) => {
          // Off the thread the delay costs no time of this thread either.
          const waited = Atomics.waitAsync(this.#sleeper, 0, 0, this.#delayMs);
          if (waited.async) {
            void waited.value.then(() => {
              done(error);
            });
          } else {
            done(error);
          }
        });
      },
      close: () => {
        file.close();
      },
    };
  }

  exists(path: string): boolean {
    return this.#disk.exists(path);
  }

  list(directory: string): string[] {
    return this.#disk.list(directory);
  }

  makeDirectory(path: string): void {
    this.#disk.makeDirectory(path);
  }

  readAll(path: string): Uint8Array {
    return this.#disk.readAll(path);
  }

  rename(from: string, to: string): void {
    this.#disk.rename(from, to);
  }

  remove(path: string): void {
    this.#disk.remove(path);
  }

  syncDirectory(directory: string): void {
    this.#disk.syncDirectory(directory);
  }

  syncDirectorySoon(directory: string, done: SyncDone): void {
    this.#disk.syncDirectorySoon(directory, done);
  }

  freeBytes(path: string): number {
    return this.#disk.freeBytes(path);
  }
}
