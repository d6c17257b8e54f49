/** What the network between machines is like just now; the nemesis changes it. */
export class Weather {
  /** Least and mean extra delay of a packet, milliseconds. */
  delayMsMin = 0.2;
  delayMsMean = 0.5;
  /** Of 100 packets, how many are lost, delivered twice, or overtaken by later ones. */
  lossPercent = 0;
  duplicatePercent = 0;
  reorderPercent = 0;
  /** How long an overtaken packet is on its way, at most. */
  reorderMsMax = 50;
  readonly #cuts = new Map<number, number>();
  readonly #slow = new Map<number, number>();
  readonly #clogs = new Map<number, number>();

  /** Nothing gets from `from` to `to` until healed as often as cut. */
  cut(from: number, to: number): void {
    add(this.#cuts, pairOf(from, to), 1);
  }

  heal(from: number, to: number): void {
    add(this.#cuts, pairOf(from, to), -1);
  }

  /** Adds to the delay of every packet from `from` to `to`. */
  slow(from: number, to: number, extraMs: number): void {
    add(this.#slow, pairOf(from, to), extraMs);
  }

  /** Holds packets from `from` to `to` back until `until`; then they arrive in a burst. */
  clog(from: number, to: number, until: number): void {
    this.#clogs.set(pairOf(from, to), until);
  }

  isCut(from: number, to: number): boolean {
    return this.#cuts.size > 0 && (this.#cuts.get(pairOf(from, to)) ?? 0) > 0;
  }

  extraMs(from: number, to: number): number {
    return this.#slow.size === 0 ? 0 : (this.#slow.get(pairOf(from, to)) ?? 0);
  }

  clogUntil(from: number, to: number): number {
    return this.#clogs.size === 0 ? 0 : (this.#clogs.get(pairOf(from, to)) ?? 0);
  }

  /** A fine day: whatever was wrong is over. */
  clear(): void {
    this.lossPercent = 0;
    this.duplicatePercent = 0;
    this.reorderPercent = 0;
    this.#cuts.clear();
    this.#slow.clear();
    this.#clogs.clear();
  }
}

function pairOf(from: number, to: number): number {
  return from * 64 + to;
}

function add(map: Map<number, number>, pair: number, by: number): void {
  const value = (map.get(pair) ?? 0) + by;
  if (value <= 0) map.delete(pair);
  else map.set(pair, value);
}
