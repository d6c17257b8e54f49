/** A timer that can be taken back. */
export interface Timer {
  cancel(): void;
}

/** Time as the rooms that drive see it; the simulator has a virtual twin. */
export interface Clock {
  /** Monotonic milliseconds with fractions; never decreases; unrelated to the calendar. */
  now(): number;
  /** Milliseconds since 1970 by the machine's calendar; may jump. */
  calendar(): number;
  /** Calls `fire` once after at least `delayMs`. */
  after(delayMs: number, fire: () => void): Timer;
  /** Calls `run` once after the events of this turn of the loop were delivered. */
  defer(run: () => void): void;
  /**
   * Calls `run` once after the event that is being delivered, before the next one: for what gains
   * nothing by waiting for others.
   */
  soon(run: () => void): void;
}
