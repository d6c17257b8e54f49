/**
 * Shared memory between the main thread and a worker that is parked in `Atomics.wait`: a wake-up
 * costs a few microseconds less than a message, and copying replaces structured cloning
 *. A channel has slots; a slot holds one request and then its response.
 *
 * The worker is woken by the same word for requests and for messages: a parked worker does not see
 * messages by itself. Back to the main thread, which must not wait, a message is the doorbell.
 */

/** What both ends must know to lay out the same memory. */
export interface ChannelShape {
  readonly slots: number;
  readonly requestBytesMax: number;
  readonly responseBytesMax: number;
}

/** A channel as it is handed to the worker. */
export interface SharedChannel {
  readonly shape: ChannelShape;
  readonly memory: SharedArrayBuffer;
}

/** Words at the beginning of the memory. */
const WAKE = 0;
/** The slot and the position in it that the worker is at, for whoever looks for a stuck one. */
const AT_SLOT = 1;
const AT_POSITION = 2;
/** Low 31 bits of the calendar's milliseconds when it got there. */
const AT_TIME = 3;
const HEADER_WORDS = 4;

/** Words per slot, after the header. */
const REQUEST_LENGTH = 0;
const RESPONSE_LENGTH = 1;
const STOP = 2;
const SLOT_WORDS = 3;

/** No slot: the worker rests. */
const RESTING = -1;

/** The request that a worker is busy with. */
export interface Whereabouts {
  readonly slot: number;
  readonly position: number;
  readonly forMs: number;
}

/** Milliseconds as both threads see them, in 31 bits. */
function clock31(): number {
  return Date.now() & 0x7fffffff;
}

/** One end's view of the memory; both ends have the same. */
export class Channel {
  readonly shared: SharedChannel;
  readonly #words: Int32Array;
  readonly #requests: Uint8Array[] = [];
  readonly #responses: Uint8Array[] = [];

  constructor(shared: SharedChannel) {
    this.shared = shared;
    const { slots, requestBytesMax, responseBytesMax } = shared.shape;
    const words = HEADER_WORDS + slots * SLOT_WORDS;
    this.#words = new Int32Array(shared.memory, 0, words);
    let at = words * 4;
    for (let slot = 0; slot < slots; slot++) {
      this.#requests.push(new Uint8Array(shared.memory, at, requestBytesMax));
      this.#responses.push(new Uint8Array(shared.memory, at + requestBytesMax, responseBytesMax));
      at += requestBytesMax + responseBytesMax;
    }
  }

  /** Makes the memory for a channel. */
  static create(shape: ChannelShape): Channel {
    const { slots, requestBytesMax, responseBytesMax } = shape;
    const words = HEADER_WORDS + slots * SLOT_WORDS;
    const bytes = words * 4 + slots * (requestBytesMax + responseBytesMax);
    const channel = new Channel({ shape, memory: new SharedArrayBuffer(bytes) });
    channel.rest();
    return channel;
  }

  /** Main: writes a request that fits and wakes the worker. */
  send(slot: number, request: Uint8Array): void {
    this.#requests[slot]?.set(request);
    this.#store(slot, RESPONSE_LENGTH, 0);
    this.#store(slot, STOP, 0);
    this.#store(slot, REQUEST_LENGTH, request.length);
    this.wake();
  }

  /** Main: wakes the worker, for a message too. */
  wake(): void {
    Atomics.add(this.#words, WAKE, 1);
    Atomics.notify(this.#words, WAKE);
  }

  /** Main: asks the worker to give up what it does for `slot`. */
  stop(slot: number): void {
    this.#store(slot, STOP, 1);
  }

  /** Main: where the worker is and for how long; null when it rests. */
  whereabouts(): Whereabouts | null {
    const slot = Atomics.load(this.#words, AT_SLOT);
    if (slot === RESTING) return null;
    return {
      slot,
      position: Atomics.load(this.#words, AT_POSITION),
      forMs: (clock31() - Atomics.load(this.#words, AT_TIME)) & 0x7fffffff,
    };
  }

  /** Main: a copy of the response in `slot`, in memory that is not shared. */
  takeResponse(slot: number): Uint8Array {
    const length = this.#load(slot, RESPONSE_LENGTH);
    return this.#responses[slot]?.slice(0, length) ?? new Uint8Array(0);
  }

  /** Worker: the count of wake-ups; to be read before looking for work. */
  wakeUps(): number {
    return Atomics.load(this.#words, WAKE);
  }

  /** Worker: parks until there was another wake-up than `seen`; false when the time ran out. */
  park(seen: number, timeoutMs: number): boolean {
    return Atomics.wait(this.#words, WAKE, seen, timeoutMs) !== 'timed-out';
  }

  /** Worker: takes the request in `slot`, copied, or null when there is none. */
  takeRequest(slot: number): Uint8Array | null {
    const length = this.#load(slot, REQUEST_LENGTH);
    if (length === 0) return null;
    this.#store(slot, REQUEST_LENGTH, 0);
    return this.#requests[slot]?.slice(0, length) ?? null;
  }

  /** Worker: whether a request of `slot` should be given up. */
  isStopped(slot: number): boolean {
    return this.#load(slot, STOP) !== 0;
  }

  /** Worker: tells where it is. */
  enter(slot: number, position: number): void {
    Atomics.store(this.#words, AT_POSITION, position);
    Atomics.store(this.#words, AT_TIME, clock31());
    Atomics.store(this.#words, AT_SLOT, slot);
  }

  /** Worker: tells that it has nothing to do. */
  rest(): void {
    Atomics.store(this.#words, AT_SLOT, RESTING);
  }

  /** Worker: puts the response into `slot`; false when it does not fit. */
  respond(slot: number, response: Uint8Array): boolean {
    if (response.length > this.shared.shape.responseBytesMax) return false;
    this.#responses[slot]?.set(response);
    this.#store(slot, RESPONSE_LENGTH, response.length);
    return true;
  }

  #store(slot: number, word: number, value: number): void {
    Atomics.store(this.#words, HEADER_WORDS + slot * SLOT_WORDS + word, value);
  }

  #load(slot: number, word: number): number {
    return Atomics.load(this.#words, HEADER_WORDS + slot * SLOT_WORDS + word);
  }
}
