import { assert, must } from '../base/assert.ts';
import type { Entry, Index, Position, Term } from './entry.ts';

/**
 * What an entry costs beside its data, in memory and on the wire; an estimate that keeps floods of
 * empty entries inside the byte limits.
 */
const ENTRY_OVERHEAD_BYTES = 24;

/** Bytes an entry counts against limits. */
export function entryBytes(entry: Entry): number {
  return entry.data.length + ENTRY_OVERHEAD_BYTES;
}

/**
 * The sequence of entries since the last compaction, in memory.
 *
 * What holds: indices are consecutive from `start.index + 1`; terms never decrease; everything at
 * or below `start` is in a durable machine state. Ranges are written (after, through].
 */
export class Log {
  #start: Position;
  #entries: Entry[];
  /** Bytes of all entries up to and including the one at the same place, since ever. */
  #ends: number[];
  #bytesBefore = 0;
  /** The last range asked for: the disk and every follower usually want the same one. */
  #memo: { after: Index; through: Index; entries: readonly Entry[] } | null = null;

  constructor(start: Position, entries: readonly Entry[]) {
    this.#start = start;
    this.#entries = [];
    this.#ends = [];
    this.append(entries, 0);
  }

  /** Where the log starts: the last entry it does not hold any more. */
  get start(): Position {
    return this.#start;
  }

  /** Index of the first entry held, or of the next one when there is none. */
  get first(): Index {
    return this.#start.index + 1;
  }

  get last(): Index {
    return this.#start.index + this.#entries.length;
  }

  get lastPosition(): Position {
    const entry = this.#entries.at(-1);
    return entry === undefined ? this.#start : { index: entry.index, term: entry.term };
  }

  /** Term at an index from `start.index` to `last`; null outside. */
  term(index: Index): Term | null {
    if (index === this.#start.index) return this.#start.term;
    return this.#entries[index - this.first]?.term ?? null;
  }

  /** Whether the entry at that index has that term. */
  matches(position: Position): boolean {
    return this.term(position.index) === position.term;
  }

  /** The entries of (after, through], all of which must be held. The array is shared: read only. */
  entries(after: Index, through: Index): readonly Entry[] {
    assert(
      after >= this.#start.index && through <= this.last && after <= through,
      () => `Entries (${after}, ${through}] are not within (${this.#start.index}, ${this.last}]`,
    );
    const memo = this.#memo;
    if (memo !== null && memo.after === after && memo.through === through) return memo.entries;
    const entries = this.#entries.slice(after - this.#start.index, through - this.#start.index);
    this.#memo = { after, through, entries };
    return entries;
  }

  /** Bytes of (after, through]. */
  bytes(after: Index, through: Index): number {
    return this.#end(through) - this.#end(after);
  }

  /** The furthest index that (after, it] stays within `bytesMax`; at least one entry. */
  throughWithin(after: Index, bytesMax: number): Index {
    const limit = this.#end(after) + bytesMax;
    if (this.#end(this.last) <= limit) return this.last;
    let low = after + 1;
    let high = this.last;
    while (low < high) {
      const middle = low + Math.ceil((high - low) / 2);
      if (this.#end(middle) <= limit) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Appends `entries[from..]`, which continue the log. */
  append(entries: readonly Entry[], from: number): void {
    let previous = this.lastPosition;
    let bytes = this.#end(this.last);
    for (let at = from; at < entries.length; at++) {
      const entry = must(entries[at], () => `No entry at ${at}`);
      const { index, term } = previous;
      assert(
        entry.index === index + 1 && entry.term >= term,
        () => `Entry ${entry.index} of term ${entry.term} cannot follow ${index} of term ${term}`,
      );
      bytes += entryBytes(entry);
      this.#entries.push(entry);
      this.#ends.push(bytes);
      previous = entry;
    }
  }

  /** Forgets everything from `index` on. */
  truncate(index: Index): void {
    assert(
      index >= this.first && index <= this.last,
      () => `Cannot truncate at ${index}: the log is [${this.first}, ${this.last}]`,
    );
    this.#entries.length = index - this.first;
    this.#ends.length = this.#entries.length;
    this.#memo = null;
  }

  /** Forgets everything up to `index`. */
  compact(index: Index): void {
    const term = this.term(index);
    assert(term !== null, () => `Cannot compact to ${index}: the log ends at ${this.last}`);
    const count = index - this.#start.index;
    this.#bytesBefore = this.#end(index);
    this.#entries.splice(0, count);
    this.#ends.splice(0, count);
    this.#start = { index, term };
    this.#memo = null;
  }

  /** Forgets everything: the log now starts after a machine state that came from elsewhere. */
  reset(start: Position): void {
    this.#start = start;
    this.#entries = [];
    this.#ends = [];
    this.#bytesBefore = 0;
    this.#memo = null;
  }

  /**
   * The largest index from `floor` to `position.index` whose term is at most `position.term`, or
   * `floor - 1` when even the entry at `floor` is newer. Beyond it nothing can match an entry of
   * that term, so a whole term is skipped per probe (etcd's findConflictByTerm).
   */
  lastNotNewer(position: Position, floor: Index): Index {
    let low = Math.max(floor, this.#start.index) - 1;
    let high = Math.min(position.index, this.last);
    while (low < high) {
      const middle = low + Math.ceil((high - low) / 2);
      const term = must(this.term(middle), () => `No term at ${middle}`);
      if (term <= position.term) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #end(index: Index): number {
    if (index <= this.#start.index) return this.#bytesBefore;
    return must(this.#ends[index - this.first], () => `No entry at ${index}`);
  }
}
