import fs from 'node:fs';

import { messageOf, QuorliteError } from '../base/errors.ts';
import type { Disk, DiskFile, SyncDone } from './disk.ts';

/**
 * The real disk: node:fs. Windows has no directory sync and loses nothing by it (NTFS journals).
 */
export class NodeDisk implements Disk {
  open(path: string, mode: 'create' | 'existing'): DiskFile {
    return attempt(`open ${path}`, () => {
      const descriptor = fs.openSync(path, mode === 'create' ? 'wx+' : 'r+');
      return new NodeFile(path, descriptor);
    });
  }

  exists(path: string): boolean {
    return fs.existsSync(path);
  }

  list(directory: string): string[] {
    return attempt(`list ${directory}`, () => fs.readdirSync(directory).sort());
  }

  makeDirectory(path: string): void {
    attempt(`make directory ${path}`, () => fs.mkdirSync(path, { recursive: true }));
  }

  readAll(path: string): Uint8Array {
    return attempt(`read ${path}`, () => {
      const bytes = fs.readFileSync(path);
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    });
  }

  rename(from: string, to: string): void {
    attempt(`rename ${from} to ${to}`, () => fs.renameSync(from, to));
  }

  remove(path: string): void {
    attempt(`remove ${path}`, () => fs.unlinkSync(path));
  }

  syncDirectory(directory: string): void {
    if (process.platform === 'win32') return;
    attempt(`sync directory ${directory}`, () => {
      const descriptor = fs.openSync(directory, 'r');
      try {
        fs.fsyncSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    });
  }

  syncDirectorySoon(directory: string, done: SyncDone): void {
    if (process.platform === 'win32') {
      setImmediate(() => done(null));
      return;
    }
    const attempted = `sync directory ${directory}`;
    fs.open(directory, 'r', (openError, descriptor) => {
      if (openError) {
        done(failure(attempted, openError));
        return;
      }
      fs.fsync(descriptor, (syncError) => {
        fs.close(descriptor, () => done(syncError ? failure(attempted, syncError) : null));
      });
    });
  }

  freeBytes(path: string): number {
    return attempt(`measure free space of ${path}`, () => {
      const { bavail, bsize } = fs.statfsSync(path);
      return bavail * bsize;
    });
  }
}

class NodeFile implements DiskFile {
  readonly #path: string;
  readonly #descriptor: number;
  #syncs = 0;
  #closed = false;

  constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  size(): number {
    return attempt(`measure ${this.#path}`, () => fs.fstatSync(this.#descriptor).size);
  }

  read(into: Uint8Array, position: number): number {
    return attempt(`read ${into.length} bytes at ${position} of ${this.#path}`, () => {
      let total = 0;
      while (total < into.length) {
        const left = into.length - total;
        const count = fs.readSync(this.#descriptor, into, total, left, position + total);
        if (count === 0) break;
        total += count;
      }
      return total;
    });
  }

  // The hot path: no closure is made unless the write fails.
  write(bytes: Uint8Array, position: number): void {
    try {
      let total = 0;
      while (total < bytes.length) {
        const left = bytes.length - total;
        total += fs.writeSync(this.#descriptor, bytes, total, left, position + total);
      }
    } catch (error) {
      throw failure(`write ${bytes.length} bytes at ${position} of ${this.#path}`, error);
    }
  }

  sync(): void {
    try {
      fs.fdatasyncSync(this.#descriptor);
    } catch (error) {
      throw failure(`sync ${this.#path}`, error);
    }
  }

  syncSoon(done: SyncDone): void {
    this.#syncs++;
    fs.fdatasync(this.#descriptor, (error) => {
      this.#syncs--;
      this.#closeWhenIdle();
      done(error ? failure(`sync ${this.#path}`, error) : null);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeWhenIdle();
  }

  // A descriptor closed under a running fdatasync may be another file's by the time it runs.
  #closeWhenIdle(): void {
    if (this.#closed && this.#syncs === 0) {
      attempt(`close ${this.#path}`, () => fs.closeSync(this.#descriptor));
    }
  }
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw failure(what, error);
  }
}

function failure(attempted: string, cause: unknown): QuorliteError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new QuorliteError('disk-full', `Cannot ${attempted}: no space is left`, { cause });
  }
  return new QuorliteError('disk', `Cannot ${attempted}: ${messageOf(cause)}`, { cause });
}
