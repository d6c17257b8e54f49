/** Where a bar is drawn: stderr, or a twin in tests. */
export interface ProgressOutput {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  write(text: string): unknown;
}

/** Redraws are for eyes. */
const REDRAW_MS = 100;
const BAR_WIDTH_MAX = 40;
/** Percentage and counts beside the bar. */
const TEXT_WIDTH = 36;

/** Shows how much of a file was run; nothing but the last line when nobody watches. */
export class Progress {
  readonly #output: ProgressOutput;
  readonly #bytesTotal: number;
  readonly #startedMs = performance.now();
  #drawnMs = -Infinity;

  constructor(output: ProgressOutput, bytesTotal: number) {
    this.#output = output;
    this.#bytesTotal = bytesTotal;
  }

  /** Redraws the bar when it is time to. */
  update(done: { readonly bytes: number; readonly statements: number }): void {
    const now = performance.now();
    if (!this.#output.isTTY || now - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = now;
    const share = this.#bytesTotal === 0 ? 1 : Math.min(1, done.bytes / this.#bytesTotal);
    const room = (this.#output.columns ?? 80) - TEXT_WIDTH;
    const width = Math.max(0, Math.min(BAR_WIDTH_MAX, room));
    const full = Math.round(width * share);
    const bar = `${'#'.repeat(full)}${'.'.repeat(width - full)}`;
    const percent = `${Math.floor(share * 100)}`.padStart(3);
    this.#output.write(`\r\x1b[K${bar} ${percent} % ${done.statements} statements`);
  }

  /** Takes the bar away, so that something else can be written. */
  clear(): void {
    if (this.#output.isTTY && this.#drawnMs > -Infinity) this.#output.write('\r\x1b[K');
    this.#drawnMs = -Infinity;
  }

  /** Says what was done. */
  finish(statements: number): void {
    this.clear();
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const noun = statements === 1 ? 'statement' : 'statements';
    this.#output.write(`${statements} ${noun} in ${seconds.toFixed(2)} s\n`);
  }
}
