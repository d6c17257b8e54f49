import type { Events } from './events.ts';

/**
 * One life of a process, from its start to its crash. Whatever the process began belongs to its
 * life: timers, deliveries, disk completions; with the life they end.
 */
export class Life {
  /** Index of the node this is a life of. */
  readonly node: number;
  /** Unique in the run. */
  readonly serial: number;
  readonly bornAt: number;
  /** When it ended, in virtual milliseconds; Infinity while alive. */
  diedAt: number = Infinity;
  /** Nothing of this process runs before this time: a stall, or a call that blocks its thread. */
  busyUntil = 0;
  readonly #events: Events;

  constructor(events: Events, node: number, serial: number) {
    this.node = node;
    this.serial = serial;
    this.#events = events;
    this.bornAt = events.now;
  }

  get alive(): boolean {
    return this.diedAt === Infinity;
  }

  /** The true time as this process lives it: later than `events.now` after a blocking call. */
  get time(): number {
    return Math.max(this.#events.now, this.busyUntil);
  }

  /** The thread waits for `forMs` before it goes on. */
  block(forMs: number): void {
    this.busyUntil = this.time + forMs;
  }

  /** The operating system does not run the process before `until`. */
  stall(until: number): void {
    this.busyUntil = Math.max(this.busyUntil, until);
  }

  end(): void {
    this.diedAt = this.#events.now;
  }
}
