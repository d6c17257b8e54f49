import { crc32 } from 'node:zlib';

import type { ByteWriter } from '../base/bytes.ts';
import type { GroupId } from '../base/ids.ts';

/*
 * A frame is a header of 16 bytes and a payload, all integers little endian:
 *
 *   0  crc32    of everything after it, so that one call covers header and payload
 *   4  length   of the payload
 *   8  kind     what the payload is
 *   9  flags    its small booleans
 *   10 fold     xor of the other header fields: a damaged length is noticed before it is waited for
 *   12 group    or 0
 *
 * docs/wire.md has the payloads.
 */

/** Bytes before the payload. */
export const FRAME_HEADER_BYTES = 16;

/** Makes a header of zeros wrong. */
const FOLD_SALT = 0x5153;

/** One frame as it was received: the payload is a view of memory that is not written again. */
export interface Frame {
  readonly kind: number;
  readonly flags: number;
  readonly group: GroupId;
  readonly payload: Uint8Array;
}

/** Leaves room for a header; returns where it is, for `endFrame`. */
export function beginFrame(writer: ByteWriter): number {
  const at = writer.length;
  writer.u32(0).u32(0).u32(0).u32(0);
  return at;
}

/** Fills in the header at `at`, now that the payload behind it is complete. */
export function endFrame(
  writer: ByteWriter,
  at: number,
  head: Pick<Frame, 'kind' | 'flags' | 'group'>,
): void {
  const length = writer.length - at - FRAME_HEADER_BYTES;
  const kindAndFlags = head.kind | (head.flags << 8);
  const check = fold(length, kindAndFlags, head.group);
  writer.patchU32(at + 4, length);
  writer.patchU32(at + 8, (kindAndFlags | (check << 16)) >>> 0);
  writer.patchU32(at + 12, head.group);
  writer.patchU32(at, crc32(writer.view(at + 4)));
}

/** Cuts a stream of bytes into frames, whatever the sizes of its pieces. Never throws. */
export class FrameReader {
  #frameBytesMax: number;
  /** The beginning of a header, while it is shorter than one. */
  readonly #head = new Uint8Array(FRAME_HEADER_BYTES);
  /** The frame being assembled, once its header is known; a new one each, so views of it stay. */
  #whole: Uint8Array | null = null;
  #have = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Changes the limit, once the sender is known. */
  allow(frameBytesMax: number): void {
    this.#frameBytesMax = frameBytesMax;
  }

  /**
   * Calls `onFrame` for every frame that `chunk` completes, in order, until it returns false.
   * Returns null, or what is wrong: then the stream cannot be read any further.
   */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => boolean): string | null {
    let at = 0;
    if (this.#have > 0) {
      at = this.#complete(chunk);
      if (at < 0) return this.#damage(this.#head, 0);
      if (this.#whole === null || this.#have < this.#whole.length) return null;
      const whole = this.#whole;
      this.#whole = null;
      this.#have = 0;
      if (!intact(whole)) return 'a frame does not match its checksum';
      if (!onFrame(frameOf(whole))) return null;
    }
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const damage = this.#damage(chunk, at);
      if (damage !== null) return damage;
      const end = at + FRAME_HEADER_BYTES + readU32(chunk, at + 4);
      if (end > chunk.length) break;
      const whole = chunk.subarray(at, end);
      if (!intact(whole)) return 'a frame does not match its checksum';
      at = end;
      if (!onFrame(frameOf(whole))) return null;
    }
    if (at < chunk.length) this.#keep(chunk, at);
    return null;
  }

  /** Adds to the frame that was begun; returns where the rest starts, -1 for a wrong header. */
  #complete(chunk: Uint8Array): number {
    let at = 0;
    if (this.#whole === null) {
      at = Math.min(FRAME_HEADER_BYTES - this.#have, chunk.length);
      this.#head.set(chunk.subarray(0, at), this.#have);
      this.#have += at;
      if (this.#have < FRAME_HEADER_BYTES) return at;
      if (this.#damage(this.#head, 0) !== null) return -1;
      this.#whole = allocate(FRAME_HEADER_BYTES + readU32(this.#head, 4));
      this.#whole.set(this.#head);
    }
    const take = Math.min(this.#whole.length - this.#have, chunk.length - at);
    this.#whole.set(chunk.subarray(at, at + take), this.#have);
    this.#have += take;
    return at + take;
  }

  #keep(chunk: Uint8Array, at: number): void {
    const left = chunk.length - at;
    if (left >= FRAME_HEADER_BYTES) {
      this.#whole = allocate(FRAME_HEADER_BYTES + readU32(chunk, at + 4));
    }
    (this.#whole ?? this.#head).set(chunk.subarray(at));
    this.#have = left;
  }

  #damage(bytes: Uint8Array, at: number): string | null {
    const length = readU32(bytes, at + 4);
    const kindAndFlags = readU16(bytes, at + 8);
    if (readU16(bytes, at + 10) !== fold(length, kindAndFlags, readU32(bytes, at + 12))) {
      return 'a frame header is damaged';
    }
    if (length > this.#frameBytesMax) {
      return `a frame of ${length} bytes is over the limit of ${this.#frameBytesMax}`;
    }
    return null;
  }
}

function fold(length: number, kindAndFlags: number, group: GroupId): number {
  const mixed = length ^ (length >>> 16) ^ kindAndFlags ^ group ^ (group >>> 16);
  return (mixed ^ FOLD_SALT) & 0xffff;
}

function intact(whole: Uint8Array): boolean {
  return readU32(whole, 0) === crc32(whole.subarray(4));
}

function frameOf(whole: Uint8Array): Frame {
  return {
    kind: whole[8] ?? 0,
    flags: whole[9] ?? 0,
    group: readU32(whole, 12),
    payload: whole.subarray(FRAME_HEADER_BYTES),
  };
}

/** Memory that is not cleared first: every byte of it is written before it is read. */
function allocate(length: number): Uint8Array {
  const { buffer } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer, 0, length);
}

function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

function readU32(bytes: Uint8Array, at: number): number {
  return (readU16(bytes, at) | (readU16(bytes, at + 2) << 16)) >>> 0;
}
