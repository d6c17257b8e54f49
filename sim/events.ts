import type { Life } from './life.ts';

/** Something that will happen. `phase` orders what was held up by a stall: timers come first. */
export interface Event {
  time: number;
  tie: number;
  readonly life: Life | null;
  readonly phase: 'timer' | 'input';
  run: (() => void) | null;
}

/** How long after a stall what came in from outside is seen: timers run before polls. */
const POLL_MS = 0.01;

/**
 * Everything that will happen, by time. Time moves only here; an event that belongs to a process
 * which is stalled waits for the end of the stall, one whose process died never happens.
 */
export class Events {
  /** Virtual milliseconds since the start of the run; the one true time. */
  now = 0;
  /** Events that ran. */
  count = 0;
  readonly #heap: Event[] = [];
  #tie = 0;

  /** How many events wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** Time of the next event; Infinity when there is none. */
  get nextAt(): number {
    return this.#heap[0]?.time ?? Infinity;
  }

  /** Runs `run` at `time`, if `life` is then alive. */
  at(time: number, life: Life | null, run: () => void, phase: Event['phase'] = 'input'): Event {
    const event: Event = { time: Math.max(time, this.now), tie: this.#tie++, life, phase, run };
    this.#push(event);
    return event;
  }

  /** Lets the next event happen; false when there is none. */
  step(): boolean {
    for (;;) {
      const event = this.#pop();
      if (event === undefined) return false;
      const { run, life } = event;
      if (run === null || (life !== null && !life.alive)) continue;
      if (life !== null && life.busyUntil > event.time) {
        event.time = life.busyUntil + (event.phase === 'timer' ? 0 : POLL_MS);
        event.tie = this.#tie++;
        this.#push(event);
        continue;
      }
      this.now = event.time;
      this.count++;
      event.run = null;
      run();
      return true;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as Event;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      const right = heap[childAt + 1];
      if (right !== undefined && isBefore(right, heap[childAt] as Event)) childAt++;
      const child = heap[childAt] as Event;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
    return top;
  }
}

function isBefore(left: Event, right: Event): boolean {
  return left.time < right.time || (left.time === right.time && left.tie < right.tie);
}
