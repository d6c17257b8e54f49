/**
 * What the writers know about their writes, and what that demands of the database:
 * an acknowledged write is there exactly once, a refused one is not there, one of unknown outcome
 * is there once or not at all, and nothing is there that nobody wrote.
 */

/** What a writer knows about one write. */
export type Outcome = 'acknowledged' | 'unknown' | 'refused';

/** A write: the writer that made it and its number there, both counted from 0. */
export interface WriteId {
  readonly writer: number;
  readonly sequence: number;
}

/** A write as found in the database, and how often. */
export interface FoundWrite extends WriteId {
  readonly copies: number;
}

/** The verdict on a database. */
export interface Audit {
  readonly acknowledged: number;
  readonly unknown: number;
  /** Of the unknown ones, those that happened. */
  readonly unknownFound: number;
  readonly refused: number;
  /** Acknowledged and not there. */
  readonly lost: number;
  /** There more than once. */
  readonly duplicated: number;
  /** There although refused, or never written. */
  readonly unexpected: number;
}

/** The writes of all writers. */
export class Ledger {
  /** Outcomes by writer and sequence; a write under way is null. */
  readonly #outcomes: (Outcome | null)[][];
  readonly #counts: Record<Outcome, number> = { acknowledged: 0, unknown: 0, refused: 0 };

  constructor(writers: number) {
    this.#outcomes = Array.from({ length: writers }, () => []);
  }

  /** Names the next write of a writer. Until it is settled its outcome counts as unknown. */
  begin(writer: number): WriteId {
    const outcomes = this.#of(writer);
    outcomes.push(null);
    return { writer, sequence: outcomes.length - 1 };
  }

  /** Notes what became of a write. */
  settle(write: WriteId, outcome: Outcome): void {
    this.#of(write.writer)[write.sequence] = outcome;
    this.#counts[outcome]++;
  }

  /** Writes with this outcome so far. */
  count(outcome: Outcome): number {
    return this.#counts[outcome];
  }

  /** The last `perWriter` writes of every writer that were acknowledged by now. */
  recentlyAcknowledged(perWriter: number): readonly WriteId[] {
    return this.#outcomes.flatMap((outcomes, writer) => {
      const recent: WriteId[] = [];
      for (let at = outcomes.length - 1; at >= 0 && recent.length < perWriter; at--) {
        if (outcomes[at] === 'acknowledged') recent.push({ writer, sequence: at });
      }
      return recent;
    });
  }

  /** Compares with what is in the database; call it when no write is under way. */
  audit(found: Iterable<FoundWrite>): Audit {
    const copies = this.#outcomes.map((outcomes) => new Uint32Array(outcomes.length));
    let unexpected = 0;
    for (const write of found) {
      const counts = copies[write.writer];
      if (counts === undefined || write.sequence >= counts.length) unexpected++;
      else counts[write.sequence] = (counts[write.sequence] ?? 0) + write.copies;
    }
    const tally = { lost: 0, duplicated: 0, unknown: 0, unknownFound: 0, unexpected };
    this.#outcomes.forEach((outcomes, writer) =>
      outcomes.forEach((outcome, sequence) => {
        const times = copies[writer]?.[sequence] ?? 0;
        const known = outcome ?? 'unknown';
        if (times > 1) tally.duplicated++;
        if (known === 'acknowledged' && times === 0) tally.lost++;
        if (known === 'refused' && times > 0) tally.unexpected++;
        if (known === 'unknown') tally.unknown++;
        if (known === 'unknown' && times > 0) tally.unknownFound++;
      }),
    );
    const { acknowledged, refused } = this.#counts;
    return { acknowledged, refused, ...tally };
  }

  #of(writer: number): (Outcome | null)[] {
    const outcomes = this.#outcomes[writer];
    if (outcomes === undefined) throw new RangeError(`There is no writer ${writer}`);
    return outcomes;
  }
}
