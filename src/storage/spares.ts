import type { Clock, Timer } from '../base/clock.ts';
import { QuorliteError } from '../base/errors.ts';
import type { Disk, DiskFile } from './disk.ts';
import {
  createSegment,
  encodeSegmentHeader,
  type Identity,
  type OpenSegment,
  type SegmentPlan,
  segmentName,
  writeZeros,
} from './segment.ts';

/** A full disk is asked again this often whether there is room for a spare. */
const RETRY_MS = 1000;

/** What the pool of spares needs. */
export interface SparesOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly directory: string;
  readonly segmentBytes: number;
  /** How many to keep ready. */
  readonly count: number;
  /** The disk refused something other than space. */
  readonly onFatal: (error: QuorliteError) => void;
  /** True when a spare could not be made for want of space, false when one could again. */
  readonly onSpace: (low: boolean) => void;
}

/** A spare that is being made. */
interface Making {
  readonly seq: number;
  readonly temporary: string;
  readonly file: DiskFile;
  readonly salt: number;
  /** Taken back: the callbacks that still come only clean up. */
  cancelled: boolean;
}

/**
 * Segments made ahead of time under their final names, filled with zeros a piece a turn and synced
 * off the thread, so that a roll costs a file descriptor. A full disk is noticed here, with spares
 * left, and not when a write waits for its acknowledgement.
 */
export class Spares {
  readonly #options: SparesOptions;
  #identity: Identity;
  readonly #ready: OpenSegment[] = [];
  #making: Making | null = null;
  #nextSeq: number;
  #attempts = 0;
  #low = false;
  #retry: Timer | null = null;
  #stopped = false;

  /** `nextSeq` is the number of the segment that will be taken next. */
  constructor(options: SparesOptions, identity: Identity, nextSeq: number) {
    this.#options = options;
    this.#identity = identity;
    this.#nextSeq = nextSeq;
  }

  /** Spares ready for use. */
  get ready(): number {
    return this.#ready.length;
  }

  /** Whether the disk was too full for the last spare. */
  get low(): boolean {
    return this.#low;
  }

  /** Headers of spares made from now on name this cluster. */
  setIdentity(identity: Identity): void {
    this.#identity = identity;
  }

  /** Takes over a spare found at start: empty, numbered after those already there. */
  adopt(segment: OpenSegment): void {
    this.#ready.push(segment);
  }

  /**
   * The next segment, with room for `bytesMin` bytes in all; made at once when no spare will do.
   *
   * @throws {QuorliteError} `disk-full` or `disk`
   */
  take(bytesMin: number): OpenSegment {
    const { disk, directory, segmentBytes, clock } = this.#options;
    const seq = this.#nextSeq;
    const spare = this.#ready[0];
    if (spare !== undefined && spare.bytes >= bytesMin) {
      this.#ready.shift();
      this.#nextSeq++;
      return spare;
    }
    // Too large for a spare: they give up their numbers to a segment that fits.
    for (const { seq: tooSmall, file } of this.#ready.splice(0)) {
      file.close();
      disk.remove(`${directory}/${segmentName(tooSmall)}`);
    }
    this.#cancel();
    const bytes = Math.max(segmentBytes, bytesMin);
    const segment = createSegment(disk, this.#plan(seq, bytes, clock.calendar()));
    this.#nextSeq++;
    return segment;
  }

  /** Makes what is missing, in the background. */
  refill(): void {
    const { count, clock } = this.#options;
    if (this.#stopped || this.#making !== null || this.#retry !== null) return;
    if (this.#ready.length < count) clock.defer(() => this.#begin());
  }

  /** Ends the work in the background and closes the files; never throws. */
  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    this.#retry = null;
    if (this.#making !== null) {
      // What is unfinished stays: the disk may be failing, and the next start removes it.
      this.#making.cancelled = true;
      this.#making.file.close();
      this.#making = null;
    }
    for (const { file } of this.#ready.splice(0)) file.close();
  }

  #begin(): void {
    const { disk, directory, count, segmentBytes, clock } = this.#options;
    if (this.#stopped || this.#making !== null || this.#ready.length >= count) return;
    const seq = this.#nextSeq + this.#ready.length;
    const { block, salt } = encodeSegmentHeader(this.#plan(seq, segmentBytes, clock.calendar()));
    const temporary = `${directory}/${segmentName(seq)}.${this.#attempts++}.tmp`;
    try {
      const file = disk.open(temporary, 'create');
      this.#making = { seq, temporary, file, salt, cancelled: false };
      file.write(block, 0);
      this.#fill(this.#making, block.length);
    } catch (error) {
      this.#failed(error);
    }
  }

  // One piece a turn of the loop: a piece is a copy into the page cache, some 0.3 ms.
  #fill(making: Making, at: number): void {
    if (making.cancelled) return;
    const { clock, segmentBytes } = this.#options;
    try {
      const next = at + writeZeros(making.file, at, segmentBytes);
      if (next < segmentBytes) clock.defer(() => this.#fill(making, next));
      else making.file.syncSoon((error) => this.#synced(making, error));
    } catch (error) {
      this.#failed(error);
    }
  }

  #synced(making: Making, error: Error | null): void {
    if (making.cancelled) return;
    const { disk, directory } = this.#options;
    try {
      if (error) throw error;
      disk.rename(making.temporary, `${directory}/${segmentName(making.seq)}`);
      // From here on the name exists: a roll that comes now replaces the file by renaming over it.
      disk.syncDirectorySoon(directory, (directoryError) => this.#made(making, directoryError));
    } catch (failure) {
      this.#failed(failure);
    }
  }

  #made(making: Making, error: Error | null): void {
    if (making.cancelled) return;
    if (error) {
      this.#failed(error);
      return;
    }
    const { seq, file, salt } = making;
    this.#making = null;
    this.#ready.push({ seq, bytes: this.#options.segmentBytes, salt, file });
    this.#setLow(false);
    this.refill();
  }

  #failed(cause: unknown): void {
    const error = QuorliteError.from(cause, 'disk');
    const { onFatal, clock } = this.#options;
    try {
      this.#cancel();
    } catch (alsoFailed) {
      onFatal(QuorliteError.from(alsoFailed, 'disk'));
      return;
    }
    if (error.code !== 'disk-full') {
      onFatal(error);
      return;
    }
    this.#retry = clock.after(RETRY_MS, () => {
      this.#retry = null;
      this.refill();
    });
    this.#setLow(true);
  }

  #cancel(): void {
    const making = this.#making;
    if (making === null) return;
    this.#making = null;
    making.cancelled = true;
    making.file.close();
    const { disk } = this.#options;
    if (disk.exists(making.temporary)) disk.remove(making.temporary);
  }

  #setLow(low: boolean): void {
    if (this.#low === low) return;
    this.#low = low;
    this.#options.onSpace(low);
  }

  #plan(seq: number, bytes: number, createdAt: number): SegmentPlan {
    const { directory } = this.#options;
    return { directory, seq, bytes, identity: this.#identity, createdAt };
  }
}
