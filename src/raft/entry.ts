/** A leader's reign; grows, never reused (Raft §5.1). */
export type Term = number;

/** A position in a group's sequence of entries; the first entry has index 1. */
export type Index = number;

/** What an entry is for: a command of the machine, a membership, or a leader's first word. */
export type EntryKind = 'normal' | 'config' | 'noop';

/** One position of the replicated sequence. `data` is immutable once the entry exists. */
export interface Entry {
  readonly index: Index;
  readonly term: Term;
  readonly kind: EntryKind;
  readonly data: Uint8Array;
}

/** An index and the term of the entry there: two numbers that never travel apart. */
export interface Position {
  readonly index: Index;
  readonly term: Term;
}

/** What a server must remember before it answers anything in a term (Raft figure 2). */
export interface HardState {
  readonly term: Term;
  /** The node voted for in `term`, or null. */
  readonly vote: string | null;
}
