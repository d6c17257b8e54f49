import type { ConfirmedRead } from '../raft/effects.ts';
import type { Index } from '../raft/entry.ts';
import type { ReadOutcome } from './outcome.ts';

interface Waiter {
  readonly deadline: number;
  readonly done: (outcome: ReadOutcome) => void;
}

interface Batch {
  readonly waiters: readonly Waiter[];
  readonly askedAt: number;
}

interface Confirmed {
  readonly waiters: readonly Waiter[];
  readonly index: Index;
}

/**
 * Linearizable reads on their way: asked, confirmed at an index, served once that index is applied.
 *
 * All reads of a turn share one context. A context is used once and never again (etcd #20418): when
 * an answer may be lost, its reads ask again under a new one, which only makes them fresher.
 */
export class Reads {
  /** A question without an answer for this long is asked again. */
  readonly #retryMs: number;
  #context = 0;
  #fresh: Waiter[] = [];
  readonly #asked = new Map<number, Batch>();
  #confirmed: Confirmed[] = [];
  /** How many the last turn with any had. */
  #lastTaken = 0;

  constructor(options: { readonly retryMs: number }) {
    this.#retryMs = options.retryMs;
  }

  /** How many reads wait. */
  get outstanding(): number {
    let count = this.#fresh.length;
    for (const { waiters } of this.#asked.values()) count += waiters.length;
    for (const { waiters } of this.#confirmed) count += waiters.length;
    return count;
  }

  /** At most one is on its way, and the last was by itself. */
  get isAlone(): boolean {
    return this.#lastTaken <= 1 && this.outstanding <= 1;
  }

  /** Whether a read waits for an index to be applied. */
  get waitsForApply(): boolean {
    return this.#confirmed.length > 0;
  }

  /** Collects a read for the next turn. */
  push(waiter: Waiter): void {
    this.#fresh.push(waiter);
  }

  /** The context for everything collected, or null when there is nothing. */
  take(now: number): number | null {
    if (this.#fresh.length === 0) return null;
    const context = ++this.#context;
    this.#lastTaken = this.#fresh.length;
    this.#asked.set(context, { waiters: this.#fresh, askedAt: now });
    this.#fresh = [];
    return context;
  }

  /** The core told an index for a context; `applied` is what the machine has. */
  confirmed(read: ConfirmedRead, applied: Index): void {
    const batch = this.#asked.get(read.context);
    if (batch === undefined) return;
    this.#asked.delete(read.context);
    if (read.index <= applied) serve(batch.waiters, read.index);
    else this.#confirmed.push({ waiters: batch.waiters, index: read.index });
  }

  /** The core will not answer this context: its reads ask again at the next turn. */
  failed(context: number): void {
    const batch = this.#asked.get(context);
    if (batch === undefined) return;
    this.#asked.delete(context);
    this.#fresh.push(...batch.waiters);
  }

  /** The machine reached `applied`. */
  applied(applied: Index): void {
    if (this.#confirmed.length === 0) return;
    const waiting: Confirmed[] = [];
    for (const read of this.#confirmed) {
      if (read.index <= applied) serve(read.waiters, read.index);
      else waiting.push(read);
    }
    this.#confirmed = waiting;
  }

  /** Ends reads that waited too long, and asks again those whose answer seems lost. */
  expire(now: number): boolean {
    const alive = (waiter: Waiter): boolean => {
      if (waiter.deadline > now) return true;
      waiter.done({ kind: 'timeout' });
      return false;
    };
    this.#fresh = this.#fresh.filter(alive);
    this.#confirmed = this.#confirmed
      .map((read) => ({ index: read.index, waiters: read.waiters.filter(alive) }))
      .filter((read) => read.waiters.length > 0);
    for (const [context, batch] of this.#asked) {
      const waiters = batch.waiters.filter(alive);
      if (waiters.length > 0 && now - batch.askedAt < this.#retryMs) {
        if (waiters.length < batch.waiters.length) {
          this.#asked.set(context, { waiters, askedAt: batch.askedAt });
        }
        continue;
      }
      this.#asked.delete(context);
      this.#fresh.push(...waiters);
    }
    return this.#fresh.length > 0;
  }

  /** Everything asked so far is asked again: the leader changed. */
  askAgain(): boolean {
    for (const context of this.#asked.keys()) this.failed(context);
    return this.#fresh.length > 0;
  }

  close(): void {
    const all = [...this.#fresh];
    for (const { waiters } of this.#asked.values()) all.push(...waiters);
    for (const { waiters } of this.#confirmed) all.push(...waiters);
    this.#fresh = [];
    this.#asked.clear();
    this.#confirmed = [];
    for (const { done } of all) done({ kind: 'stopping' });
  }
}

function serve(waiters: readonly Waiter[], index: Index): void {
  for (const { done } of waiters) done({ kind: 'ready', index });
}
