/** A write that was acknowledged: when it was sent and when the answer came, in milliseconds. */
export interface AcknowledgedWrite {
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** How long writes were not possible, as the clients saw it. */
export class Outages {
  #lastMs: number | null = null;
  #longestMs = 0;
  #killedMs: number | null = null;
  readonly #failoversMs: number[] = [];
  readonly #waiting: (() => void)[] = [];

  /** Notes an acknowledged write. */
  onAcknowledged(write: AcknowledgedWrite): void {
    const { sentMs, answeredMs } = write;
    if (this.#lastMs !== null)
      this.#longestMs = Math.max(this.#longestMs, answeredMs - this.#lastMs);
    this.#lastMs = answeredMs;
    // An answer to what was sent before the kill may have been on its way already.
    if (this.#killedMs === null || sentMs < this.#killedMs) return;
    this.#failoversMs.push(answeredMs - this.#killedMs);
    this.#killedMs = null;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Notes that the leader was killed. */
  onLeaderKilled(atMs: number): void {
    this.#killedMs = atMs;
  }

  /** Resolves when a write that was sent after the leader was killed is acknowledged. */
  async recovered(): Promise<void> {
    if (this.#killedMs === null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
  }

  /** The longest time between two acknowledged writes, by any clients. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** From each kill of a leader to the answer of the first write sent after it. */
  get failoversMs(): readonly number[] {
    return this.#failoversMs;
  }
}

/** The middle and the largest of some times; null when there are none. */
export function medianAndMax(
  timesMs: readonly number[],
): { readonly medianMs: number; readonly maxMs: number } | null {
  const sorted = timesMs.toSorted((left, right) => left - right);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  const largest = sorted.at(-1);
  return middle === undefined || largest === undefined
    ? null
    : { medianMs: middle, maxMs: largest };
}
