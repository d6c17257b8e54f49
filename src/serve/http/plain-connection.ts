import type { Socket } from 'node:net';

import { answerClientError } from './client-error.ts';
import { PlainAnswer } from './plain-answer.ts';
import type { PlainDoorOptions } from './plain-door.ts';
import { type PlainHead, parsePlainHead } from './plain-head.ts';
import { SLOW_READER_MS } from './response.ts';

/** What a connection needs, and whom it tells that it is not one of ours any more. */
export interface PlainConnectionOptions extends PlainDoorOptions {
  readonly onGone: () => void;
}

/** A request whose body is not all here. */
interface Gathering {
  readonly head: PlainHead;
  /** Everything read of the request, its head included. */
  readonly chunks: Buffer[];
  /** Of the whole request, and how many of them are here. */
  readonly bytes: number;
  have: number;
  /** What was taken of the room for bodies. */
  held: number;
}

/** How long a connection may rest beyond what its client was told, so that the client ends it. */
const KEEP_ALIVE_GRACE_MS = 1_000;

/** The code that Node's HTTP server gives a request that takes too long. */
const LATE = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });

/**
 * One connection with nothing but plain requests so far.
 *
 * States: resting (neither gathering nor answering), gathering a body, answering (until the client
 * has taken enough of the answer), and gone.
 */
export class PlainConnection {
  readonly #socket: Socket;
  readonly #options: PlainConnectionOptions;
  #gathering: Gathering | null = null;
  #answering = false;
  /** What came while an answer was on its way. */
  readonly #unread: Buffer[] = [];
  #gone = false;
  /** The client has said that it will send nothing more. */
  #halfClosed = false;
  #isNew = true;
  /** When it began to rest or to gather. */
  #sinceMs = performance.now();

  constructor(socket: Socket, options: PlainConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', ignore);
    socket.on('close', this.#onClose);
  }

  /** Ends it when it rests for too long, or its request takes too long to arrive. */
  look(now: number): void {
    if (this.#answering || this.#socket.writableLength > 0) return;
    const { limits } = this.#options;
    const forMs = now - this.#sinceMs;
    if (this.#gathering !== null || this.#isNew) {
      const limit = this.#isNew ? limits.headersTimeoutMs : limits.requestTimeoutMs;
      if (forMs <= limit) return;
      this.#leave();
      answerClientError(this.#socket, LATE);
    } else if (forMs > limits.keepAliveTimeoutMs + KEEP_ALIVE_GRACE_MS) {
      this.#socket.destroySoon();
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#gathering !== null) this.#gather(this.#gathering, chunk);
    else if (this.#answering || this.#socket.writableNeedDrain) this.#putOff(chunk);
    else this.#begin(chunk);
  };

  /**
   * Sent before the answer to what came before it has left. Node's server must not see it yet: it
   * answers some requests by itself, at once (417, 400 without a Host), and would do so before
   * ours. And who takes no answers is not read from.
   */
  #putOff(chunk: Buffer): void {
    this.#socket.pause();
    this.#unread.push(chunk);
  }

  /** Goes on with what was put off, once the answer before it has left. */
  readonly #goOn = (): void => {
    if (this.#gone || this.#answering || this.#socket.writableNeedDrain) return;
    if (this.#unread.length > 0) this.#handOver(Buffer.concat(this.#unread));
  };

  #begin(chunk: Buffer): void {
    const { limits, turns } = this.#options;
    const head = parsePlainHead(chunk, limits.headerBytesMax);
    const bytes = head === null ? 0 : head.headBytes + head.bodyBytes;
    if (head === null || head.bodyBytes > limits.bodyBytesMax || chunk.length > bytes) {
      this.#handOver(chunk);
      return;
    }
    const held = chunk.length - head.headBytes;
    if (!this.#options.bodies.hold(held)) {
      this.#handOver(chunk);
      return;
    }
    this.#isNew = false;
    const gathering: Gathering = { head, chunks: [chunk], bytes, have: chunk.length, held };
    this.#gathering = gathering;
    this.#sinceMs = performance.now();
    turns.begin(this.#socket);
    if (gathering.have === bytes) this.#answer(gathering);
  }

  #gather(gathering: Gathering, chunk: Buffer): void {
    gathering.chunks.push(chunk);
    gathering.have += chunk.length;
    if (gathering.have > gathering.bytes || !this.#options.bodies.hold(chunk.length)) {
      this.#options.turns.leave(this.#socket);
      this.#handOver(Buffer.concat(gathering.chunks));
      return;
    }
    gathering.held += chunk.length;
    if (gathering.have === gathering.bytes) this.#answer(gathering);
  }

  /** The request is whole, and its turn. */
  #answer(gathering: Gathering): void {
    const { turns, handle } = this.#options;
    const { method, route, target, contentType, headBytes } = gathering.head;
    const [first] = gathering.chunks;
    const single = gathering.chunks.length === 1 && first !== undefined;
    const whole = single ? first : Buffer.concat(gathering.chunks, gathering.bytes);
    this.#gathering = null;
    this.#answering = true;
    try {
      handle({
        route,
        target,
        method,
        contentType,
        response: this.#response(),
        readBody: (then) => {
          then({ kind: 'body', bytes: whole.subarray(headBytes) });
        },
        done: () => {
          turns.leave(this.#socket);
        },
      });
    } finally {
      this.#options.bodies.release(gathering.held);
    }
  }

  #response(): PlainAnswer {
    return new PlainAnswer({
      socket: this.#socket,
      keepAliveTimeoutMs: this.#options.limits.keepAliveTimeoutMs,
      onEnd: (keepsAlive) => {
        this.#answering = false;
        this.#sinceMs = performance.now();
        if (!keepsAlive || this.#halfClosed) this.#finish();
        else if (this.#socket.writableNeedDrain) this.#waitForReader();
        // `done` follows in this turn: the next request may begin after it.
        else if (this.#unread.length > 0) process.nextTick(this.#goOn);
      },
    });
  }

  /** Who does not take its answers is given up after a while without progress. */
  #waitForReader(): void {
    const socket = this.#socket;
    const giveUp = (): void => {
      socket.destroy();
    };
    socket.setTimeout(SLOW_READER_MS, giveUp);
    socket.once('drain', () => {
      socket.off('timeout', giveUp);
      socket.setTimeout(0);
      this.#sinceMs = performance.now();
      this.#goOn();
    });
  }

  /** The last answer: what follows on this connection is not read, as nobody could be told. */
  #finish(): void {
    this.#leave();
    this.#socket.resume();
    this.#socket.setTimeout(SLOW_READER_MS, () => {
      this.#socket.destroy();
    });
    this.#socket.destroySoon();
  }

  /** Node's server goes on, from the first byte that was not answered. */
  #handOver(unread: Buffer): void {
    this.#leave();
    this.#options.takeOver(this.#socket);
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#socket.unshift(unread);
  }

  readonly #onEnd = (): void => {
    this.#halfClosed = true;
    // Half a request will never be whole.
    if (this.#gathering !== null) this.#socket.destroy();
    else if (!this.#answering) this.#socket.end();
  };

  readonly #onClose = (): void => {
    this.#leave();
  };

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    // Errors stay ignored: whoever has the socket now hears of them, too.
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onClose);
    if (this.#gathering !== null) this.#options.bodies.release(this.#gathering.held);
    this.#gathering = null;
    this.#options.onGone();
  }
}

/** The connection broke; 'close' follows and tells all there is to do. */
function ignore(): void {
  // Nobody is there to be told.
}
