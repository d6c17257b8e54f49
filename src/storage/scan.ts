import { checksum } from './crc.ts';
import {
  type Frame,
  FRAME_HEADER_BYTES,
  FRAME_LAST,
  FRAME_MAGIC,
  frameBytes,
  isBlank,
  isBlankSector,
  readHeader,
  SECTOR_BYTES,
  storedPayload,
} from './frame.ts';
import { SEGMENT_HEADER_BYTES } from './segment.ts';

/** Bytes where a frame should be and none is. */
export interface Damage {
  readonly from: number;
  /** Offset of the next valid header, or the end of the file. */
  readonly to: number;
  /** Whether a crash or a short write explains it (`isTorn`). */
  readonly torn: boolean;
}

/** What a segment consists of, in order. */
export type Piece =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** The header is good and names what is lost, the payload is not. */
  | { readonly kind: 'bad-payload'; readonly frame: Frame; readonly torn: boolean }
  | { readonly kind: 'damage'; readonly damage: Damage };

/** A segment taken to pieces. */
export interface Scan {
  readonly pieces: readonly Piece[];
  /** End of the last piece; only zeros follow. */
  readonly end: number;
}

/** Finds every valid frame of a segment, and what is between them. Never throws on its bytes. */
export function scanSegment(bytes: Uint8Array, salt: number): Scan {
  const pieces: Piece[] = [];
  let at = SEGMENT_HEADER_BYTES;
  let before: Frame | null = null;
  while (at < bytes.length) {
    const frame = readNext(bytes, { at, salt, before });
    if (frame !== null) {
      const whole = checksum(storedPayload(bytes, frame)) === frame.payloadCrc;
      const end = at + frameBytes(frame.length);
      if (whole) pieces.push({ kind: 'frame', frame });
      else pieces.push({ kind: 'bad-payload', frame, torn: isTorn(bytes, at, end) });
      at = end;
      before = frame;
      continue;
    }
    if (isBlank(bytes, at, bytes.length)) break;
    const next = resynchronise(bytes, { at: at + 8, salt, before });
    const to = next?.offset ?? bytes.length;
    const torn = isTorn(bytes, at, at + FRAME_HEADER_BYTES);
    pieces.push({ kind: 'damage', damage: { from: at, to, torn } });
    // The chain cannot be followed over a gap.
    before = null;
    at = to;
  }
  return { pieces, end: at };
}

/** Whether nothing of a piece is lost. A pad stands for nothing but its place: its header does. */
export function isWhole(piece: Piece): boolean {
  return piece.kind === 'frame' || (piece.kind === 'bad-payload' && piece.frame.kind === 'pad');
}

/** Whether the frames at the start are whole up to the end of their flush group. */
export function firstGroupIsWhole(scan: Scan): boolean {
  for (const piece of scan.pieces) {
    if (piece.kind === 'damage' || !isWhole(piece)) return false;
    if ((piece.frame.flags & FRAME_LAST) !== 0) return true;
  }
  return false;
}

interface Position {
  readonly at: number;
  readonly salt: number;
  /** The frame that ends here, or null at the start and after damage. */
  readonly before: Frame | null;
}

function readNext(bytes: Uint8Array, { at, salt, before }: Position): Frame | null {
  const frame = readHeader(bytes, at, salt);
  if (frame === null || before === null) return frame;
  return frame.seq === before.seq + 1 && frame.chain === before.crc ? frame : null;
}

/** The next valid header from `at`; frames start at multiples of eight. */
function resynchronise(bytes: Uint8Array, { at, salt, before }: Position): Frame | null {
  const magic = (FRAME_MAGIC ^ salt) >>> 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let offset = at; offset + FRAME_HEADER_BYTES <= bytes.length; offset += 8) {
    if (view.getUint32(offset, true) !== magic) continue;
    const frame = readHeader(bytes, offset, salt);
    if (frame !== null && frame.seq > (before?.seq ?? 0)) return frame;
  }
  return null;
}

/**
 * Whether the frame expected at [from, to) was never completely written, as far as its bytes can
 * tell. There are two ways to see it:
 *
 * - A crash loses sectors whole, and no sector that was written is all zero (frame.ts).
 * - A write that failed half way leaves its beginning in the page cache: the frame goes on where
 *   only zeros are, up to the end of the file. Behind every header and payload of an acknowledged
 *   flush group there are at least eight bytes of filler, none of them zero (and a damaged filler
 *   is no damage, `isWhole`): rot would have to clear all of these, bit by bit, as well.
 */
function isTorn(bytes: Uint8Array, from: number, to: number): boolean {
  if (hasBlankSector(bytes, from, to)) return true;
  let end = bytes.length;
  while (end > from && bytes[end - 1] === 0) end--;
  return end < to;
}

/** Whether one of the sectors that [from, to) touches is all zero. */
function hasBlankSector(bytes: Uint8Array, from: number, to: number): boolean {
  const end = Math.min(to, bytes.length);
  for (let at = from - (from % SECTOR_BYTES); at < end; at += SECTOR_BYTES) {
    if (isBlankSector(bytes, at)) return true;
  }
  return false;
}
