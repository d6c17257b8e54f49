/**
 * A map that keeps about the most recently used entries: two generations, and what is found in the
 * old one moves to the young one. Half the price of a strict LRU on the hot path, which would move
 * every entry at every use.
 */
export class GenerationCache<T> {
  readonly #max: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  /** Keeps at least `max` entries and at most twice as many. */
  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): T | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: T): void {
    if (this.#young.size >= this.#max) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
