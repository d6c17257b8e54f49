import type { Clock, Timer } from '../base/clock.ts';

/** A clock that tests move by hand; deferred calls run when it is asked to. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #deferred: (() => void)[] = [];
  #timers: { at: number; fire: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  calendar(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(delayMs: number, fire: () => void): Timer {
    const timer = { at: this.#now + delayMs, fire };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  defer(run: () => void): void {
    this.#deferred.push(run);
  }

  soon(run: () => void): void {
    this.defer(run);
  }

  /** Runs what was deferred, and what that defers, until nothing is left. */
  settle(): void {
    for (let next = this.#deferred.shift(); next !== undefined; next = this.#deferred.shift())
      next();
  }

  /** Moves time on, firing timers in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      this.settle();
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.fire();
    }
    this.#now = end;
  }
}
