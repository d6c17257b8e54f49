import type { Entry, Index } from '../raft/entry.ts';

/** A group's entries while its frames are being replayed; places may be missing. */
export class GroupLog {
  /** By index; absent where a frame was lost or its segment is gone. */
  readonly #entries = new Map<Index, Entry>();
  #last: Index;

  /** `last` is the index of the last entry written before the first frame that is replayed. */
  constructor(last: Index) {
    this.#last = last;
  }

  get last(): Index {
    return this.#last;
  }

  /** `entries` replace whatever is at `first` and after; none at all is a truncation. */
  put(first: Index, entries: readonly Entry[]): void {
    this.cut(first);
    for (const entry of entries) this.#entries.set(entry.index, entry);
    this.#last = first + entries.length - 1;
  }

  /** Entries repeated from a segment that may be gone: only what is missing is taken. */
  fill(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.index > this.#last || this.#entries.has(entry.index)) continue;
      this.#entries.set(entry.index, entry);
    }
  }

  /** Entries at these places existed and cannot be read. */
  lose(first: Index, count: number): void {
    this.cut(first);
    this.#last = first + count - 1;
  }

  /** Entries from `first` on are gone. */
  cut(first: Index): void {
    for (let index = this.#last; index >= first; index--) this.#entries.delete(index);
    this.#last = Math.min(this.#last, first - 1);
  }

  /** A checkpoint says where the log ended. */
  endAt(last: Index): void {
    this.cut(last + 1);
    this.#last = last;
  }

  /** Nothing is left; the log goes on after `index`. */
  reset(index: Index): void {
    this.#entries.clear();
    this.#last = index;
  }

  /** Entries up to `index` are no longer needed. */
  forget(index: Index): void {
    if (index >= this.#last) this.reset(index);
    else if (this.#entries.size > 0) {
      for (const known of this.#entries.keys()) if (known <= index) this.#entries.delete(known);
    }
  }

  /** The entries after `index` up to the first that is missing, and that one's index or null. */
  after(index: Index): { readonly entries: Entry[]; readonly missing: Index | null } {
    const entries: Entry[] = [];
    for (let at = index + 1; at <= this.#last; at++) {
      const entry = this.#entries.get(at);
      if (entry === undefined) return { entries, missing: at };
      entries.push(entry);
    }
    return { entries, missing: null };
  }
}
