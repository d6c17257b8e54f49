/**
 * Frames: what a segment is made of. A 64-byte header that names what follows, a payload, zeros up
 * to a multiple of eight. Layout and reasons: docs/formats.md. What must hold:
 *
 * - A header is valid at one offset of one segment only: its checksum is seeded with both.
 * - No aligned 512-byte sector of a flush group is all zero; so a sector that never reached the
 *   disk, in a file that was filled with zeros, is recognised. The first and last eight bytes of a
 *   header are never zero, a payload is masked when it would fill a sector with zeros, and a flush
 *   group ends with a pad frame whose payload is not longer than a sector.
 * - The last eight bytes of a flush group are filler, none of them zero: so a group that was cut
 *   short inside a sector is recognised too (scan.ts).
 */
import { checksum } from './crc.ts';

/** The unit that a disk writes whole or not at all. */
export const SECTOR_BYTES = 512;

/** A frame's header. */
export const FRAME_HEADER_BYTES = 64;

/** `QLF1`; on disk it is XORed with the segment's salt. */
export const FRAME_MAGIC = 0x31464c51;

/** The payload of a pad frame has at least so many bytes, none of them zero. */
export const PAD_BYTES_MIN = 8;

/** Payload bytes after which an Entries frame is closed and another one begun. */
export const FRAME_PAYLOAD_BYTES_GOAL: number = 1024 * 1024;

/** What a frame says. */
export type FrameKind =
  | 'entries'
  | 'hard-state'
  | 'installed'
  | 'compacted'
  | 'checkpoint'
  | 'pad'
  | 'durable-mark'
  | 'recovering'
  | 'forgotten';

const KINDS: readonly FrameKind[] = [
  'entries',
  'hard-state',
  'installed',
  'compacted',
  'checkpoint',
  'pad',
  'durable-mark',
  'recovering',
  'forgotten',
];

/** The number of a kind on disk; 0 is none. */
export function kindCode(kind: FrameKind): number {
  return KINDS.indexOf(kind) + 1;
}

/** Flag bits of a header. */
export const FRAME_LAST = 1;
/** The payload is XORed with the header's 16-bit mask. */
export const FRAME_MASKED = 2;
/** Entries repeated from an older segment: they fill in, they replace nothing. */
export const FRAME_COPIED = 4;

/** The group number of frames that belong to the node. */
export const NODE_FRAME = 0xffffffff;

/** Where the fields of a header are. */
export const AT = {
  magic: 0,
  length: 4,
  seq: 8,
  durableSeq: 16,
  kind: 24,
  flags: 25,
  mask: 26,
  group: 28,
  first: 32,
  term: 40,
  count: 44,
  payloadCrc: 48,
  chain: 52,
  flushSector: 56,
  crc: 60,
} as const;

/** A header as read. */
export interface Frame {
  /** Byte offset of the header in its segment. */
  readonly offset: number;
  readonly length: number;
  readonly seq: number;
  readonly durableSeq: number;
  readonly kind: FrameKind;
  readonly flags: number;
  readonly mask: number;
  readonly group: number;
  readonly first: number;
  readonly term: number;
  readonly count: number;
  readonly payloadCrc: number;
  /** Header checksum of the frame before. */
  readonly chain: number;
  readonly crc: number;
}

/** The seed of a header's checksum: a frame moved to another offset or segment is not valid. */
export function headerSeed(salt: number, offset: number): number {
  return (salt ^ (offset / 8)) >>> 0;
}

/** Bytes a frame takes, header and alignment included. */
export function frameBytes(length: number): number {
  return FRAME_HEADER_BYTES + roundUp(length, 8);
}

/** The smallest multiple of `unit` (a power of two) that is not below `value`. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** Reads the header at `offset` of a whole segment; null when there is no valid one. */
export function readHeader(bytes: Uint8Array, offset: number, salt: number): Frame | null {
  if (offset + FRAME_HEADER_BYTES > bytes.length) return null;
  const header = bytes.subarray(offset, offset + FRAME_HEADER_BYTES);
  const view = new DataView(header.buffer, header.byteOffset, FRAME_HEADER_BYTES);
  if (view.getUint32(AT.magic, true) !== (FRAME_MAGIC ^ salt) >>> 0) return null;
  const crc = view.getUint32(AT.crc, true);
  if (checksum(header.subarray(0, AT.crc), headerSeed(salt, offset)) !== crc) return null;
  const length = view.getUint32(AT.length, true);
  const kind = KINDS[(header[AT.kind] ?? 0) - 1];
  if (kind === undefined || offset + frameBytes(length) > bytes.length) return null;
  return {
    offset,
    length,
    seq: readU53(view, AT.seq),
    durableSeq: readU53(view, AT.durableSeq),
    kind,
    flags: header[AT.flags] ?? 0,
    mask: view.getUint16(AT.mask, true),
    group: view.getUint32(AT.group, true),
    first: readU53(view, AT.first),
    term: view.getUint32(AT.term, true),
    count: view.getUint32(AT.count, true),
    payloadCrc: view.getUint32(AT.payloadCrc, true),
    chain: view.getUint32(AT.chain, true),
    crc,
  };
}

/** The payload as it lies in the segment: a view, masked when the header says so. */
export function storedPayload(bytes: Uint8Array, frame: Frame): Uint8Array {
  const from = frame.offset + FRAME_HEADER_BYTES;
  return bytes.subarray(from, from + frame.length);
}

/** A copy of the payload, as it was before it was masked. */
export function readPayload(bytes: Uint8Array, frame: Frame): Uint8Array {
  const payload = storedPayload(bytes, frame).slice();
  if ((frame.flags & FRAME_MASKED) !== 0) applyMask(payload, 0, payload.length, frame.mask);
  return payload;
}

/** XORs [from, to) with a repeated 16-bit mask; doing it twice undoes it. */
export function applyMask(bytes: Uint8Array, from: number, to: number, mask: number): void {
  const low = mask & 255;
  const high = mask >>> 8;
  for (let at = from; at < to; at++) {
    bytes[at] = (bytes[at] ?? 0) ^ (((at - from) & 1) === 0 ? low : high);
  }
}

/**
 * The mask for a payload at [from, to), both multiples of eight, of a buffer that starts at a
 * sector boundary: 0 when no whole sector of it is zero. A mask fails only for a sector that
 * repeats it, so one of 65,535 is always free below 32 MiB; a larger payload made to use all of
 * them stays as it is.
 */
export function chooseMask(bytes: Uint8Array, from: number, to: number): number {
  const firstSector = roundUp(from, SECTOR_BYTES);
  let blank = false;
  for (let at = firstSector; at + SECTOR_BYTES <= to && !blank; at += SECTOR_BYTES) {
    blank = bytes[at] === 0 && repeatedPair(bytes, at) === 0;
  }
  if (!blank) return 0;
  const taken = new Set<number>();
  for (let at = firstSector; at + SECTOR_BYTES <= to; at += SECTOR_BYTES) {
    const pair = repeatedPair(bytes, at);
    if (pair !== null) taken.add(pair);
  }
  let mask = 1;
  while (mask < 65536 && taken.has(mask)) mask++;
  return mask < 65536 ? mask : 0;
}

/** Whether the aligned sector at `offset` is all zero. */
export function isBlankSector(bytes: Uint8Array, offset: number): boolean {
  return isBlank(bytes, offset, Math.min(offset + SECTOR_BYTES, bytes.length));
}

/** Whether [from, to) is all zero. */
export function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  // Most of a segment is looked at when it is opened: four bytes at a time.
  const words = new DataView(bytes.buffer, bytes.byteOffset, to);
  let at = from;
  for (; at + 4 <= to; at += 4) if (words.getUint32(at, true) !== 0) return false;
  for (; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** The two bytes that a whole sector repeats, or null. */
function repeatedPair(bytes: Uint8Array, offset: number): number | null {
  const low = bytes[offset] ?? 0;
  const high = bytes[offset + 1] ?? 0;
  for (let at = offset + 2; at < offset + SECTOR_BYTES; at += 2) {
    if (bytes[at] !== low || bytes[at + 1] !== high) return null;
  }
  return low | (high << 8);
}

/** Writes a non-negative safe integer in eight bytes. */
export function writeU53(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 4294967296, true);
  view.setUint32(at + 4, Math.floor(value / 4294967296), true);
}

function readU53(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 4294967296 + view.getUint32(at, true);
}
