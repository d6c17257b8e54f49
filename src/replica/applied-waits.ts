import type { Index } from '../raft/entry.ts';

/** Who waits until an index is in the machine. */
export class AppliedWaits {
  #waits: { readonly index: Index; readonly done: () => void }[] = [];

  /** Whether somebody waits. */
  get any(): boolean {
    return this.#waits.length > 0;
  }

  /** `done` is called once `index` is reached, or nothing more will be. */
  push(index: Index, done: () => void): void {
    this.#waits.push({ index, done });
  }

  /** The machine has everything up to `applied`. */
  reached(applied: Index): void {
    if (this.#waits.length === 0) return;
    const ready = this.#waits.filter(({ index }) => index <= applied);
    this.#waits = this.#waits.filter(({ index }) => index > applied);
    for (const { done } of ready) done();
  }

  /** Ends every wait. */
  close(): void {
    this.reached(Number.POSITIVE_INFINITY);
  }
}
