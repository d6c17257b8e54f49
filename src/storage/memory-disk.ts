import { must } from '../base/assert.ts';
import { QuorliteError } from '../base/errors.ts';
import type { Disk, DiskFile, SyncDone } from './disk.ts';
import { SECTOR_BYTES } from './frame.ts';
import { MemoryFile } from './memory-file.ts';

/** A call that a fault may strike. */
export interface DiskCall {
  readonly operation:
    | 'open'
    | 'read'
    | 'write'
    | 'sync'
    | 'rename'
    | 'remove'
    | 'list'
    | 'make-directory'
    | 'sync-directory';
  readonly path: string;
  /** Calls that change something, or sync, before this one. */
  readonly number: number;
}

/**
 * How a call fails: with nothing done, except that a failed sync also drops what it was to make
 * durable, and that a short write leaves its beginning. `killed` is the death of the process just
 * before the call: let all later calls fail the same way, then `kill` or `crash`.
 */
export type DiskFault = 'disk' | 'disk-full' | 'killed' | { readonly wroteBytes: number };

/** Something a crash may lose. */
export type Volatile =
  | { readonly kind: 'sector'; readonly path: string; readonly offset: number }
  /** A creation, rename or removal; when one is lost, so are later ones in that directory. */
  | { readonly kind: 'name'; readonly directory: string; readonly path: string };

interface PendingName {
  readonly directory: string;
  readonly path: string;
  readonly apply: (names: Map<string, MemoryFile>) => void;
}

/** How an in-memory disk behaves. */
export interface MemoryDiskOptions {
  /** Runs on a later turn: where `syncSoon` reports. */
  readonly later: (run: () => void) => void;
  /** Bytes that files may take together. */
  readonly capacityBytes: number;
}

/**
 * The Disk port in memory, with two images: what the operating system shows, and what would be left
 * after a power cut. A write reaches the second with a sync of the file, a name with a sync of its
 * directory; `crash` decides per sector and per name what else made it. Directories are durable at
 * once.
 */
export class MemoryDisk implements Disk {
  /** Strikes calls; null lets all succeed. */
  fault: ((call: DiskCall) => DiskFault | null) | null = null;
  capacityBytes: number;
  readonly #later: (run: () => void) => void;
  #names = new Map<string, MemoryFile>();
  readonly #durableNames = new Map<string, MemoryFile>();
  readonly #directories = new Set<string>(['/', '.']);
  #pendingNames: PendingName[] = [];
  #calls = 0;
  /** Raised by a crash: handles of the time before are dead. */
  #epoch = 0;

  constructor(options: Partial<MemoryDiskOptions> = {}) {
    this.#later = options.later ?? ((run) => setImmediate(run));
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Calls so far that changed something or synced. */
  get calls(): number {
    return this.#calls;
  }

  open(path: string, mode: 'create' | 'existing'): DiskFile {
    if (mode === 'create') {
      this.strike('open', path);
      this.#parent(path);
      if (this.#names.has(path)) throw this.#error(`create ${path}`, 'it exists');
      const file = new MemoryFile();
      this.#name(path, (names) => names.set(path, file));
      return new MemoryHandle(this, path, file);
    }
    return new MemoryHandle(this, path, this.#file(path, 'open'));
  }

  exists(path: string): boolean {
    return this.#names.has(path) || this.#directories.has(path);
  }

  list(directory: string): string[] {
    this.strike('list', directory);
    if (!this.#directories.has(directory)) throw this.#error(`list ${directory}`, 'not there');
    const prefix = `${directory}/`;
    const paths = [...this.#names.keys(), ...this.#directories];
    return paths
      .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  makeDirectory(path: string): void {
    if (this.#directories.has(path)) return;
    this.strike('make-directory', path);
    let end = path.length;
    while (end > 0) {
      this.#directories.add(path.slice(0, end));
      end = path.lastIndexOf('/', end - 1);
    }
  }

  readAll(path: string): Uint8Array {
    this.strike('read', path);
    return this.#file(path, 'read').bytes.slice();
  }

  rename(from: string, to: string): void {
    this.strike('rename', from);
    const file = this.#file(from, 'rename');
    this.#parent(to);
    this.#name(to, (names) => {
      names.delete(from);
      names.set(to, file);
    });
  }

  remove(path: string): void {
    this.strike('remove', path);
    this.#file(path, 'remove');
    this.#name(path, (names) => names.delete(path));
  }

  syncDirectory(directory: string): void {
    this.strike('sync-directory', directory);
    this.#syncNames(directory);
  }

  syncDirectorySoon(directory: string, done: SyncDone): void {
    this.soon(done, () => this.syncDirectory(directory));
  }

  freeBytes(_path: string): number {
    return Math.max(0, this.capacityBytes - this.#used());
  }

  /** The power fails: what was not synced is kept or lost piece by piece; files are closed. */
  crash(loses: (what: Volatile) => boolean): void {
    this.#epoch++;
    const blocked = new Set<string>();
    for (const { directory, path, apply } of this.#pendingNames) {
      if (blocked.has(directory) || loses({ kind: 'name', directory, path }))
        blocked.add(directory);
      else apply(this.#durableNames);
    }
    this.#pendingNames = [];
    this.#names = new Map(this.#durableNames);
    for (const [path, file] of this.#names) {
      file.crash((sector) => loses({ kind: 'sector', path, offset: sector * SECTOR_BYTES }));
    }
  }

  /**
   * The process dies, the machine does not: files are closed, nothing is lost, nothing is synced.
   */
  kill(): void {
    this.#epoch++;
  }

  /** Changes a stored byte, in both images. */
  flip(path: string, offset: number, mask: number): void {
    this.#file(path, 'damage').flip(offset, mask);
  }

  /** Puts `bytes` in place of a file's, durably: a restored backup, a cut file. */
  replace(path: string, bytes: Uint8Array): void {
    this.#parent(path);
    const file = new MemoryFile();
    file.write(bytes, 0);
    file.sync();
    this.#names.set(path, file);
    this.#durableNames.set(path, file);
  }

  /** Paths of all files, sorted. */
  paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  /** An independent disk with the same two images. Pending names become durable on the copy. */
  fork(): MemoryDisk {
    const copy = new MemoryDisk({ later: this.#later, capacityBytes: this.capacityBytes });
    for (const directory of this.#directories) copy.#directories.add(directory);
    for (const [path, file] of this.#names) {
      const twin = file.copy();
      copy.#names.set(path, twin);
      copy.#durableNames.set(path, twin);
    }
    return copy;
  }

  /**
   * For file handles: counts a call and throws when a fault strikes it. `onFault` is told first.
   */
  strike(
    operation: DiskCall['operation'],
    path: string,
    onFault: (fault: DiskFault) => void = () => {},
  ): void {
    const changes = operation !== 'read' && operation !== 'list';
    const number = changes ? this.#calls++ : this.#calls;
    const fault = this.fault?.({ operation, path, number }) ?? null;
    if (fault === null) return;
    onFault(fault);
    const full = fault === 'disk-full';
    const why =
      fault === 'killed' ? 'the process died' : full ? 'no space is left' : 'input/output error';
    throw new QuorliteError(full ? 'disk-full' : 'disk', `Cannot ${operation} ${path}: ${why}`);
  }

  /** For file handles: room for `more` bytes. */
  claim(path: string, more: number): void {
    if (more > 0 && this.#used() + more > this.capacityBytes) {
      throw new QuorliteError('disk-full', `Cannot extend ${path}: no space is left`);
    }
  }

  /** For file handles: runs `work` on a later turn, unless there was a crash by then. */
  soon(done: SyncDone, work: () => void): void {
    const epoch = this.#epoch;
    this.#later(() => {
      if (epoch !== this.#epoch) return;
      let failure: Error | null = null;
      try {
        work();
      } catch (error) {
        failure = QuorliteError.from(error, 'disk');
      }
      done(failure);
    });
  }

  get epoch(): number {
    return this.#epoch;
  }

  #name(path: string, apply: (names: Map<string, MemoryFile>) => void): void {
    apply(this.#names);
    this.#pendingNames.push({ directory: this.#parent(path), path, apply });
  }

  #syncNames(directory: string): void {
    const left: PendingName[] = [];
    for (const pending of this.#pendingNames) {
      if (pending.directory === directory) pending.apply(this.#durableNames);
      else left.push(pending);
    }
    this.#pendingNames = left;
  }

  #parent(path: string): string {
    const at = path.lastIndexOf('/');
    const parent = at <= 0 ? '/' : path.slice(0, at);
    if (!this.#directories.has(parent)) throw this.#error(`open ${path}`, 'no such directory');
    return parent;
  }

  #file(path: string, operation: string): MemoryFile {
    const file = this.#names.get(path);
    if (file === undefined) throw this.#error(`${operation} ${path}`, 'not there');
    return file;
  }

  #used(): number {
    let bytes = 0;
    for (const file of new Set(this.#names.values())) bytes += file.size;
    return bytes;
  }

  #error(attempted: string, why: string): QuorliteError {
    return new QuorliteError('disk', `Cannot ${attempted}: ${why}`);
  }
}

class MemoryHandle implements DiskFile {
  readonly #disk: MemoryDisk;
  readonly #path: string;
  readonly #epoch: number;
  #file: MemoryFile | null;

  constructor(disk: MemoryDisk, path: string, file: MemoryFile) {
    this.#disk = disk;
    this.#path = path;
    this.#epoch = disk.epoch;
    this.#file = file;
  }

  size(): number {
    return this.#open().size;
  }

  read(into: Uint8Array, position: number): number {
    this.#disk.strike('read', this.#path);
    return this.#open().read(into, position);
  }

  write(bytes: Uint8Array, position: number): void {
    const file = this.#open();
    this.#disk.strike('write', this.#path, (fault) => {
      if (typeof fault === 'object') file.write(bytes.subarray(0, fault.wroteBytes), position);
    });
    this.#disk.claim(this.#path, position + bytes.length - file.size);
    file.write(bytes, position);
  }

  sync(): void {
    this.#sync(this.#open());
  }

  syncSoon(done: SyncDone): void {
    const file = this.#open();
    const issued = file.pending();
    this.#disk.soon(done, () => this.#sync(file, issued));
  }

  close(): void {
    this.#file = null;
  }

  #sync(file: MemoryFile, issued = file.pending()): void {
    this.#disk.strike('sync', this.#path, (fault) => {
      // The kernel reports it once and takes the pages for clean (fsyncgate).
      if (fault !== 'killed') file.drop();
    });
    file.sync(issued);
  }

  #open(): MemoryFile {
    if (this.#epoch !== this.#disk.epoch) {
      throw new QuorliteError('disk', `Cannot use ${this.#path}: the process that opened it died`);
    }
    return must(this.#file, () => `${this.#path} is closed`);
  }
}
