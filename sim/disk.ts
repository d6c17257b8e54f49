/**
 * The simulated disk. A machine's disk outlives its processes; each process sees it through a
 * `Disk` of its own, whose calls take that process's time.
 *
 * A power loss keeps what syncs made durable and, of the rest, none, all, a beginning or any subset
 * of 512-byte sectors; names that were not made durable by a sync of their directory go the same
 * way, in order. The death of a process alone loses nothing and makes nothing durable.
 */
import { QuorliteError } from '../src/base/errors.ts';
import type { Disk, DiskFile, SyncDone } from '../src/storage/disk.ts';
import type { Events } from './events.ts';
import { Inode, SECTOR_BYTES, type TearStyle } from './inode.ts';
import type { Life } from './life.ts';
import type { Draw } from './random.ts';

/** How long this machine's disk takes, and what is wrong with it just now. */
export interface DiskCondition {
  /** Mean of a sync, milliseconds. */
  syncMs: number;
  /** Everything takes this many times as long. */
  slowFactor: number;
  /** Syncs begun before this end after it. */
  hangUntil: number;
  /** No file can be made or grow. */
  full: boolean;
  /** The next operation of this kind fails, and no other. */
  failNext: 'none' | 'sync' | 'write' | 'read' | 'directory';
  /** Syncs return in time and do nothing: only a deliberate bug sets it. */
  lies: boolean;
}

/** A change of names that a power loss may undo. */
type NameChange = { readonly at: number } & (
  | { readonly kind: 'link'; readonly path: string; readonly inode: Inode }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly path: string }
);

/** How a disk lies: a bit turned over, a write that never happened, or that landed elsewhere. */
export type Damage = 'bit-flip' | 'lost' | 'misdirected';

/** Sectors at the end of a file in which a lost write is beyond anybody's power to notice. */
const TAIL_SECTORS = 8;

/** A file with more than this holds more than a header. */
const FULL_BYTES = 4608;

/** What a power loss did to a disk. */
export interface TearReport {
  readonly style: TearStyle;
  /** Files that had something to lose. */
  readonly dirtyFiles: number;
}

/** The disk of one machine. */
export class MachineDisk {
  readonly condition: DiskCondition = {
    syncMs: 0.5,
    slowFactor: 1,
    hangUntil: 0,
    full: false,
    failNext: 'none',
    lies: false,
  };
  readonly events: Events;
  /** Called once, when a sync begins that will be over at the time given. */
  onSync: ((completesAt: number) => void) | null = null;
  readonly timing: Draw;
  readonly #fate: Draw;
  #names = new Map<string, Inode>();
  readonly #durableNames = new Map<string, Inode>();
  /** Durable once made, and when that was: a process may be ahead of the true time. */
  #directories = new Map<string, number>([['/', 0]]);
  #changes: NameChange[] = [];
  #nameSyncs: {
    readonly directory: string;
    readonly completesAt: number;
    /** How many changes it covers. */
    readonly changes: number;
  }[] = [];
  /** Files with a sync on its way. */
  readonly #syncing = new Set<Inode>();

  constructor(options: {
    readonly events: Events;
    /** Decides how long operations take. */
    readonly timing: Draw;
    /** Decides what crashes leave and where faults strike. */
    readonly fate: Draw;
  }) {
    this.events = options.events;
    this.timing = options.timing;
    this.#fate = options.fate;
  }

  /** The disk as one process sees it. */
  mount(life: Life): Disk {
    return new MountedDisk(this, life);
  }

  /** Names of all files, sorted. */
  files(): string[] {
    return [...this.#names.keys()].sort();
  }

  find(path: string): Inode | undefined {
    return this.#names.get(path);
  }

  hasDirectory(path: string): boolean {
    return this.#directories.has(path);
  }

  /** Makes a directory at `at`, with those above it. */
  addDirectory(path: string, at: number): void {
    let made = path;
    while (made !== '' && made !== '/') {
      if (!this.#directories.has(made)) this.#directories.set(made, at);
      made = made.slice(0, made.lastIndexOf('/'));
    }
  }

  link(path: string, inode: Inode, at: number): void {
    this.#names.set(path, inode);
    this.#changes.push({ at, kind: 'link', path, inode });
  }

  unlink(path: string, at: number): void {
    this.#names.delete(path);
    this.#changes.push({ at, kind: 'unlink', path });
  }

  rename(from: string, path: string, at: number): void {
    const inode = this.#names.get(from);
    if (inode === undefined) return;
    this.#names.delete(from);
    this.#names.set(path, inode);
    this.#changes.push({ at, kind: 'rename', from, path });
  }

  /** Makes every change of names in `directory` durable. */
  keepNames(directory: string, completesAt: number): void {
    this.#nameSyncs.push({ directory, completesAt, changes: this.#changes.length });
    this.#settleNames(this.events.now);
  }

  /** How long the sync that begins at `at` takes. */
  syncTakes(at: number): number {
    const { syncMs, slowFactor, hangUntil } = this.condition;
    const takes = (syncMs * 0.3 + this.timing.exponential(syncMs * 0.7)) * slowFactor;
    return hangUntil > at ? hangUntil - at + takes : takes;
  }

  /** Whether the next operation of this kind is the one that fails. */
  fails(kind: DiskCondition['failNext']): boolean {
    if (this.condition.failNext !== kind) return false;
    this.condition.failNext = 'none';
    return true;
  }

  /**
   * A sync of a directory that is over covers every change before it, whatever another that began
   * earlier is still waiting for.
   */
  #settleNames(at: number): void {
    for (;;) {
      const sync = this.#nameSyncs.find(({ completesAt }) => completesAt <= at);
      if (sync === undefined) return;
      const left: NameChange[] = [];
      const kept = this.#changes.map((change, i) => {
        const covered = i < sync.changes && directoryOf(change.path) === sync.directory;
        if (covered) this.#keepName(change);
        else left.push(change);
        return covered;
      });
      this.#changes = left;
      this.#nameSyncs = this.#nameSyncs
        .filter((other) => other !== sync)
        .map((other) => {
          const gone = kept.slice(0, other.changes).filter((covered) => covered).length;
          return { ...other, changes: other.changes - gone };
        });
    }
  }

  /** Names as they were when a process died that was ahead of the true time. */
  #undoNames(at: number): void {
    this.#settleNames(at);
    this.#nameSyncs = [];
    this.#changes = this.#changes.filter((change) => change.at <= at);
    for (const [path, madeAt] of this.#directories) {
      if (madeAt > at) this.#directories.delete(path);
    }
    this.#names = new Map(this.#durableNames);
    for (const change of this.#changes) applyChange(this.#names, change);
  }

  beginSync(inode: Inode, begunAt: number, completesAt: number): void {
    const { onSync } = this;
    this.onSync = null;
    onSync?.(completesAt);
    if (this.condition.lies) return;
    inode.beginSync(begunAt, completesAt);
    this.#syncing.add(inode);
  }

  /** Makes everything durable whose sync is over by `at`. */
  settle(at: number): void {
    this.#settleNames(at);
    if (this.#syncing.size === 0) return;
    for (const inode of this.#syncing) {
      inode.settle(at);
      if (!inode.isDirty) this.#syncing.delete(inode);
    }
  }

  /** The process ended; the machine runs on. */
  onProcessEnd(at: number): void {
    this.settle(at);
    for (const inode of this.#names.values()) inode.undoAfter(at);
    this.#undoNames(at);
    for (const inode of this.#syncing) inode.dropSyncs();
    this.#syncing.clear();
  }

  /** The machine lost its power at `at`. */
  onPowerLoss(at: number): TearReport {
    this.settle(at);
    for (const inode of this.#names.values()) inode.undoAfter(at);
    this.#undoNames(at);
    const style = this.#fate.pick(['none', 'all', 'prefix', 'random', 'random'] as const);
    let dirtyFiles = 0;
    for (const inode of new Set([...this.#names.values(), ...this.#durableNames.values()])) {
      if (!inode.isDirty) {
        inode.reload();
        continue;
      }
      dirtyFiles++;
      inode.tear(style, this.#fate);
    }
    this.#syncing.clear();
    const keep =
      style === 'all' ? this.#changes.length : this.#fate.below(this.#changes.length + 1);
    for (const change of this.#changes.slice(0, style === 'none' ? 0 : keep))
      this.#keepName(change);
    this.#changes = [];
    this.#names = new Map(this.#durableNames);
    return { style, dirtyFiles };
  }

  /** Damages what is durable in a file that `pick` likes; tells what it hit, or null. */
  damage(how: Damage, pick: (path: string) => boolean): string | null {
    const candidates = this.files().filter((path) => pick(path));
    if (candidates.length === 0) return null;
    const usedOf = (path: string): number =>
      (this.#names
        .get(path)
        ?.durableContents()
        .findLastIndex((byte) => byte !== 0) ?? -1) + 1;
    // What was written last is what matters most, and what nothing repeats.
    const full = candidates.filter((path) => usedOf(path) > FULL_BYTES);
    const path = this.#fate.percent(60) ? full.at(-1) : this.#fate.pick(candidates);
    const inode = path === undefined ? undefined : this.#names.get(path);
    const used = path === undefined ? 0 : usedOf(path);
    if (path === undefined || inode === undefined || used === 0) return null;
    if (how === 'bit-flip') {
      // Near the beginning of a sector there is a frame; behind it there may be nothing but zeros.
      const sector = this.#fate.below(Math.ceil(used / SECTOR_BYTES));
      const position = sector * SECTOR_BYTES + this.#fate.below(160);
      inode.flip(position, 1 << this.#fate.below(8));
      return `${path} at ${position}`;
    }
    // A write that was lost at the very end leaves no trace that anybody could find.
    const sectors = Math.floor(used / SECTOR_BYTES) - TAIL_SECTORS;
    if (sectors <= 0) return null;
    const sector = this.#fate.below(sectors);
    if (how === 'misdirected') inode.copySector(sector, this.#fate.below(sectors));
    inode.loseSector(sector);
    return `${path} sector ${sector}`;
  }

  /** Everything on it is gone: a new disk in an old machine. */
  wipe(): void {
    this.#names.clear();
    this.#durableNames.clear();
    this.#changes = [];
    this.#syncing.clear();
    this.#directories = new Map([['/', 0]]);
  }

  #keepName(change: NameChange): void {
    applyChange(this.#durableNames, change);
  }
}

/** A machine's disk, as seen and waited for by one process. */
class MountedDisk implements Disk {
  readonly #machine: MachineDisk;
  readonly #life: Life;

  constructor(machine: MachineDisk, life: Life) {
    this.#machine = machine;
    this.#life = life;
  }

  open(path: string, mode: 'create' | 'existing'): DiskFile {
    const machine = this.#machine;
    if (mode === 'existing') return new MountedFile(machine, this.#life, this.#inode(path));
    if (machine.find(path) !== undefined) throw broken(`open ${path}: it exists`);
    if (!machine.hasDirectory(directoryOf(path))) throw broken(`open ${path}: no such directory`);
    if (machine.condition.full) throw noSpace(`open ${path}`);
    const inode = new Inode();
    machine.link(path, inode, this.#life.time);
    return new MountedFile(machine, this.#life, inode);
  }

  exists(path: string): boolean {
    return this.#machine.find(path) !== undefined || this.#machine.hasDirectory(path);
  }

  list(directory: string): string[] {
    const prefix = directory.endsWith('/') ? directory : `${directory}/`;
    if (!this.#machine.hasDirectory(directory)) throw broken(`list ${directory}: not there`);
    return this.#machine
      .files()
      .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
      .map((path) => path.slice(prefix.length));
  }

  makeDirectory(path: string): void {
    this.#machine.addDirectory(path, this.#life.time);
  }

  readAll(path: string): Uint8Array {
    if (this.#machine.fails('read')) throw broken(`read ${path}`);
    return this.#inode(path).contents();
  }

  rename(from: string, to: string): void {
    this.#inode(from);
    if (this.#machine.fails('directory')) throw broken(`rename ${from}`);
    this.#machine.rename(from, to, this.#life.time);
  }

  remove(path: string): void {
    this.#inode(path);
    this.#machine.unlink(path, this.#life.time);
  }

  syncDirectory(directory: string): void {
    this.#life.block(this.#machine.syncTakes(this.#life.time));
    if (this.#machine.fails('directory')) throw broken(`sync directory ${directory}`);
    this.#machine.keepNames(directory, this.#life.time);
  }

  syncDirectorySoon(directory: string, done: SyncDone): void {
    const at = this.#life.time + this.#machine.syncTakes(this.#life.time);
    const fails = this.#machine.fails('directory');
    if (!fails) this.#machine.keepNames(directory, at);
    this.#machine.events.at(at, this.#life, () => {
      done(fails ? broken(`sync directory ${directory}`) : null);
    });
  }

  freeBytes(): number {
    return this.#machine.condition.full ? 0 : 1024 ** 4;
  }

  #inode(path: string): Inode {
    const inode = this.#machine.find(path);
    if (inode === undefined) throw broken(`open ${path}: not there`);
    return inode;
  }
}

class MountedFile implements DiskFile {
  readonly #machine: MachineDisk;
  readonly #life: Life;
  readonly #inode: Inode;

  constructor(machine: MachineDisk, life: Life, inode: Inode) {
    this.#machine = machine;
    this.#life = life;
    this.#inode = inode;
  }

  size(): number {
    return this.#inode.size;
  }

  read(into: Uint8Array, position: number): number {
    if (this.#machine.fails('read')) throw broken('read');
    return this.#inode.read(into, position);
  }

  write(bytes: Uint8Array, position: number): void {
    if (this.#machine.fails('write')) {
      // Some of it is there: a short write is the worst kind of failed one.
      const whole = Math.floor(bytes.length / SECTOR_BYTES / 2) * SECTOR_BYTES;
      this.#inode.write(bytes.subarray(0, whole), position, this.#when());
      throw broken('write');
    }
    const grows = position + bytes.length > this.#inode.size;
    if (grows && this.#machine.condition.full) throw noSpace('write');
    this.#inode.write(bytes, position, this.#when());
  }

  sync(): void {
    const takes = this.#machine.syncTakes(this.#life.time);
    if (this.#machine.fails('sync')) {
      this.#life.block(takes);
      this.#inode.failSync();
      throw broken('sync');
    }
    const { time } = this.#life;
    this.#machine.beginSync(this.#inode, time, time + takes);
    this.#life.block(takes);
  }

  syncSoon(done: SyncDone): void {
    const machine = this.#machine;
    const at = this.#life.time + machine.syncTakes(this.#life.time);
    if (machine.fails('sync')) {
      this.#inode.failSync();
      machine.events.at(at, this.#life, () => {
        done(broken('sync'));
      });
      return;
    }
    machine.beginSync(this.#inode, this.#life.time, at);
    machine.events.at(at, this.#life, () => {
      machine.settle(at);
      done(null);
    });
  }

  close(): void {}

  #when(): { readonly at: number; readonly now: number } {
    return { at: this.#life.time, now: this.#machine.events.now };
  }
}

function applyChange(names: Map<string, Inode>, change: NameChange): void {
  switch (change.kind) {
    case 'link':
      names.set(change.path, change.inode);
      break;
    case 'unlink':
      names.delete(change.path);
      break;
    case 'rename': {
      const inode = names.get(change.from);
      names.delete(change.from);
      if (inode !== undefined) names.set(change.path, inode);
      break;
    }
  }
}

/** The directory of a path. */
function directoryOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at <= 0 ? '/' : path.slice(0, at);
}

function broken(attempted: string): QuorliteError {
  return new QuorliteError('disk', `Cannot ${attempted}: EIO (simulated)`);
}

function noSpace(attempted: string): QuorliteError {
  return new QuorliteError('disk-full', `Cannot ${attempted}: no space is left (simulated)`);
}
