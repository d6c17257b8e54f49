/** A source of random numbers that was passed in, so that a run can be repeated. */
export interface Random {
  /** A uniform integer in [0, 2^32). */
  uint32(): number;
}

/** A uniform integer in [0, bound); `bound` is at most 2^32. */
export function below(random: Random, bound: number): number {
  return Math.floor((random.uint32() / 4294967296) * bound);
}

/** A uniform integer in [low, high). */
export function between(random: Random, low: number, high: number): number {
  return low + below(random, high - low);
}

/** `digits` random hexadecimal digits. */
export function hexadecimal(random: Random, digits: number): string {
  let text = '';
  while (text.length < digits) text += random.uint32().toString(16).padStart(8, '0');
  return text.slice(0, digits);
}

/** sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, 32-bit integer arithmetic only. */
export class Sfc32 implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `low` and `high` are the two halves of a 64-bit seed; `stream` separates uses of one seed. */
  constructor(low: number, high: number, stream = 0) {
    this.#a = low | 0;
    this.#b = high | 0;
    this.#c = stream | 0;
    // The first outputs still show the seed (PractRand mixes 12 to 18 rounds).
    for (let round = 0; round < 15; round++) this.uint32();
  }

  uint32(): number {
    const mixed = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + mixed) | 0;
    return mixed >>> 0;
  }
}
