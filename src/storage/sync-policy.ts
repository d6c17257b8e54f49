import { must } from '../base/assert.ts';

/** When to sync on the thread: always, never, or while the disk is fast. */
export type SyncMode = 'adaptive' | 'inline' | 'background';

/** Weight of the newest sync in the average. */
const WEIGHT = 1 / 16;
/** Syncs remembered one by one. */
const WINDOW = 100;

/** A flush of at most so many entries has nobody behind it who would use the thread meanwhile. */
const FEW_ENTRIES = 2;

/** Limits of the adaptive mode. */
export interface SyncLimits {
  /** Above this average the thread does not wait, or twice that for a few entries. */
  readonly syncInlineMaxMs: number;
  /** One sync above this among the last hundred, and the thread does not wait. */
  readonly syncInlineWorstMs: number;
}

/**
 * Off the thread, one sync in so many is made on it all the same: only those tell how long the disk
 * takes. What is measured off the thread holds two thread hops and the waiting for a turn of the
 * loop besides, several times the sync itself on a busy machine.
 */
const PROBE_EVERY = 32;

/**
 * Decides whether the next sync runs on the thread. Waiting is cheaper than two thread hops while
 * the disk is fast; a slow one would stop sockets and elections (hotpath.md D, E: +17 to 40 % off
 * the thread at 1 ms). Going back takes a run of fast probes, which is hysteresis enough.
 */
export class SyncPolicy {
  readonly #mode: SyncMode;
  readonly #limits: SyncLimits;
  readonly #recent = new Float64Array(WINDOW);
  #at = 0;
  #slow = 0;
  #averageMs = 0;
  #count = 0;
  /** Syncs off the thread since the last one on it. */
  #sinceProbe = 0;

  constructor(mode: SyncMode, limits: SyncLimits) {
    this.#mode = mode;
    this.#limits = limits;
  }

  /** Moving average of a sync, milliseconds. */
  get averageMs(): number {
    return this.#averageMs;
  }

  /**
   * Whether the next sync, of `entries`, runs on the thread. The first ones do: that is how the
   * disk is known.
   */
  isInline(entries: number): boolean {
    if (this.#mode !== 'adaptive') return this.#mode === 'inline';
    if (this.#slow > 0) return false;
    const { syncInlineMaxMs } = this.#limits;
    const limit = entries <= FEW_ENTRIES ? 2 * syncInlineMaxMs : syncInlineMaxMs;
    return this.#averageMs <= limit || this.#sinceProbe >= PROBE_EVERY;
  }

  /** Enters how long a sync took, on the thread or off it. */
  record(ms: number, onThread: boolean): void {
    const worst = this.#limits.syncInlineWorstMs;
    const oldest = must(this.#recent[this.#at], () => `no sync ${this.#at}`);
    if (oldest > worst) this.#slow--;
    if (ms > worst) this.#slow++;
    this.#recent[this.#at] = ms;
    this.#at = (this.#at + 1) % WINDOW;
    if (!onThread && this.#mode === 'adaptive') {
      this.#sinceProbe++;
      return;
    }
    this.#sinceProbe = 0;
    this.#averageMs = this.#count === 0 ? ms : this.#averageMs + (ms - this.#averageMs) * WEIGHT;
    this.#count++;
  }
}
