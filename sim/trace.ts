import { fold, hashText } from './random.ts';

/** Events kept for people; what came before them only counts in the hash. */
const KEPT = 400;

/** One thing that happened. `node` is -1 for the world outside the nodes. */
export interface TraceEvent {
  readonly at: number;
  readonly node: number;
  /** Two letters, see `print.ts`. */
  readonly sign: string;
  readonly detail: string | (() => string);
}

/** Everything that happened, as one number, and the end of it as lines. */
export class Trace {
  #hash = 0x51_51_51;
  readonly #kept: TraceEvent[] = [];
  #at = 0;
  /** Called with every event as it happens; for `--verbose`. */
  listener: ((event: TraceEvent) => void) | null = null;

  /** Equal for two runs in which the same things happened at the same times. */
  get hash(): string {
    return this.#hash.toString(16).padStart(8, '0');
  }

  /** Takes an event in. `key` stands for the detail in the hash when that is a function. */
  add(event: TraceEvent, key = 0): void {
    this.#hash = fold(this.#hash, Math.floor(event.at * 1000));
    this.#hash = fold(this.#hash, (event.node << 16) ^ hashText(event.sign) ^ key);
    if (typeof event.detail === 'string') this.#hash = fold(this.#hash, hashText(event.detail));
    this.#kept[this.#at] = event;
    this.#at = (this.#at + 1) % KEPT;
    this.listener?.(event);
  }

  /** The last events, oldest first. */
  last(count: number): TraceEvent[] {
    const ordered = [...this.#kept.slice(this.#at), ...this.#kept.slice(0, this.#at)];
    return ordered.slice(-count);
  }
}
