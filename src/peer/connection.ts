import type { Socket } from 'node:net';

import { messageOf } from '../base/errors.ts';
import { type Frame, FrameReader } from './frame.ts';
import {
  CONNECTION_KINDS,
  HANDSHAKE_BYTES_MAX,
  PREAMBLE_BYTES,
  encodeSignal,
  startsLikePreamble,
} from './handshake.ts';
import { Outbox } from './outbox.ts';
import type { Channel } from './transport.ts';

/** What a connection tells whoever owns it at the time. Never after `onEnd`, which comes once. */
export interface ConnectionOwner {
  /** The first bytes; null when they cannot be a preamble. */
  onPreamble(connection: Connection, bytes: Uint8Array | null): void;
  onFrame(connection: Connection, frame: Frame): void;
  onEnd(connection: Connection, reason: string): void;
}

/** How a connection is made. */
export interface ConnectionOptions {
  readonly socket: Socket;
  readonly owner: ConnectionOwner;
  readonly outboxBytesMax: number;
  /** Of frames after the handshake. */
  readonly frameBytesMax: number;
}

const PING = encodeSignal(CONNECTION_KINDS.ping);

/** One socket between two nodes: a preamble each way, then frames. Ends at the first sign of it. */
export class Connection {
  /** Replaced when the handshake is over. */
  owner: ConnectionOwner;
  /** Known from the preamble on the accepting side. */
  channel: Channel = 'control';
  readonly outbox: Outbox;

  readonly #socket: Socket;
  readonly #reader = new FrameReader(HANDSHAKE_BYTES_MAX);
  readonly #frameBytesMax: number;
  /** The preamble while it is incomplete; null after it. */
  #preamble: Uint8Array | null = new Uint8Array(0);
  #ended = false;
  #open = false;
  #heard = true;
  #heardAtMs = 0;

  constructor({ socket, owner, outboxBytesMax, frameBytesMax }: ConnectionOptions) {
    this.owner = owner;
    this.#socket = socket;
    this.#frameBytesMax = frameBytesMax;
    this.outbox = new Outbox(socket, outboxBytesMax);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    // A dead process is noticed by the first of these; `close` alone can wait for queued bytes.
    socket.on('end', () => this.#end('the other side closed it'));
    socket.on('error', (error) => this.#end(messageOf(error)));
    socket.on('close', () => this.#end('it was closed'));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Sends a few bytes now, behind whatever waits already. */
  say(bytes: Uint8Array): void {
    this.outbox.room(bytes.length)?.raw(bytes);
    this.outbox.flush();
  }

  /** The handshake is over: frames may have their full size. */
  open(): void {
    this.#open = true;
    this.#reader.allow(this.#frameBytesMax);
  }

  /** Reads nothing until `resume`; what was read already is still delivered. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Closes at once. `onEnd` is not called: the owner knows. */
  close(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  /** Closes when `lastWords` were sent; the peer reads them before it sees the end. */
  closeAfter(lastWords: Uint8Array, onClosed: () => void): void {
    if (this.#ended) return;
    this.say(lastWords);
    this.#ended = true;
    this.#socket.once('close', onClosed);
    this.#socket.destroySoon();
  }

  /** Tells the other side that this one is alive. */
  ping(): void {
    this.say(PING);
  }

  /** Whether nothing was heard for `silenceMsMax`; to be asked now and then. */
  isSilent(nowMs: number, silenceMsMax: number): boolean {
    // A paused socket hears nothing because we do not listen.
    if (this.#heard || this.#socket.isPaused()) this.#heardAtMs = nowMs;
    this.#heard = false;
    return nowMs - this.#heardAtMs >= silenceMsMax;
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.close();
    this.owner.onEnd(this, reason);
  }

  #onData(chunk: Buffer): void {
    if (this.#ended) return;
    this.#heard = true;
    // Plain views: those of a Buffer are dearer, and Node does not use this memory again.
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    const rest = this.#preamble === null ? bytes : this.#takePreamble(bytes, this.#preamble);
    if (rest.length === 0 || this.#ended) return;
    const wrong = this.#reader.push(rest, this.#onFrame);
    if (wrong !== null && !this.#ended) this.#end(wrong);
  }

  #takePreamble(bytes: Uint8Array, before: Uint8Array): Uint8Array {
    const take = Math.min(PREAMBLE_BYTES - before.length, bytes.length);
    const preamble = new Uint8Array(before.length + take);
    preamble.set(before);
    preamble.set(bytes.subarray(0, take), before.length);
    this.#preamble = preamble;
    if (!startsLikePreamble(preamble)) {
      this.owner.onPreamble(this, null);
    } else if (preamble.length === PREAMBLE_BYTES) {
      this.#preamble = null;
      this.owner.onPreamble(this, preamble);
    }
    return bytes.subarray(take);
  }

  readonly #onFrame = (frame: Frame): boolean => {
    if (!this.#open || frame.kind !== CONNECTION_KINDS.ping) this.owner.onFrame(this, frame);
    return !this.#ended;
  };
}
