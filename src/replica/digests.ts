import { ByteReader, ByteWriter } from '../base/bytes.ts';
import type { Index, Term } from '../raft/entry.ts';

/** A rolling digest of all results up to an index. */
export interface DigestMark {
  /** The term of the leader that says so. */
  readonly term: Term;
  readonly index: Index;
  readonly digest: number;
}

/** How many digests there is room for before any are known; doubled as they come. */
const LENGTH_AT_FIRST = 256;

/**
 * The last rolling digests of this replica, to be held against the leader's: replicas that executed
 * the same entries with the same results have the same digest at the same index, and one that once
 * differed differs ever after.
 */
export class Digests {
  readonly #capacity: number;
  #indexes: Float64Array;
  #digests: Uint32Array;
  #last: { readonly index: Index; readonly digest: number } | null = null;
  #awaited: DigestMark | null = null;

  /** Remembers the digests of the last `capacity` entries (a power of two). */
  constructor(capacity = 65_536) {
    this.#capacity = capacity;
    const length = Math.min(capacity, LENGTH_AT_FIRST);
    this.#indexes = new Float64Array(length);
    this.#digests = new Uint32Array(length);
  }

  /** The newest digest of this replica. */
  get last(): { readonly index: Index; readonly digest: number } | null {
    return this.#last;
  }

  record(index: Index, digest: number): void {
    let slot = index % this.#indexes.length;
    while (this.#indexes.length < this.#capacity && this.#isTaken(slot, index)) {
      this.#grow();
      slot = index % this.#indexes.length;
    }
    this.#indexes[slot] = index;
    this.#digests[slot] = digest >>> 0;
    this.#last = { index, digest: digest >>> 0 };
  }

  /**
   * Compares with what a leader says. Null: equal, or not known (yet): what lies ahead is compared
   * by `pending` once it is applied here.
   */
  compare(mark: DigestMark, applied: Index): DigestMark | null {
    if (mark.index > applied) {
      this.#awaited = mark;
      return null;
    }
    const slot = mark.index % this.#indexes.length;
    if (this.#indexes[slot] !== mark.index) return null;
    return this.#digests[slot] === mark.digest ? null : mark;
  }

  /** The comparison put off by `compare`, if `applied` has reached it. */
  pending(applied: Index): DigestMark | null {
    const mark = this.#awaited;
    if (mark === null || mark.index > applied) return null;
    this.#awaited = null;
    return this.compare(mark, applied);
  }

  /** The digest at `index`, if it is still known; null also where no command stands. */
  at(index: Index): { readonly index: Index; readonly digest: number } | null {
    const slot = index % this.#indexes.length;
    if (this.#indexes[slot] !== index) return null;
    return { index, digest: this.#digests[slot] ?? 0 };
  }

  /** The state was replaced: old digests say nothing about it. */
  clear(): void {
    this.#indexes.fill(0);
    this.#last = null;
    this.#awaited = null;
  }

  /** Whether a digest that must not be forgotten yet stands where that of `index` would. */
  #isTaken(slot: number, index: Index): boolean {
    const before = this.#indexes[slot] ?? 0;
    return before > 0 && before < index && index - before < this.#capacity;
  }

  /** A group with little in it needs little room: there may be many. */
  #grow(): void {
    const [indexes, digests] = [this.#indexes, this.#digests];
    const length = indexes.length * 2;
    this.#indexes = new Float64Array(length);
    this.#digests = new Uint32Array(length);
    indexes.forEach((index, at) => {
      if (index === 0) return;
      this.#indexes[index % length] = index;
      this.#digests[index % length] = digests[at] ?? 0;
    });
  }
}

/** Bytes of a digest note. */
export function encodeDigest(mark: DigestMark): Uint8Array {
  return new ByteWriter(24).u53(mark.term).u53(mark.index).u32(mark.digest).copy();
}

/** A digest note's content; null when the bytes are not one. */
export function decodeDigest(bytes: Uint8Array): DigestMark | null {
  const reader = new ByteReader(bytes);
  const mark = { term: reader.u53(), index: reader.u53(), digest: reader.u32() };
  return reader.failed ? null : mark;
}
