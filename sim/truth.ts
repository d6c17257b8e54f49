import type { Entry, Index, Term } from '../src/raft/entry.ts';
import { hashEntry } from './mirror.ts';
import { Violation } from './watch.ts';

/** An entry that is decided. */
export interface Decided {
  readonly term: Term;
  readonly hash: number;
}

/** What the whole run agrees on: the one log, and everything that was ever at a place in a term. */
export class Truth {
  /** Decided entries; the entry of index i is at i - 1. */
  readonly committed: Decided[] = [];
  /** Entries by (index, term), whoever had them, with the term before them. */
  readonly #known = new Map<number, { readonly hash: number; readonly previous: Term }>();
  /** Entries by index as first applied; for the witness. */
  readonly applied: Map<Index, Entry> = new Map();
  /** Digests of results, of nodes whose state is right. */
  readonly digests: Map<Index, number> = new Map();

  get commit(): Index {
    return this.committed.length;
  }

  /** I3: one entry per (index, term), with one history before it. */
  know(entry: Entry, previous: Term, where: string): void {
    const key = entry.term * 4_194_304 + entry.index;
    const hash = hashEntry(entry);
    const known = this.#known.get(key);
    if (known === undefined) {
      this.#known.set(key, { hash, previous });
      return;
    }
    if (known.hash !== hash) {
      throw new Violation(
        'I3',
        `Log Matching: ${where} holds another entry (${entry.term},${entry.index}) than ` +
          'was seen before',
      );
    }
    if (known.previous !== previous) {
      throw new Violation(
        'I3',
        `Log Matching: before (${entry.term},${entry.index}) ${where} has term ${previous}, ` +
          `elsewhere it was ${known.previous}`,
      );
    }
  }

  /** I5: an index is decided once and for all. */
  decide(index: Index, decided: Decided, where: string): void {
    const known = this.committed[index - 1];
    if (known === undefined) {
      this.committed[index - 1] = decided;
      return;
    }
    if (known.term !== decided.term || known.hash !== decided.hash) {
      throw new Violation(
        'I5',
        `State Machine Safety: ${where} takes an entry of term ${decided.term} for committed at ` +
          `${index}, where one of term ${known.term} was`,
      );
    }
  }
}
