import { randomFillSync } from 'node:crypto';

import type { Clock, Timer } from '../base/clock.ts';
import type { Random } from '../base/prng.ts';

/** The machine's clocks and timers; `sim/clock.ts` is the virtual twin. */
export class SystemClock implements Clock {
  now(): number {
    return performance.now();
  }

  calendar(): number {
    return Date.now();
  }

  after(delayMs: number, fire: () => void): Timer {
    const timer = setTimeout(fire, Math.max(0, delayMs));
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  }

  defer(run: () => void): void {
    setImmediate(run);
  }

  soon(run: () => void): void {
    process.nextTick(run);
  }
}

/** Random numbers of the operating system, fetched in blocks. */
export class SystemRandom implements Random {
  readonly #block = new Uint32Array(256);
  #at = this.#block.length;

  uint32(): number {
    if (this.#at >= this.#block.length) {
      randomFillSync(this.#block);
      this.#at = 0;
    }
    return this.#block[this.#at++] ?? 0;
  }
}
