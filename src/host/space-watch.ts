import type { Clock, Timer } from '../base/clock.ts';
import { QuorliteError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Disk } from '../storage/disk.ts';

/** How often free space is measured: a statfs, some microseconds. */
const LOOK_MS = 250;

/**
 * Less than this is refused: what is accepted between two looks must still fit, in the journal and
 * in the database, at 64 MiB a second in each.
 */
const RESERVE_BYTES = 32 * 1024 * 1024;

/** This much more than the reserve must be free again, so that the verdict does not flutter. */
const MARGIN_BYTES = 4 * 1024 * 1024;

/** What the watch looks at, and whom it tells. */
export interface SpaceWatchOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The data directory. */
  readonly path: string;
  /** Takes or refuses writes from now on; only changes are told. */
  readonly onChange: (low: boolean) => void;
  /** The disk cannot even be asked. */
  readonly onFatal: (error: Error) => void;
}

/**
 * Whether there is too little space to take writes. The journal notices when it cannot grow; the
 * database shares the disk, grows at any time, and has no way back once it cannot: the node would
 * have to stop. So the space left is watched too, and writes are refused while reads still work.
 */
export class SpaceWatch {
  readonly #options: SpaceWatchOptions;
  #journalLow = false;
  #diskLow = false;
  #timer: Timer | null = null;

  constructor(options: SpaceWatchOptions) {
    this.#options = options;
  }

  /** Whether writes are refused. */
  get low(): boolean {
    return this.#journalLow || this.#diskLow;
  }

  /**
   * Looks now, and from now on.
   *
   * @throws {QuorliteError} `disk` when it cannot be asked even once
   */
  start(): void {
    this.#measure();
    this.#lookAgain();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** The journal found no room to grow, or found it again. */
  onJournal(low: boolean): void {
    const before = this.low;
    this.#journalLow = low;
    this.#tell(before);
  }

  #lookAgain(): void {
    this.#timer = this.#options.clock.after(LOOK_MS, () => {
      try {
        this.#measure();
        this.#lookAgain();
      } catch (error) {
        this.#options.onFatal(QuorliteError.from(error, 'disk'));
      }
    });
  }

  #measure(): void {
    const { disk, path } = this.#options;
    const before = this.low;
    const free = disk.freeBytes(path);
    this.#diskLow = free < RESERVE_BYTES + (this.#diskLow ? MARGIN_BYTES : 0);
    this.#tell(before);
  }

  #tell(before: boolean): void {
    if (this.low === before) return;
    const { logger, path, onChange } = this.#options;
    if (this.low) {
      logger.error?.('The disk is full: writes are refused until there is space', { path });
    } else {
      logger.info?.('There is space on the disk again: writes are taken', { path });
    }
    onChange(this.low);
  }
}
