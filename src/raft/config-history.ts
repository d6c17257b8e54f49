import { must } from '../base/assert.ts';
import { decodeConfig } from './config-codec.ts';
import type { Config } from './config.ts';
import type { SnapshotMark } from './effects.ts';
import type { Entry, Index } from './entry.ts';

interface Point {
  readonly index: Index;
  readonly config: Config;
}

/**
 * Which configuration is in force, as a function of the log (thesis 4.1): the last one appended,
 * committed or not.
 *
 * Element zero is the configuration at the log's start and is never popped, so that truncating the
 * first configuration entry after a compaction has something to fall back to (canonical/raft #250
 * and #323 had not).
 */
export class ConfigHistory {
  #base: Point;
  #later: Point[] = [];
  /** The last of all, asked for many times a turn. */
  #latest: Point;

  constructor({ index, config }: SnapshotMark, entries: readonly Entry[]) {
    this.#base = { index, config };
    this.#latest = this.#base;
    this.appended(entries, 0);
  }

  /** The configuration in force. */
  get current(): Config {
    return this.#latest.config;
  }

  /** The index of its entry, or of the log's start. */
  get currentIndex(): Index {
    return this.#latest.index;
  }

  /** The configuration in force at `index`; null before the log's start. */
  at(index: Index): Config | null {
    const point = this.#later.findLast((later) => later.index <= index);
    if (point !== undefined) return point.config;
    return index < this.#base.index ? null : this.#base.config;
  }

  /** Takes note of the configurations among `entries[from..]`. */
  appended(entries: readonly Entry[], from: number): void {
    for (let at = from; at < entries.length; at++) {
      const entry = entries[at];
      if (entry === undefined || entry.kind !== 'config') continue;
      const config = must(
        decodeConfig(entry.data),
        () => `Entry ${entry.index} holds no configuration`,
      );
      this.#later.push({ index: entry.index, config });
    }
    this.#changed();
  }

  /** Everything from `index` on is gone. */
  truncated(index: Index): void {
    while ((this.#later.at(-1)?.index ?? -1) >= index) this.#later.pop();
    this.#changed();
  }

  /** Everything up to `index` is gone; returns the configuration in force there. */
  compacted(index: Index): Config {
    const keep = this.#later.findIndex((point) => point.index > index);
    const gone = keep < 0 ? this.#later.length : keep;
    const base = this.#later[gone - 1] ?? this.#base;
    this.#base = { index, config: base.config };
    this.#later = this.#later.slice(gone);
    this.#changed();
    return base.config;
  }

  /** The log starts anew. */
  reset({ index, config }: SnapshotMark): void {
    this.#base = { index, config };
    this.#later = [];
    this.#changed();
  }

  #changed(): void {
    this.#latest = this.#later.at(-1) ?? this.#base;
  }
}
