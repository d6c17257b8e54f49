import { QuorliteError } from '../base/errors.ts';
import { checksum } from './crc.ts';
import type { Disk, DiskFile } from './disk.ts';
import type { SnapshotOffer } from './snapshot-file.ts';

/** Received bytes are synced this often, so that the last sync is short. */
const SYNC_EVERY_BYTES = 16 * 1024 * 1024;

/** A piece of a snapshot. */
export interface SnapshotChunk {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** `checksum(bytes)`. */
  readonly crc: number;
}

/** A snapshot that is being received. Its length is the progress: it survives a restart. */
export class PartialSnapshot {
  readonly offer: SnapshotOffer;
  readonly path: string;
  readonly #disk: Disk;
  #file: DiskFile | null;
  #offset: number;
  #synced: number;
  #failure: QuorliteError | null = null;

  /** Continues the file at `path`, or begins it. */
  constructor(options: {
    readonly disk: Disk;
    readonly path: string;
    readonly offer: SnapshotOffer;
  }) {
    const { disk, path, offer } = options;
    this.#disk = disk;
    this.path = path;
    this.offer = offer;
    if (disk.exists(path)) {
      const file = disk.open(path, 'existing');
      if (file.size() <= offer.size) {
        this.#file = file;
        this.#offset = file.size();
        this.#synced = 0;
        return;
      }
      file.close();
      disk.remove(path);
    }
    this.#file = disk.open(path, 'create');
    this.#offset = 0;
    this.#synced = 0;
  }

  /** Where the next chunk must begin. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether all bytes are there. */
  get isFull(): boolean {
    return this.#offset === this.offer.size;
  }

  /**
   * Takes a chunk and returns where the next must begin: `offset` again when this one did not fit
   * there, was damaged or reached beyond the end; a sender goes on from what it is told.
   *
   * @throws {QuorliteError} `disk`, `disk-full`
   */
  append(chunk: SnapshotChunk): number {
    if (this.#failure !== null) throw this.#failure;
    const file = this.#file;
    const { offset, bytes, crc } = chunk;
    const fits = offset === this.#offset && offset + bytes.length <= this.offer.size;
    if (file === null || !fits || checksum(bytes) !== crc) return this.#offset;
    file.write(bytes, offset);
    this.#offset += bytes.length;
    if (this.#offset - this.#synced >= SYNC_EVERY_BYTES) {
      this.#synced = this.#offset;
      file.syncSoon((error) => {
        if (error !== null) this.#failure = QuorliteError.from(error, 'disk');
      });
    }
    return this.#offset;
  }

  /** Keeps the file for another time. */
  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  /** Gives up what was received. */
  discard(): void {
    this.close();
    if (this.#disk.exists(this.path)) this.#disk.remove(this.path);
  }
}
