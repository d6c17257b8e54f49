/**
 * Counter-based randomness: every decision is a hash of (seed, stream, keys), never the next number
 * of a shared generator. Taking one fault out of a plan, or one client out of a run, therefore
 * leaves every other decision as it was; that is what makes shrinking work.
 */
import type { Random } from '../src/base/prng.ts';

/** What a decision is about. Numbers are never given to another meaning: seeds stay stable. */
export const STREAM = {
  setup: 1,
  plan: 2,
  link: 3,
  connection: 4,
  diskTime: 5,
  diskCrash: 6,
  diskFault: 7,
  node: 8,
  client: 9,
  machine: 10,
  applyTime: 11,
  mutation: 12,
} as const;

/** One of `STREAM`. */
export type StreamId = (typeof STREAM)[keyof typeof STREAM];

/** All randomness of a run. */
export class Chance {
  readonly seed: number;
  readonly #low: number;
  readonly #high: number;

  /** `seed` is an integer in [0, 2^53). */
  constructor(seed: number) {
    this.seed = seed;
    this.#low = scramble(seed | 0, 0x9e3779b9);
    this.#high = scramble(Math.floor(seed / 4294967296), 0x85ebca6b);
  }

  /** A uniform integer in [0, 2^32) that depends on nothing but the seed and the arguments. */
  roll(stream: StreamId, a: number, b: number): number {
    let hash = scramble(this.#low ^ stream, this.#high);
    hash = scramble(hash ^ a, 0x27d4eb2f);
    hash = scramble(hash ^ b, 0x165667b1);
    return hash >>> 0;
  }

  /** A generator of its own for (stream, a): its numbers depend on nothing that others draw. */
  stream(stream: StreamId, a: number): Draw {
    return new Draw(this, stream, a);
  }
}

/** One stream of decisions, in order; also a `Random` for the code under test. */
export class Draw implements Random {
  readonly #chance: Chance;
  readonly #stream: StreamId;
  readonly #key: number;
  #count = 0;

  constructor(chance: Chance, stream: StreamId, key: number) {
    this.#chance = chance;
    this.#stream = stream;
    this.#key = key;
  }

  uint32(): number {
    return this.#chance.roll(this.#stream, this.#key, this.#count++);
  }

  /** A uniform integer in [0, bound). */
  below(bound: number): number {
    return toBelow(this.uint32(), bound);
  }

  /** A uniform integer in [low, high). */
  between(low: number, high: number): number {
    return low + this.below(high - low);
  }

  /** True in `percent` of 100 cases. */
  percent(percent: number): boolean {
    return this.below(10_000) < percent * 100;
  }

  /** One of `choices`, which must not be empty. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** `items` in another order. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  }

  /** Exponentially distributed with this mean, cut off at ten times of it. */
  exponential(mean: number): number {
    return toExponential(this.uint32(), mean);
  }
}

/** Maps a 32-bit roll to [0, bound). */
export function toBelow(roll: number, bound: number): number {
  return Math.floor((roll / 4294967296) * bound);
}

/** Maps a 32-bit roll to an exponential distribution of this mean, cut off at ten times of it. */
export function toExponential(roll: number, mean: number): number {
  return Math.min(10, -Math.log((roll + 1) / 4294967297)) * mean;
}

/** A 32-bit hash of text; for trace hashes and keys. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return scramble(hash, 0x5bd1e995) >>> 0;
}

/** A 32-bit hash of bytes. */
export function hashBytes(bytes: Uint8Array, start = 0x811c9dc5): number {
  let hash = start | 0;
  for (let i = 0; i < bytes.length; i++) {
    hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  }
  return scramble(hash, bytes.length) >>> 0;
}

/** Folds `value` into `hash`; both 32 bits. */
export function fold(hash: number, value: number): number {
  return scramble(hash ^ (value | 0), 0x9e3779b9) >>> 0;
}

/** The finalizer of MurmurHash3 after a keyed multiplication. */
function scramble(value: number, key: number): number {
  let hash = Math.imul(value ^ key, 0xcc9e2d51);
  hash = (hash << 15) | (hash >>> 17);
  hash = (Math.imul(hash, 0x1b873593) + key) | 0;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
