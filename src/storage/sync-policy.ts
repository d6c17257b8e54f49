import { must } from '../base/assert.ts';

/** When to sync on the thread: always, never, or while the disk is fast. */
export type SyncMode = 'adaptive' | 'inline' | 'background';

/** Weight of the newest sync in the average. */
const WEIGHT = 1 / 16;
/** Syncs remembered one by one. */
const WINDOW = 100;

/** Limits of the adaptive mode. */
export interface SyncLimits {
  /** Above this average the thread does not wait. */
  readonly syncInlineMaxMs: number;
  /** One sync above this among the last hundred, and the thread does not wait. */
  readonly syncInlineWorstMs: number;
}

/**
 * Decides whether the next sync runs on the thread. Two thread hops cost 20 us and the turn's
 * latency, a sync 30 to 60 us on a fast disk: there waiting is cheaper. On a slow one it would stop
 * sockets and elections (hotpath.md D, E: +17 to 40 % off the thread at 1 ms).
 *
 * Times measured off the thread include waiting for the loop, so they are upper bounds: going back
 * needs a hundred of them below the worst, and an average below the limit, which is hysteresis
 * enough.
 */
export class SyncPolicy {
  readonly #mode: SyncMode;
  readonly #limits: SyncLimits;
  readonly #recent = new Float64Array(WINDOW);
  #at = 0;
  #slow = 0;
  #averageMs = 0;
  #count = 0;

  constructor(mode: SyncMode, limits: SyncLimits) {
    this.#mode = mode;
    this.#limits = limits;
  }

  /** Moving average of a sync, milliseconds. */
  get averageMs(): number {
    return this.#averageMs;
  }

  /** Whether the next sync runs on the thread. The first ones do: that is how the disk is known. */
  get inline(): boolean {
    if (this.#mode !== 'adaptive') return this.#mode === 'inline';
    return this.#slow === 0 && this.#averageMs <= this.#limits.syncInlineMaxMs;
  }

  /** Enters how long a sync took. */
  record(ms: number): void {
    const worst = this.#limits.syncInlineWorstMs;
    const oldest = must(this.#recent[this.#at], () => `no sync ${this.#at}`);
    if (oldest > worst) this.#slow--;
    if (ms > worst) this.#slow++;
    this.#recent[this.#at] = ms;
    this.#at = (this.#at + 1) % WINDOW;
    this.#averageMs = this.#count === 0 ? ms : this.#averageMs + (ms - this.#averageMs) * WEIGHT;
    this.#count++;
  }
}
