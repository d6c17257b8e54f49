import { assert } from '../base/assert.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Entry, Index } from '../raft/entry.ts';
import type { ApplyOutcome, Machine } from './machine.ts';

/** Most entries and bytes of one range: one SQLite transaction, one message to the worker. */
const RANGE_ENTRIES_MAX = 1024;
const RANGE_BYTES_MAX = 4 * 1024 * 1024;

/** A backlog that is applied at once even where applying may wait. */
const LAZY_ENTRIES_MAX = 256;

/** What the applier needs of its replica. */
export interface ApplierPort {
  /** Committed entries in (after, through]. */
  entries(after: Index, through: Index): readonly Entry[];
  /** Index of the last entry of the log. */
  last(): Index;
  /** The result format somebody waits for, or 0. */
  formatOf(entry: Entry): number;
  /** A range is in the machine. `entries` holds all of it, `normal` those the outcome is about. */
  onApplied(range: {
    readonly entries: readonly Entry[];
    readonly normal: readonly Entry[];
    readonly outcome: ApplyOutcome;
    readonly through: Index;
  }): void;
}

/**
 * Feeds committed entries to the machine, one range at a time, as many as have gathered. Where
 * nobody waits (followers), applying is put off a few milliseconds so that several entries share a
 * transaction and a wake-up of the worker (hotpath F).
 */
export class Applier {
  readonly #machine: Machine;
  readonly #port: ApplierPort;
  readonly #clock: Clock;
  readonly #lazyMs: number;
  #applied: Index;
  #target: Index;
  #busy = false;
  #paused = false;
  #timer: Timer | null = null;
  #idle: (() => void)[] = [];

  constructor(options: {
    readonly machine: Machine;
    readonly port: ApplierPort;
    readonly clock: Clock;
    readonly lazyMs: number;
  }) {
    this.#machine = options.machine;
    this.#port = options.port;
    this.#clock = options.clock;
    this.#lazyMs = options.lazyMs;
    this.#applied = options.machine.applied;
    this.#target = this.#applied;
  }

  /** Index of the last entry in the machine. */
  get applied(): Index {
    return this.#applied;
  }

  /** Index up to which entries may be applied. */
  get target(): Index {
    return this.#target;
  }

  /** Entries up to `through` are committed and durable here. `lazily` allows a short delay. */
  advance(through: Index, lazily: boolean): void {
    this.#target = Math.max(this.#target, through);
    this.#next(lazily);
  }

  /** Somebody waits: apply what there is now. */
  hurry(): void {
    this.#next(false);
  }

  /** Stops after the range under way; `idle` is called once nothing touches the machine. */
  pause(idle: () => void): void {
    this.#paused = true;
    if (this.#busy) this.#idle.push(idle);
    else idle();
  }

  /**
   * Goes on after `pause`, from the machine's own index, which a restore may have changed. A state
   * that was ahead of the log may have gone back with it: entries that are gone are not waited for.
   */
  resume(applied: Index): void {
    assert(!this.#busy, () => 'Cannot resume the applier: a range is under way');
    this.#paused = false;
    this.#applied = applied;
    this.#target = Math.max(Math.min(this.#target, this.#port.last()), applied);
    this.#next(false);
  }

  close(): void {
    this.#paused = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #next(lazily: boolean): void {
    if (this.#busy || this.#paused || this.#target <= this.#applied) return;
    if (lazily && this.#target - this.#applied < LAZY_ENTRIES_MAX) {
      this.#timer ??= this.#clock.after(this.#lazyMs, () => {
        this.#timer = null;
        this.#next(false);
      });
      return;
    }
    this.#timer?.cancel();
    this.#timer = null;
    this.#start();
  }

  #start(): void {
    const range = this.#range();
    const last = range.at(-1);
    assert(last !== undefined, () => `No entries in (${this.#applied}, ${this.#target}]`);
    const through = last.index;
    const normal = range.filter((entry) => entry.kind === 'normal');
    const formats = normal.map((entry) => this.#port.formatOf(entry));
    this.#busy = true;
    this.#machine.apply({ entries: normal, formats, through }, (outcome) => {
      assert(
        outcome.digests.length === normal.length,
        () => `Applied ${outcome.digests.length} of ${normal.length} entries up to ${through}`,
      );
      this.#busy = false;
      this.#applied = through;
      this.#port.onApplied({ entries: range, normal, outcome, through });
      this.#settle();
    });
  }

  #settle(): void {
    if (this.#paused) {
      const idle = this.#idle;
      this.#idle = [];
      for (const call of idle) call();
      return;
    }
    this.#next(false);
  }

  /** The next range: bounded in entries and bytes, and cut where the machine wants a boundary. */
  #range(): readonly Entry[] {
    const through = Math.min(this.#target, this.#applied + RANGE_ENTRIES_MAX);
    const entries = this.#port.entries(this.#applied, through);
    let bytes = 0;
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at];
      if (entry === undefined) break;
      bytes += entry.data.length;
      const ends = entry.kind === 'normal' && this.#machine.endsRange(entry.data);
      if (ends || bytes >= RANGE_BYTES_MAX) return entries.slice(0, at + 1);
    }
    return entries;
  }
}
