import { decodeText, encodeText } from '../base/bytes.ts';
import type { Index } from '../raft/entry.ts';
import type { Disk } from './disk.ts';
import { parentOf, replaceFile } from './replace-file.ts';

const NOTE_VERSION = 1;

/**
 * The note beside a database that a majority holds another state: it must not be read, applied to
 * or led from until a copy took its place, whatever restarts lie between. That the file is there
 * is what counts; what it says is for people.
 */
export class QuarantineNote {
  readonly #disk: Disk;
  readonly #path: string;
  #index: Index | null;

  /** Looks for the note at `path`. */
  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
    this.#index = disk.exists(path) ? indexIn(disk.readAll(path)) : null;
    // A process that was killed may have left it where only the cache of the system knows it.
    if (this.#index !== null) disk.syncDirectory(parentOf(path));
  }

  /** Where the difference was seen; null when the state is not known to be wrong. */
  get index(): Index | null {
    return this.#index;
  }

  /** Remembers, durably, that the state differs since `index` at the latest. */
  write(index: Index): void {
    if (this.#index !== null) return;
    const text = `${JSON.stringify({ formatVersion: NOTE_VERSION, index })}\n`;
    replaceFile(this.#disk, this.#path, encodeText(text));
    this.#index = index;
  }

  /** The state was replaced, durably. */
  clear(): void {
    if (this.#index === null) return;
    this.#disk.remove(this.#path);
    this.#disk.syncDirectory(parentOf(this.#path));
    this.#index = null;
  }
}

/** Never null: a note that cannot be read is a note. */
function indexIn(bytes: Uint8Array): Index {
  try {
    const note: unknown = JSON.parse(decodeText(bytes));
    const index = typeof note === 'object' && note !== null && 'index' in note ? note.index : 0;
    return typeof index === 'number' ? index : 0;
  } catch {
    // Damaged: the doubt stays.
    return 0;
  }
}
