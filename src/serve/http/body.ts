import type { IncomingMessage } from 'node:http';

/** Bounds of what request bodies may cost. */
export interface BodyLimits {
  /** Of one body. */
  readonly bodyBytesMax: number;
  /** Of all bodies that are being received and parsed at one time. */
  readonly bodyBytesTotalMax: number;
}

/** What came of reading a body; `gone`: the client left before its end, and nobody waits. */
export type BodyOutcome =
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'crowded' }
  | { readonly kind: 'gone' };

const GONE: BodyOutcome = { kind: 'gone' };
const TOO_LARGE: BodyOutcome = { kind: 'too-large' };
const CROWDED: BodyOutcome = { kind: 'crowded' };

/**
 * Reads request bodies within limits.
 *
 * A body that is refused is read on and thrown away, so that the client can finish writing and
 * hear the answer on a connection that stays usable (closing at once would reset it, RFC 9112
 * 9.6); but no more than twice `bodyBytesMax` of it.
 */
export class BodyReader {
  readonly #limits: BodyLimits;
  #heldBytes = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** Calls `then` exactly once; the bytes count as held until it returns. */
  read(request: IncomingMessage, then: (outcome: BodyOutcome) => void): void {
    new Reading(this, this.#limits.bodyBytesMax, then).start(request);
  }

  /** Takes room for `bytes`; false when there is none. */
  hold(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#limits.bodyBytesTotalMax) return false;
    this.#heldBytes += bytes;
    return true;
  }

  /** Gives back what `hold` took. */
  release(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}

/** One body on its way. */
class Reading {
  readonly #reader: BodyReader;
  readonly #bytesMax: number;
  readonly #then: (outcome: BodyOutcome) => void;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #discarded = 0;
  #settled = false;

  constructor(reader: BodyReader, bytesMax: number, then: (outcome: BodyOutcome) => void) {
    this.#reader = reader;
    this.#bytesMax = bytesMax;
    this.#then = then;
  }

  start(request: IncomingMessage): void {
    request.on('data', (chunk: Buffer) => {
      this.#onData(chunk, request);
    });
    request.on('end', () => {
      if (this.#settled) return;
      const [first] = this.#chunks;
      const whole = this.#chunks.length === 1 && first !== undefined;
      const bytes = whole ? first : Buffer.concat(this.#chunks, this.#length);
      this.#settle({ kind: 'body', bytes });
    });
    request.on('close', () => {
      this.#settle(GONE);
    });
    // The connection broke; 'close' follows and tells all there is to do.
    request.on('error', () => undefined);
    const declared = request.headers['content-length'];
    if (declared !== undefined && Number(declared) > this.#bytesMax) this.#settle(TOO_LARGE);
  }

  #onData(chunk: Buffer, request: IncomingMessage): void {
    if (this.#settled) {
      this.#discarded += chunk.length;
      if (this.#discarded > 2 * this.#bytesMax) request.destroy();
    } else if (this.#length + chunk.length > this.#bytesMax) {
      this.#settle(TOO_LARGE);
    } else if (this.#reader.hold(chunk.length)) {
      this.#length += chunk.length;
      this.#chunks.push(chunk);
    } else {
      this.#settle(CROWDED);
    }
  }

  #settle(outcome: BodyOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#chunks.length = 0;
    try {
      this.#then(outcome);
    } finally {
      this.#reader.release(this.#length);
    }
  }
}
