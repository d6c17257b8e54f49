import type { Draw } from './random.ts';

/** What a disk writes whole or not at all. */
export const SECTOR_BYTES = 512;

/** A sync on its way to the platter: what it covers, and when it will have happened. */
interface PendingSync {
  readonly begunAt: number;
  readonly completesAt: number;
  readonly sectors: readonly number[];
  /** Their contents when the sync was asked for, one after another. */
  readonly contents: Uint8Array;
  readonly size: number;
}

/** A write of a process that is ahead of the true time, and what it replaced. */
interface EarlyWrite {
  readonly at: number;
  readonly position: number;
  readonly before: Uint8Array;
  readonly sizeBefore: number;
}

/** How a power loss treats what was written and not synced. */
export type TearStyle = 'none' | 'all' | 'prefix' | 'random';

/** A file: what programs read (the page cache) and what a power loss would leave. */
export class Inode {
  #cached = new Uint8Array(0);
  #size = 0;
  #durable = new Uint8Array(0);
  #durableSize = 0;
  /** Sectors written since they were last handed to a sync, in the order of their first write. */
  #dirty = new Set<number>();
  #syncs: PendingSync[] = [];
  #early: EarlyWrite[] = [];
  /** The platter differs from what was written, and the cache does not show it. */
  #lied = false;

  get size(): number {
    return this.#size;
  }

  /** Size a power loss would surely leave. */
  get durableSize(): number {
    return this.#durableSize;
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0 || this.#syncs.length > 0 || this.#size !== this.#durableSize;
  }

  read(into: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(into.length, this.#size - position));
    into.set(this.#cached.subarray(position, position + length));
    return length;
  }

  /** All of it, as a copy. */
  contents(): Uint8Array {
    return this.#cached.slice(0, this.#size);
  }

  /** All that is durable, as a copy. */
  durableContents(): Uint8Array {
    return this.#durable.slice(0, this.#durableSize);
  }

  /** Writes at `at`, which is ahead of the true time while the process is. */
  write(
    bytes: Uint8Array,
    position: number,
    when: { readonly at: number; readonly now: number },
  ): void {
    const end = position + bytes.length;
    if (bytes.length === 0) return;
    this.#cached = grown(this.#cached, end);
    if (when.at > when.now) {
      const before = this.#cached.slice(position, end);
      this.#early.push({ at: when.at, position, before, sizeBefore: this.#size });
    } else if (this.#early.length > 0) this.#early = [];
    this.#cached.set(bytes, position);
    this.#size = Math.max(this.#size, end);
    const last = Math.floor((end - 1) / SECTOR_BYTES);
    for (let at = Math.floor(position / SECTOR_BYTES); at <= last; at++) this.#dirty.add(at);
  }

  /** Hands everything written so far to the disk; it is durable from `completesAt` on. */
  beginSync(begunAt: number, completesAt: number): void {
    const sectors = [...this.#dirty];
    this.#dirty = new Set();
    const contents = new Uint8Array(sectors.length * SECTOR_BYTES);
    forEachRun(sectors, (from, count) => {
      const at = (sectors[from] as number) * SECTOR_BYTES;
      const run = this.#cached.subarray(at, at + count * SECTOR_BYTES);
      contents.set(run, from * SECTOR_BYTES);
    });
    this.#syncs.push({ begunAt, completesAt, sectors, contents, size: this.#size });
  }

  /** A sync failed: its pages are marked clean, yet nothing of them is durable (fsyncgate). */
  failSync(): void {
    this.#dirty.clear();
  }

  /**
   * Makes durable what syncs that are over by `now` cover: all that was written before they began,
   * with what an earlier one is still waiting for.
   */
  settle(now: number): void {
    const last = this.#syncs.findLastIndex(({ completesAt }) => completesAt <= now);
    for (const { sectors, contents, size } of this.#syncs.splice(0, last + 1)) {
      forEachRun(sectors, (from, count) => {
        this.#keep(sectors[from] as number, contents, { from, count });
      });
      this.#durableSize = Math.max(this.#durableSize, size);
    }
  }

  /** Takes back what a process that died at `now` only would have done later. */
  undoAfter(now: number): void {
    const never = this.#syncs.filter(({ begunAt }) => begunAt > now);
    this.#syncs = this.#syncs.filter(({ begunAt }) => begunAt <= now);
    for (const { sectors } of never) for (const sector of sectors) this.#dirty.add(sector);
    for (const { at, position, before, sizeBefore } of this.#early.toReversed()) {
      if (at <= now) continue;
      this.#cached.set(before, position);
      this.#size = sizeBefore;
    }
    this.#early = [];
  }

  /** The process died: what it handed to the disk is in the page cache, no more. */
  dropSyncs(): void {
    for (const { sectors } of this.#syncs) for (const sector of sectors) this.#dirty.add(sector);
    this.#syncs = [];
  }

  /** The power went: of what was not durable, `style` says what is left. */
  tear(style: TearStyle, draw: Draw): void {
    const left: { readonly sector: number; readonly contents: Uint8Array; readonly i: number }[] =
      [];
    for (const { sectors, contents } of this.#syncs) {
      sectors.forEach((sector, i) => left.push({ sector, contents, i }));
    }
    for (const sector of this.#dirty) {
      const at = sector * SECTOR_BYTES;
      const contents = new Uint8Array(SECTOR_BYTES);
      contents.set(this.#cached.subarray(at, at + SECTOR_BYTES));
      left.push({ sector, contents, i: 0 });
    }
    const prefix = draw.below(left.length + 1);
    let grew = false;
    left.forEach(({ sector, contents, i }, order) => {
      const survives =
        style === 'all' ||
        (style === 'prefix' && order < prefix) ||
        (style === 'random' && draw.percent(50));
      if (!survives) return;
      this.#keep(sector, contents, { from: i, count: 1 });
      grew = true;
    });
    if (grew && this.#size > this.#durableSize && draw.percent(50)) this.#durableSize = this.#size;
    this.#syncs = [];
    this.#dirty = new Set();
    this.#size = this.#durableSize;
    this.#durable.fill(0, this.#size);
    this.#cached = this.#durable.slice(0, this.#size);
  }

  /** Flips one bit for good. */
  flip(position: number, mask: number): void {
    if (position >= this.#durableSize) return;
    this.#durable[position] = (this.#durable[position] ?? 0) ^ mask;
    if (position < this.#size) this.#cached[position] = (this.#cached[position] ?? 0) ^ mask;
  }

  /** The machine starts again: what programs read comes from the platter, whatever was cached. */
  reload(): void {
    if (!this.#lied) return;
    this.#lied = false;
    this.#cached = this.#durable.slice(0, this.#size);
  }

  /** The write of a sector never reached the platter. */
  loseSector(sector: number): void {
    this.#lied = true;
    this.#durable.fill(0, sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
  }

  /** What belongs to one sector is on the platter at another. */
  copySector(from: number, to: number): void {
    this.#lied = true;
    const start = from * SECTOR_BYTES;
    this.#durable.copyWithin(to * SECTOR_BYTES, start, start + SECTOR_BYTES);
  }

  /** Puts `count` sectors of `contents`, the first of which is its `from`th, at `sector` and on. */
  #keep(
    sector: number,
    contents: Uint8Array,
    { from, count }: { readonly from: number; readonly count: number },
  ): void {
    const at = sector * SECTOR_BYTES;
    this.#durable = grown(this.#durable, at + count * SECTOR_BYTES);
    this.#durable.set(contents.subarray(from * SECTOR_BYTES, (from + count) * SECTOR_BYTES), at);
  }
}

/** Calls `take` for each run of sectors that follow one another: where it starts, how many. */
function forEachRun(sectors: readonly number[], take: (from: number, count: number) => void): void {
  for (let from = 0, at = 1; at <= sectors.length; at++) {
    if (at < sectors.length && sectors[at] === (sectors[at - 1] as number) + 1) continue;
    take(from, at - from);
    from = at;
  }
}

function grown(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  if (bytes.length >= length) return bytes;
  const larger = new Uint8Array(Math.max(SECTOR_BYTES, bytes.length * 2, length));
  larger.set(bytes);
  return larger;
}
