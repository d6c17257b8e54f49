import { assert } from '../base/assert.ts';
import { ByteWriter } from '../base/bytes.ts';
import { checksum } from './crc.ts';
import {
  applyMask,
  AT,
  chooseMask,
  FRAME_HEADER_BYTES,
  FRAME_LAST,
  FRAME_MAGIC,
  FRAME_MASKED,
  type FrameKind,
  headerSeed,
  kindCode,
  NODE_FRAME,
  PAD_BYTES_MIN,
  roundUp,
  SECTOR_BYTES,
  writeU53,
} from './frame.ts';

/** To begin with; it grows to what a turn needs. */
const CAPACITY_BYTES = 16 * 1024;
/** A buffer that grew beyond this for one large write is not kept. */
const CAPACITY_BYTES_KEPT = 8 * 1024 * 1024;
/** Fills pad frames: anything but zero. */
const PAD_BYTE = 0x5a;
const PAD = new Uint8Array(SECTOR_BYTES + FRAME_HEADER_BYTES).fill(PAD_BYTE);

/** What a frame is and what it names. */
export interface FrameName {
  readonly kind: FrameKind;
  readonly flags: number;
  readonly group: number;
  readonly first: number;
  readonly term: number;
  readonly count: number;
}

/** Where a flush group goes and what goes before it. */
export interface Placement {
  readonly salt: number;
  /** Byte offset in the segment, a multiple of the sector. */
  readonly offset: number;
  /** First byte of what the next sync makes durable: not above `offset`. */
  readonly flushOffset: number;
  /** frameSeq of the first frame. */
  readonly seq: number;
  readonly durableSeq: number;
  /** Header checksum of the frame before. */
  readonly chain: number;
  /** Whether the flush group ends here. */
  readonly last: boolean;
}

/** A flush group ready to be written. */
export interface SealedFrames {
  /** A view, valid until the writer is reset. */
  readonly bytes: Uint8Array;
  readonly lastSeq: number;
  readonly chain: number;
}

/**
 * Collects the frames of one flush group in one buffer: payloads are encoded once, as they come,
 * and everything that depends on the place (sequence, salt, mask, checksums) is filled in by
 * `seal`.
 */
export class FrameWriter {
  #bytes = new ByteWriter(CAPACITY_BYTES);
  readonly #starts: number[] = [];
  #opened = false;

  /** Frames collected so far. */
  get frames(): number {
    return this.#starts.length;
  }

  /** Bytes that `seal` will give, the pad frame included. */
  get sealedBytes(): number {
    return roundUp(this.#bytes.length + FRAME_HEADER_BYTES + PAD_BYTES_MIN, SECTOR_BYTES);
  }

  /** Begins a frame; its payload goes to the writer that is returned, until `end`. */
  begin(name: FrameName): ByteWriter {
    assert(!this.#opened, () => `${name.kind} begun inside a frame`);
    this.#opened = true;
    const out = this.#bytes;
    this.#starts.push(out.length);
    // In the order of AT; what `seal` fills in is zero.
    out.u32(0).u32(0).u53(0).u53(0).u8(kindCode(name.kind)).u8(name.flags).u16(0);
    out.u32(name.group).u53(name.first).u32(name.term).u32(name.count);
    return out.u32(0).u32(0).u32(0).u32(0);
  }

  /** Payload bytes of the frame that is open. */
  get payloadBytes(): number {
    return this.#bytes.length - this.#start() - FRAME_HEADER_BYTES;
  }

  /** Ends the frame. `count` replaces the one given to `begin`. */
  end(count: number | null = null): void {
    const start = this.#start();
    const out = this.#bytes;
    out.patchU32(start + AT.length, out.length - start - FRAME_HEADER_BYTES);
    if (count !== null) out.patchU32(start + AT.count, count);
    while (out.length % 8 !== 0) out.u8(0);
    this.#opened = false;
  }

  /** Ends the flush group with a pad frame and makes it valid at its place. */
  seal(place: Placement): SealedFrames {
    this.#pad(place.last ? FRAME_LAST : 0);
    const bytes = this.#bytes.view();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let { seq, chain } = place;
    for (const start of this.#starts) {
      view.setUint32(start + AT.magic, (FRAME_MAGIC ^ place.salt) >>> 0, true);
      writeU53(view, start + AT.seq, seq++);
      writeU53(view, start + AT.durableSeq, place.durableSeq);
      view.setUint32(start + AT.flushSector, place.flushOffset / SECTOR_BYTES, true);
      view.setUint32(start + AT.chain, chain, true);
      sealPayload(bytes, view, start);
      const header = bytes.subarray(start, start + AT.crc);
      chain = checksum(header, headerSeed(place.salt, place.offset + start));
      view.setUint32(start + AT.crc, chain, true);
    }
    return { bytes, lastSeq: seq - 1, chain };
  }

  /** Forgets the frames. */
  reset(): void {
    if (this.#bytes.length > CAPACITY_BYTES_KEPT) this.#bytes = new ByteWriter(CAPACITY_BYTES);
    else this.#bytes.reset();
    this.#starts.length = 0;
  }

  #pad(flags: number): void {
    const pad = this.sealedBytes - this.#bytes.length - FRAME_HEADER_BYTES;
    const name = { kind: 'pad', flags, group: NODE_FRAME, first: 0, term: 0, count: 0 } as const;
    this.begin(name).raw(PAD.subarray(0, pad));
    this.end();
  }

  #start(): number {
    const start = this.#starts.at(-1);
    assert(start !== undefined, () => 'no frame was begun');
    return start;
  }
}

function sealPayload(bytes: Uint8Array, view: DataView, start: number): void {
  const length = view.getUint32(start + AT.length, true);
  const from = start + FRAME_HEADER_BYTES;
  if (length >= SECTOR_BYTES) {
    // The zeros up to a multiple of eight belong to the sector and are masked with it.
    const to = from + roundUp(length, 8);
    const mask = chooseMask(bytes, from, to);
    if (mask !== 0) {
      applyMask(bytes, from, to, mask);
      view.setUint8(start + AT.flags, view.getUint8(start + AT.flags) | FRAME_MASKED);
      view.setUint16(start + AT.mask, mask, true);
    }
  }
  const payload = bytes.subarray(from, from + length);
  view.setUint32(start + AT.payloadCrc, checksum(payload), true);
}
