import { QuorliteError } from '../base/errors.ts';
import type { Disk } from './disk.ts';
import { segmentName } from './segment.ts';

/**
 * Removes segments one at a time, each removal durable before the next: after a crash the segments
 * that are left still follow each other without a gap, which is how a lost file is noticed.
 */
export class Retirement {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #onFatal: (error: QuorliteError) => void;
  readonly #queue: number[] = [];
  #busy = false;
  #stopped = false;

  constructor(options: {
    readonly disk: Disk;
    readonly directory: string;
    readonly onFatal: (error: QuorliteError) => void;
  }) {
    this.#disk = options.disk;
    this.#directory = options.directory;
    this.#onFatal = options.onFatal;
  }

  /** Segments come oldest first. */
  add(segment: number): void {
    this.#queue.push(segment);
    if (!this.#busy) this.#next();
  }

  /** Removes nothing more: the directory may soon belong to another process. */
  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
  }

  #next(): void {
    const segment = this.#queue.shift();
    this.#busy = segment !== undefined;
    if (segment === undefined) return;
    try {
      this.#disk.remove(`${this.#directory}/${segmentName(segment)}`);
      this.#disk.syncDirectorySoon(this.#directory, (error) => {
        if (this.#stopped) return;
        if (error) this.#onFatal(QuorliteError.from(error, 'disk'));
        else this.#next();
      });
    } catch (error) {
      this.#onFatal(QuorliteError.from(error, 'disk'));
    }
  }
}
