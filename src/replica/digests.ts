import { ByteReader, ByteWriter } from '../base/bytes.ts';
import type { Index, Term } from '../raft/entry.ts';

/** A rolling digest of all results up to an index. */
export interface DigestMark {
  /** The term of the leader that says so. */
  readonly term: Term;
  readonly index: Index;
  readonly digest: number;
}

/**
 * The last rolling digests of this replica, to be held against the leader's: replicas that executed
 * the same entries with the same results have the same digest at the same index, and one that once
 * differed differs ever after.
 */
export class Digests {
  readonly #indexes: Float64Array;
  readonly #digests: Uint32Array;
  #last: { readonly index: Index; readonly digest: number } | null = null;
  #awaited: DigestMark | null = null;

  /** Remembers the digests of the last `capacity` entries (a power of two). */
  constructor(capacity = 65_536) {
    this.#indexes = new Float64Array(capacity);
    this.#digests = new Uint32Array(capacity);
  }

  /** The newest digest of this replica. */
  get last(): { readonly index: Index; readonly digest: number } | null {
    return this.#last;
  }

  record(index: Index, digest: number): void {
    const slot = index % this.#indexes.length;
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
