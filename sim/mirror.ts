import type { SnapshotMark, Write } from '../src/raft/effects.ts';
import type { Entry, HardState, Index, Position, Term } from '../src/raft/entry.ts';
import { fold, hashBytes } from './random.ts';

/** A node's log and hard state, as the writes it handed to its journal say. */
export class LogMirror {
  hardState: HardState = { term: 0, vote: null };
  /** Where the log starts. */
  mark: Position = { index: 0, term: 0 };
  #terms: Term[] = [];
  #hashes: number[] = [];

  get last(): Index {
    return this.mark.index + this.#terms.length;
  }

  /** Term of the last entry, or of what the log starts after. */
  get lastTerm(): Term {
    return this.#terms.at(-1) ?? this.mark.term;
  }

  /** The term at `index`; null where this log knows nothing. */
  termAt(index: Index): Term | null {
    if (index === this.mark.index) return this.mark.term;
    return this.#terms[index - this.mark.index - 1] ?? null;
  }

  /** The hash of the entry at `index`; null where this log has none. */
  hashAt(index: Index): number | null {
    return this.#hashes[index - this.mark.index - 1] ?? null;
  }

  /** Whether the log holds the entry, or a state that covers it. */
  holds(index: Index, term: Term): boolean {
    return index <= this.mark.index || this.termAt(index) === term;
  }

  apply(write: Write): void {
    if (write.hardState !== null) this.hardState = write.hardState;
    if (write.installed !== null) this.#restart(write.installed);
    if (write.entries.length > 0) this.#put(write.entries);
    if (write.compacted !== null) this.#forget(write.compacted);
  }

  /** What a process found on its disk. */
  replace(found: {
    readonly hardState: HardState;
    readonly mark: SnapshotMark | null;
    readonly entries: readonly Entry[];
  }): void {
    this.hardState = found.hardState;
    this.mark = { index: found.mark?.index ?? 0, term: found.mark?.term ?? 0 };
    this.#terms = [];
    this.#hashes = [];
    this.#put(found.entries);
  }

  /** Becomes equal to `other`. */
  become(other: LogMirror): void {
    this.hardState = other.hardState;
    this.mark = other.mark;
    this.#terms = [...other.#terms];
    this.#hashes = [...other.#hashes];
  }

  clear(): void {
    this.become(new LogMirror());
  }

  #put(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    const at = first.index - this.mark.index - 1;
    this.#terms.length = Math.max(0, Math.min(at, this.#terms.length));
    this.#hashes.length = this.#terms.length;
    for (const entry of entries) {
      this.#terms.push(entry.term);
      this.#hashes.push(hashEntry(entry));
    }
  }

  #restart(mark: SnapshotMark): void {
    this.mark = { index: mark.index, term: mark.term };
    this.#terms = [];
    this.#hashes = [];
  }

  #forget(mark: SnapshotMark): void {
    const count = mark.index - this.mark.index;
    if (count <= 0) return;
    this.#terms = this.#terms.slice(count);
    this.#hashes = this.#hashes.slice(count);
    this.mark = { index: mark.index, term: mark.term };
  }
}

/** A hash of what an entry is, without its place. */
export function hashEntry(entry: Entry): number {
  return fold(hashBytes(entry.data), entry.kind.length);
}
