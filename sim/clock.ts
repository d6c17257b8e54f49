import type { Clock, Timer } from '../src/base/clock.ts';
import type { Events } from './events.ts';
import type { Life } from './life.ts';

/** How long a turn of the event loop takes. */
const TURN_MS = 0.02;

/** The shortest timer, as Node's. */
const TIMER_MS_MIN = 1;

/** The calendar at the start of every run: 2026-01-01. */
const CALENDAR_START_MS = 1_767_225_600_000;

/** The oscillator and calendar of one machine; outlives its processes. */
export class MachineClock {
  /** Seconds this machine counts in one true second. */
  rate = 1;
  /** What its calendar is ahead of the truth. */
  calendarAheadMs = 0;
  #trueAt = 0;
  #shownAt: number;

  /** `shownAt` is what the monotonic clock shows at the start. */
  constructor(shownAt: number) {
    this.#shownAt = shownAt;
  }

  /** From the true time `at` on this clock runs at `rate`. */
  setRate(at: number, rate: number): void {
    this.#shownAt = this.shown(at);
    this.#trueAt = at;
    this.rate = rate;
  }

  /** What the monotonic clock shows at the true time `at`. */
  shown(at: number): number {
    return this.#shownAt + (at - this.#trueAt) * this.rate;
  }
}

/** The clock of one life of a process: `src/host/system.ts` is the real twin. */
export class SimulatedClock implements Clock {
  readonly #events: Events;
  readonly #life: Life;
  readonly #machine: MachineClock;

  constructor(options: {
    readonly events: Events;
    readonly life: Life;
    readonly machine: MachineClock;
  }) {
    this.#events = options.events;
    this.#life = options.life;
    this.#machine = options.machine;
  }

  now(): number {
    return this.#machine.shown(this.#life.time);
  }

  calendar(): number {
    const ahead = this.#machine.calendarAheadMs;
    return CALENDAR_START_MS + Math.floor(this.#life.time) + ahead;
  }

  after(delayMs: number, fire: () => void): Timer {
    const at = this.#life.time + Math.max(TIMER_MS_MIN, delayMs) / this.#machine.rate;
    const event = this.#events.at(at, this.#life, fire, 'timer');
    return {
      cancel: () => {
        event.run = null;
      },
    };
  }

  defer(run: () => void): void {
    this.#events.at(this.#life.time + TURN_MS, this.#life, run, 'timer');
  }

  /** Every event here is a turn of its own: there is nothing to be before. */
  soon(run: () => void): void {
    this.defer(run);
  }
}
