import { SECTOR_BYTES } from './frame.ts';

/** Sectors that were written and are not durable, as of some moment. */
export type PendingSectors = ReadonlySet<number>;

/** A file with two images: as read now, and as a power cut would leave it. */
export class MemoryFile {
  #bytes = new Uint8Array(0);
  #size = 0;
  #durable = new Uint8Array(0);
  #durableSize = 0;
  readonly #dirty = new Set<number>();

  get size(): number {
    return this.#size;
  }

  /** A view of the contents. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  read(into: Uint8Array, position: number): number {
    const part = this.bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    this.#bytes = grown(this.#bytes, end);
    this.#bytes.set(bytes, position);
    this.#size = Math.max(this.#size, end);
    for (let at = Math.floor(position / SECTOR_BYTES); at * SECTOR_BYTES < end; at++) {
      this.#dirty.add(at);
    }
  }

  /** What a sync that starts now will make durable. */
  pending(): PendingSectors {
    return new Set(this.#dirty);
  }

  /** Makes sectors durable, and the size. */
  sync(sectors: PendingSectors = this.pending()): void {
    for (const sector of sectors) this.#keep(sector);
    this.#durableSize = this.#size;
    this.#durable = grown(this.#durable, this.#size);
  }

  /** Forgets that sectors are to be made durable, as a failed sync does. */
  drop(): void {
    this.#dirty.clear();
  }

  /** Keeps or loses each sector that is not durable; what was dropped is lost. */
  crash(loses: (sector: number) => boolean): void {
    for (const sector of this.pending()) {
      if (loses(sector)) continue;
      this.#keep(sector);
      this.#durableSize = Math.max(
        this.#durableSize,
        Math.min(this.#size, (sector + 1) * SECTOR_BYTES),
      );
    }
    this.#dirty.clear();
    this.#durable = grown(this.#durable, this.#durableSize);
    this.#bytes = this.#durable.slice(0, this.#durableSize);
    this.#size = this.#durableSize;
  }

  flip(offset: number, mask: number): void {
    this.#bytes[offset] = (this.#bytes[offset] ?? 0) ^ mask;
    if (offset < this.#durableSize) this.#durable[offset] = (this.#durable[offset] ?? 0) ^ mask;
  }

  copy(): MemoryFile {
    const file = new MemoryFile();
    file.#bytes = this.#bytes.slice(0, this.#size);
    file.#size = this.#size;
    file.#durable = this.#durable.slice(0, this.#durableSize);
    file.#durableSize = this.#durableSize;
    for (const sector of this.#dirty) file.#dirty.add(sector);
    return file;
  }

  #keep(sector: number): void {
    const from = sector * SECTOR_BYTES;
    const to = Math.min(from + SECTOR_BYTES, this.#size);
    this.#durable = grown(this.#durable, to);
    this.#durable.set(this.#bytes.subarray(from, to), from);
    this.#dirty.delete(sector);
  }
}

function grown(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  if (bytes.length >= size) return bytes;
  const larger = new Uint8Array(Math.max(size, bytes.length * 2));
  larger.set(bytes);
  return larger;
}
