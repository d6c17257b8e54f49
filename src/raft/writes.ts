import { assert } from '../base/assert.ts';
import type { SnapshotMark, Write } from './effects.ts';
import type { HardState, Index } from './entry.ts';
import type { Log } from './log.ts';

/**
 * What must become durable, and what has.
 *
 * Every write taken has a ticket, one more than the one before. Writes become durable in that
 * order, so "the entry is durable" is one comparison with the last ticket done, and an entry that
 * was overwritten by an equal one while its write was under way is no special case: etcd matches
 * completions by (index, term) instead and tells the ABA story in its log_unstable.go.
 */
export class Writes {
  #issued = 0;
  #done = 0;
  #durable: Index;
  /** Last index of each write under way, oldest first; lowered by truncation. */
  readonly #underWay: { readonly ticket: number; last: Index }[] = [];
  #hardStateTicket = 0;
  #hardStateChanged = false;
  #entriesFrom: Index | null = null;
  #installed: SnapshotMark | null = null;
  #compacted: SnapshotMark | null = null;
  #installTicket = 0;

  constructor(durable: Index) {
    this.#durable = durable;
  }

  /** Everything up to this ticket is durable. */
  get done(): number {
    return this.#done;
  }

  /** The ticket that what changes now will get. */
  get pending(): number {
    return this.#issued + 1;
  }

  /** Ticket of the last change of term or vote. */
  get hardStateTicket(): number {
    return this.#hardStateTicket;
  }

  /** Entries up to here are durable. */
  get durable(): Index {
    return this.#durable;
  }

  /** A machine state from elsewhere is decided on and not yet recorded durably. */
  get installing(): boolean {
    return this.#installTicket > this.#done;
  }

  /** The ticket after which entry `index`, as it is now, is durable. */
  ticketOf(index: Index): number {
    if (index <= this.#durable) return 0;
    if (this.#entriesFrom !== null && index >= this.#entriesFrom) return this.pending;
    for (const write of this.#underWay) if (write.last >= index) return write.ticket;
    return this.pending;
  }

  hardStateChanged(): void {
    this.#hardStateChanged = true;
    this.#hardStateTicket = this.pending;
  }

  /** Entries from `index` on are new, in place of what was there. */
  entriesChanged(index: Index): void {
    this.#entriesFrom = Math.min(this.#entriesFrom ?? index, index);
    this.#durable = Math.min(this.#durable, index - 1);
    for (const write of this.#underWay) write.last = Math.min(write.last, index - 1);
  }

  installed(mark: SnapshotMark): void {
    this.#installed = mark;
    this.#installTicket = this.pending;
    this.#compacted = null;
    this.#entriesFrom = null;
    this.#durable = 0;
    for (const write of this.#underWay) write.last = 0;
  }

  compacted(mark: SnapshotMark): void {
    this.#compacted = mark;
  }

  /** The write that everything since the last call amounts to; null when there is nothing. */
  take(log: Log, hardState: HardState, commit: Index): Write | null {
    const from = this.#entriesFrom;
    const nothing = !this.#hardStateChanged && this.#installed === null && from === null;
    if (nothing && this.#compacted === null) return null;
    const ticket = ++this.#issued;
    const write: Write = {
      ticket,
      hardState: this.#hardStateChanged ? hardState : null,
      installed: this.#installed,
      entries: from === null ? [] : log.entries(from - 1, log.last),
      compacted: this.#compacted,
      commit,
    };
    if (from !== null || this.#installed !== null) {
      this.#underWay.push({ ticket, last: log.last });
    }
    this.#hardStateChanged = false;
    this.#installed = null;
    this.#entriesFrom = null;
    this.#compacted = null;
    return write;
  }

  /** Everything up to `ticket` is durable. */
  ioDone(ticket: number): void {
    assert(ticket <= this.#issued, () => `Ticket ${ticket} was not issued, ${this.#issued} was`);
    this.#done = Math.max(this.#done, ticket);
    for (;;) {
      const oldest = this.#underWay[0];
      if (oldest === undefined || oldest.ticket > this.#done) return;
      this.#durable = Math.max(this.#durable, oldest.last);
      this.#underWay.shift();
    }
  }
}
