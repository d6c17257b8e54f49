import type { Socket } from 'node:net';

import { ByteWriter, NO_BYTES } from '../base/bytes.ts';

/** Memory kept between flushes; more than this is given back. */
const KEPT_BYTES_MAX = 2 * 1024 * 1024;
const FIRST_BYTES = 64 * 1024;
/** Of one write: what counts as waiting until the kernel took all of it. */
const WRITE_BYTES_MAX = 1024 * 1024;

/**
 * The bytes waiting for one socket. Between two flushes they gather in one buffer and leave in one
 * write. Node tries the system call inside `write`, so a flush hands the bytes to the kernel before
 * it returns unless the socket is backed up; while it is, what is new gathers for the next write.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #bytesMax: number;
  #writer = new ByteWriter(FIRST_BYTES);
  #capacity = FIRST_BYTES;
  /** What was begun to be written and is in the buffer before this one. */
  #rest: Uint8Array = NO_BYTES;
  #writes = 0;
  #written = 0;
  /** The write that the kernel did not take at once; 0 when there is none. */
  #unfinished = 0;

  constructor(socket: Socket, bytesMax: number) {
    this.#socket = socket;
    this.#bytesMax = bytesMax;
  }

  /** Bytes not yet given to the kernel; those of the last write count until all of it is. */
  get pendingBytes(): number {
    return this.#writer.length + this.#rest.length + this.#socket.writableLength;
  }

  /**
   * Where to write the next frame of at most `bytes`; null when the queue has no room for it.
   * An empty queue has room for anything.
   */
  room(bytes: number): ByteWriter | null {
    const pending = this.pendingBytes;
    if (pending > 0 && pending + bytes > this.#bytesMax) return null;
    if (this.#writer.length === 0 && bytes > this.#capacity) this.#renew(bytes);
    return this.#writer;
  }

  /** Hands everything to the kernel, as far as it has room. */
  flush(): void {
    if (this.#unfinished > 0 || this.#socket.destroyed) return;
    while (this.#rest.length > 0 || this.#writer.length > 0) {
      const fresh = this.#rest.length === 0;
      if (fresh) this.#rest = this.#writer.view();
      const slice = this.#rest.subarray(0, WRITE_BYTES_MAX);
      this.#rest = this.#rest.subarray(slice.length);
      this.#writes++;
      this.#socket.write(slice, this.#onWritten);
      const taken = this.#socket.writableLength === 0;
      if (!taken) this.#unfinished = this.#writes;
      // The socket, or the rest, holds on to this memory.
      if (fresh && (!taken || this.#rest.length > 0)) this.#renew(FIRST_BYTES);
      else if (fresh) this.#reuse();
      if (!taken) return;
    }
  }

  // Callbacks of writes come in order, those of writes the kernel took at once a little late.
  readonly #onWritten = (): void => {
    this.#written++;
    if (this.#unfinished === 0 || this.#written < this.#unfinished) return;
    this.#unfinished = 0;
    this.flush();
  };

  #reuse(): void {
    this.#capacity = Math.max(this.#capacity, this.#writer.length);
    if (this.#capacity > KEPT_BYTES_MAX) this.#renew(FIRST_BYTES);
    else this.#writer.reset();
  }

  #renew(bytes: number): void {
    this.#capacity = bytes;
    this.#writer = new ByteWriter(bytes);
  }
}
