import type { Write } from '../raft/effects.ts';
import type { Raft } from '../raft/raft.ts';
import type { LogView } from './compaction.ts';

/** How many bytes of entries a log holds. */
export class LogSize {
  readonly #raft: Raft;
  #bytes = 0;

  constructor(raft: Raft) {
    this.#raft = raft;
    this.recount();
  }

  /** An upper bound: what was truncated still counts until `recount`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes note of what the core writes. */
  wrote(write: Write): void {
    if (write.installed !== null) this.#bytes = 0;
    for (const entry of write.entries) this.#bytes += entry.data.length;
  }

  /** Counts what there is now. */
  recount(): number {
    const { first, last } = this.#raft.status();
    this.#bytes = 0;
    for (const entry of this.#raft.entries(first - 1, last)) this.#bytes += entry.data.length;
    return this.#bytes;
  }

  /** The log, entry by entry. */
  view(): LogView {
    const { first, last } = this.#raft.status();
    const entries = this.#raft.entries(first - 1, last);
    return { first, last, bytesOf: (index) => entries[index - first]?.data.length ?? 0 };
  }
}
