import { Sfc32 } from '../base/prng.ts';
import { type Connection, LENGTH_MAX, type SqlValue } from './driver.ts';
import { FunctionFailure } from './errors.ts';

const OPTIONS = { deterministic: false, varargs: false, useBigIntArguments: true } as const;
const TOO_BIG = 18;

/**
 * `random()` and `randomblob()` from the seed of the entry. Each statement has a generator of its
 * own, made from the seed and the statement's place in the entry: running a statement again, or not
 * at all, changes nothing for the others. They are not deterministic to SQLite, so that every row
 * gets another value.
 */
export class RandomFunctions {
  #low = 0;
  #high = 0;
  #ordinal = 0;
  /** Made when a statement first asks; most never do. */
  #random: Sfc32 | null = null;
  readonly #integer = new BigInt64Array(1);
  readonly #halves = new Uint32Array(this.#integer.buffer);

  /** Puts the functions on `connection`. */
  constructor(connection: Connection) {
    connection.function('random', OPTIONS, () => this.#next64());
    connection.function('randomblob', OPTIONS, (length) => this.#blob(length ?? null));
  }

  /** The generators of the entry under way come from this seed. */
  seed(low: number, high: number): void {
    this.#low = low;
    this.#high = high;
    this.#random = null;
  }

  /** The statement with this place in the entry begins. */
  begin(ordinal: number): void {
    this.#ordinal = ordinal;
    this.#random = null;
  }

  #generator(): Sfc32 {
    this.#random ??= new Sfc32(this.#low, this.#high, this.#ordinal);
    return this.#random;
  }

  #next64(): bigint {
    const random = this.#generator();
    this.#halves[0] = random.uint32();
    this.#halves[1] = random.uint32();
    const value = this.#integer[0] ?? 0n;
    // As in func.c: never the one integer whose abs() fails.
    return value === -9_223_372_036_854_775_808n ? 0n : value;
  }

  #blob(length: SqlValue): Uint8Array {
    const bytes = Math.max(1, byteCount(length));
    if (bytes > LENGTH_MAX) throw new FunctionFailure(TOO_BIG, 'string or blob too big');
    const words = new Uint32Array(Math.ceil(bytes / 4));
    const random = this.#generator();
    for (let at = 0; at < words.length; at++) words[at] = random.uint32();
    return new Uint8Array(words.buffer, 0, bytes);
  }
}

/**
 * `sqlite3_value_int64`: text counts as far as it is a number, NULL and BLOBs that are none as 0.
 */
function byteCount(value: SqlValue): number {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return Math.trunc(value);
  if (value === null) return 0;
  const text = typeof value === 'string' ? value : new TextDecoder().decode(value);
  return Math.trunc(Number.parseFloat(text)) || 0;
}
