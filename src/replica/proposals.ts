import type { Index, Term } from '../raft/entry.ts';
import type { Entry } from '../raft/entry.ts';
import type { ProposalOutcome } from './outcome.ts';

/** Something to propose, and who waits for it. */
export interface Pending {
  readonly payload: Uint8Array;
  /** Result format wanted; see `result/format.ts`. */
  readonly format: number;
  /** Monotonic milliseconds after which the outcome is reported as unknown. */
  readonly deadline: number;
  readonly done: (outcome: ProposalOutcome) => void;
}

interface Waiter {
  readonly term: Term;
  readonly format: number;
  deadline: number;
  readonly done: (outcome: ProposalOutcome) => void;
}

/**
 * Who waits for which index. A waiter is answered exactly once: by the entry that is applied at
 * its index, by its deadline, or by the end of the replica. A change of leader alone decides
 * nothing: the entry may still commit under the next one, and then the answer is known after all.
 */
export class Proposals {
  readonly #waiters = new Map<Index, Waiter>();
  #inbox: Pending[] = [];
  /** How many the last turn with any had. */
  #lastTaken = 0;
  #closed = false;

  /** How many outcomes are owed. */
  get outstanding(): number {
    return this.#waiters.size + this.#inbox.length;
  }

  /** At most one is on its way, and the last was by itself. */
  get isAlone(): boolean {
    return this.#lastTaken <= 1 && this.outstanding <= 1;
  }

  /** Collects for the next turn. */
  push(pending: Pending): void {
    if (this.#closed) pending.done({ kind: 'refused', reason: 'stopping', leader: null });
    else this.#inbox.push(pending);
  }

  /** Everything collected since the last call. */
  take(): readonly Pending[] {
    const taken = this.#inbox;
    if (taken.length === 0) return taken;
    this.#inbox = [];
    this.#lastTaken = taken.length;
    return taken;
  }

  /** `pending` took places from `first` on in `term`. */
  accepted(pending: readonly Pending[], first: Index, term: Term): void {
    let index = first;
    for (const { format, deadline, done } of pending) {
      // Whoever waits there still, from an earlier reign here: that entry may live on elsewhere.
      this.#waiters.get(index)?.done({ kind: 'unknown', reason: 'leadership changed twice' });
      this.#waiters.set(index++, { term, format, deadline, done });
    }
  }

  /** The format wanted for an entry about to be applied; 0 when nobody waits for it. */
  formatOf(entry: Entry): number {
    const waiter = this.#waiters.get(entry.index);
    return waiter !== undefined && waiter.term === entry.term ? waiter.format : 0;
  }

  /** An entry was applied with this result. */
  applied(entry: Entry, result: Uint8Array | null): void {
    const waiter = this.#waiters.get(entry.index);
    if (waiter === undefined) return;
    this.#waiters.delete(entry.index);
    if (waiter.term === entry.term) {
      waiter.done({ kind: 'applied', index: entry.index, result });
    } else {
      waiter.done({ kind: 'superseded' });
    }
  }

  /** The state jumped to `index` by a snapshot: what happened on the way is not known here. */
  skipped(index: Index): void {
    this.#fail(
      (waiting) => waiting <= index,
      'a snapshot covered the entry before its outcome was seen here',
    );
  }

  /** Leadership ended: outcomes are waited for no longer than `deadline`. */
  bound(deadline: number): void {
    for (const waiter of this.#waiters.values()) {
      waiter.deadline = Math.min(waiter.deadline, deadline);
    }
  }

  /** Reports what has waited too long. */
  expire(now: number): void {
    this.#fail(
      (_, waiter) => waiter.deadline <= now,
      'no majority confirmed the write in time; it may still be applied',
    );
  }

  /** The replica ends: nothing more will be known. */
  close(): void {
    this.#closed = true;
    for (const { done } of this.take()) done({ kind: 'refused', reason: 'stopping', leader: null });
    this.#fail(() => true, 'the node stopped while the write was under way');
  }

  #fail(picks: (index: Index, waiter: Waiter) => boolean, reason: string): void {
    for (const [index, waiter] of this.#waiters) {
      if (!picks(index, waiter)) continue;
      this.#waiters.delete(index);
      waiter.done({ kind: 'unknown', reason });
    }
  }
}
