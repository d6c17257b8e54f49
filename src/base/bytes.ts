/**
 * Bytes in and out, little endian, no BigInt on the hot path.
 *
 * Writers grow by doubling and hand out views of their own memory; readers never throw on remote
 * input: they turn `failed` on and return zeros, and the caller checks once at the end.
 */

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
const TWO_32 = 4294967296;

/** An empty byte string that everybody may share. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** UTF-8 bytes of `text`. */
export function encodeText(text: string): Uint8Array {
  return textEncoder.encode(text);
}

/** The text of UTF-8 `bytes`; malformed sequences become U+FFFD, a leading U+FEFF stays. */
export function decodeText(bytes: Uint8Array): string {
  return textDecoder.decode(bytes);
}

/** Whether two byte strings are the same. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}

/** Builds a byte string; integers are little endian. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written and keeps the memory: views handed out before become invalid. */
  reset(): void {
    this.#length = 0;
  }

  u8(value: number): this {
    this.#room(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  u16(value: number): this {
    this.#room(2);
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
    return this;
  }

  u32(value: number): this {
    this.#room(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  /** A non-negative safe integer in eight bytes. */
  u53(value: number): this {
    this.#room(8);
    this.#view.setUint32(this.#length, value % TWO_32, true);
    this.#view.setUint32(this.#length + 4, Math.floor(value / TWO_32), true);
    this.#length += 8;
    return this;
  }

  i64(value: bigint): this {
    this.#room(8);
    this.#view.setBigInt64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  f64(value: number): this {
    this.#room(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  /** A non-negative safe integer, 7 bits a byte, least significant first (LEB128). */
  varint(value: number): this {
    this.#room(8);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** A varint length and the bytes. */
  blob(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes);
  }

  /** A varint length in bytes and the UTF-8 text. */
  text(text: string): this {
    const worst = text.length * 3;
    this.#room(8 + worst);
    // Short texts (worst case below 128 bytes) have a one-byte length: encode in place.
    if (worst < 128) {
      const { written } = textEncoder.encodeInto(text, this.#bytes.subarray(this.#length + 1));
      this.#bytes[this.#length] = written;
      this.#length += 1 + written;
      return this;
    }
    return this.blob(textEncoder.encode(text));
  }

  /** Overwrites four bytes written earlier, for lengths and checksums known later. */
  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /** A view of what was written, valid until the next write or reset. */
  view(from = 0): Uint8Array {
    return this.#bytes.subarray(from, this.#length);
  }

  /** A copy of what was written. */
  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #room(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    let capacity = this.#bytes.length * 2;
    while (capacity < needed) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads a byte string; never throws on short input, see `failed`. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  #failed = false;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  /** True once something was read beyond the end or could not be what it says. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Offset of the next byte. */
  get at(): number {
    return this.#at;
  }

  /** Bytes left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Marks the input as unusable, for a caller that found an impossible value. */
  fail(): void {
    this.#failed = true;
  }

  u8(): number {
    return this.#take(1) ? (this.#bytes[this.#at - 1] ?? 0) : 0;
  }

  u16(): number {
    return this.#take(2) ? this.#view.getUint16(this.#at - 2, true) : 0;
  }

  u32(): number {
    return this.#take(4) ? this.#view.getUint32(this.#at - 4, true) : 0;
  }

  u53(): number {
    if (!this.#take(8)) return 0;
    const high = this.#view.getUint32(this.#at - 4, true);
    if (high >= 0x200000) {
      this.#failed = true;
      return 0;
    }
    return high * TWO_32 + this.#view.getUint32(this.#at - 8, true);
  }

  i64(): bigint {
    return this.#take(8) ? this.#view.getBigInt64(this.#at - 8, true) : 0n;
  }

  f64(): number {
    return this.#take(8) ? this.#view.getFloat64(this.#at - 8, true) : 0;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count++) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    this.#failed = true;
    return 0;
  }

  /** A view (not a copy) of the next `length` bytes; empty when there are fewer. */
  raw(length: number): Uint8Array {
    return this.#take(length) ? this.#bytes.subarray(this.#at - length, this.#at) : NO_BYTES;
  }

  /** A view of a byte string with a varint length before it. */
  blob(): Uint8Array {
    return this.raw(this.varint());
  }

  text(): string {
    return decodeText(this.blob());
  }

  #take(length: number): boolean {
    if (this.#failed || length > this.#bytes.length - this.#at) {
      this.#failed = true;
      return false;
    }
    this.#at += length;
    return true;
  }
}
