/**
 * Segment files: `<16 hexadecimal digits>.seg`, numbered without gaps, filled with zeros before
 * they get their name, never recycled. Block 0 is the header, frames follow it.
 */
import { ByteReader, ByteWriter, equalBytes } from '../base/bytes.ts';
import { QuorliteError } from '../base/errors.ts';
import type { ClusterId, Incarnation, NodeId } from '../base/ids.ts';
import { checksum } from './crc.ts';
import type { Disk, DiskFile } from './disk.ts';
import { isBlank } from './frame.ts';

/** Block 0 of a segment. */
export const SEGMENT_HEADER_BYTES = 4096;
/** Room for a header, a checkpoint and a frame. */
export const SEGMENT_BYTES_MIN = 8192;
/** Sizes are multiples of a page. */
export const SEGMENT_BYTES_UNIT = 4096;

/** Format of segments and their frames. */
export const JOURNAL_VERSION = 1;

const MAGIC = Uint8Array.from([0x71, 0x75, 0x6f, 0x72, 0x6c, 0x73, 0x65, 0x67]); // quorlseg
const CRC_AT = SEGMENT_HEADER_BYTES - 4;
const CLUSTER_BYTES = 16;
const INCARNATION_BYTES = 8;
const NAME = /^[0-9a-f]{16}\.seg$/;

/** Zeros are written in pieces of this size. */
export const ZERO_CHUNK_BYTES: number = 1024 * 1024;
let zeroChunk: Uint8Array | null = null;

/** Whose files they are; checked whenever one is read. */
export interface Identity {
  /** Null until the node belongs to a cluster. */
  readonly cluster: ClusterId | null;
  readonly node: NodeId;
  readonly incarnation: Incarnation;
}

/** Block 0 as read. */
export interface SegmentHeader {
  readonly seq: number;
  /** Size of the file. */
  readonly bytes: number;
  readonly identity: Identity;
  /** Calendar milliseconds, for people. */
  readonly createdAt: number;
  /** Makes frames of this segment invalid in every other one: the header's own checksum. */
  readonly salt: number;
}

/** A segment that can be written to. */
export interface OpenSegment {
  readonly seq: number;
  readonly bytes: number;
  readonly salt: number;
  readonly file: DiskFile;
}

/** The file name of a segment. */
export function segmentName(seq: number): string {
  return `${seq.toString(16).padStart(16, '0')}.seg`;
}

/** The number in a segment's file name, or null when it is not one. */
export function segmentSeq(name: string): number | null {
  return NAME.test(name) ? Number.parseInt(name.slice(0, 16), 16) : null;
}

/** Block 0 of a new segment and the salt it gives its frames. */
export function encodeSegmentHeader(header: Omit<SegmentHeader, 'salt'>): {
  readonly block: Uint8Array;
  readonly salt: number;
} {
  const out = new ByteWriter(SEGMENT_HEADER_BYTES);
  out.raw(MAGIC).u32(JOURNAL_VERSION).u32(SEGMENT_HEADER_BYTES);
  out.u53(header.seq).u53(header.bytes).u53(Math.floor(header.createdAt));
  const { cluster, incarnation, node } = header.identity;
  out.raw(fromHex(cluster ?? '', CLUSTER_BYTES)).raw(fromHex(incarnation, INCARNATION_BYTES));
  out.text(node);
  const block = new Uint8Array(SEGMENT_HEADER_BYTES);
  block.set(out.view());
  const salt = checksum(block.subarray(0, CRC_AT));
  new DataView(block.buffer).setUint32(CRC_AT, salt, true);
  return { block, salt };
}

/**
 * Reads block 0; null when its bytes are not what was written.
 *
 * @throws {QuorliteError} `wrong-version` when a newer quorlite wrote it
 */
export function decodeSegmentHeader(block: Uint8Array): SegmentHeader | null {
  if (block.length < SEGMENT_HEADER_BYTES) return null;
  const view = new DataView(block.buffer, block.byteOffset, SEGMENT_HEADER_BYTES);
  const salt = view.getUint32(CRC_AT, true);
  if (checksum(block.subarray(0, CRC_AT)) !== salt) return null;
  const reader = new ByteReader(block);
  if (!equalBytes(reader.raw(MAGIC.length), MAGIC)) return null;
  const version = reader.u32();
  if (version !== JOURNAL_VERSION) {
    throw new QuorliteError(
      'wrong-version',
      `Cannot read the journal: it has format ${version}, this quorlite reads ${JOURNAL_VERSION}`,
    );
  }
  reader.u32();
  const seq = reader.u53();
  const bytes = reader.u53();
  const createdAt = reader.u53();
  const cluster = toHex(reader.raw(CLUSTER_BYTES));
  const incarnation = toHex(reader.raw(INCARNATION_BYTES));
  const node = reader.text();
  if (reader.failed) return null;
  const known = /[^0]/.test(cluster) ? cluster : null;
  return { seq, bytes, createdAt, salt, identity: { cluster: known, node, incarnation } };
}

/** Refuses a file that another data directory or cluster wrote. */
export function checkIdentity(what: string, found: Identity, own: Identity): void {
  if (found.incarnation !== own.incarnation || found.node !== own.node) {
    throw new QuorliteError(
      'wrong-incarnation',
      `Cannot use ${what}: it was written by node ${found.node} (${found.incarnation}), ` +
        `this data directory belongs to node ${own.node} (${own.incarnation})`,
    );
  }
  if (found.cluster !== null && own.cluster !== null && found.cluster !== own.cluster) {
    throw new QuorliteError(
      'wrong-cluster',
      `Cannot use ${what}: it belongs to cluster ${found.cluster}, not ${own.cluster}`,
    );
  }
}

/** What a new segment is to be. */
export interface SegmentPlan {
  readonly directory: string;
  readonly seq: number;
  readonly bytes: number;
  readonly identity: Identity;
  readonly createdAt: number;
}

/** Makes a segment at once, durable under its final name. */
export function createSegment(disk: Disk, plan: SegmentPlan): OpenSegment {
  const path = `${plan.directory}/${segmentName(plan.seq)}`;
  const temporary = `${path}.now.tmp`;
  if (disk.exists(temporary)) disk.remove(temporary);
  const file = disk.open(temporary, 'create');
  try {
    const { block, salt } = encodeSegmentHeader(plan);
    file.write(block, 0);
    for (let at = block.length; at < plan.bytes;) at += writeZeros(file, at, plan.bytes);
    file.sync();
    disk.rename(temporary, path);
    disk.syncDirectory(plan.directory);
    return { seq: plan.seq, bytes: plan.bytes, salt, file };
  } catch (error) {
    file.close();
    if (disk.exists(temporary)) disk.remove(temporary);
    throw error;
  }
}

/** Writes the next piece of zeros from `at`; returns how many. */
export function writeZeros(file: DiskFile, at: number, end: number): number {
  zeroChunk ??= new Uint8Array(ZERO_CHUNK_BYTES);
  const count = Math.min(ZERO_CHUNK_BYTES, end - at);
  file.write(zeroChunk.subarray(0, count), at);
  return count;
}

/** Whether nothing was ever written behind the header. */
export function isUnused(bytes: Uint8Array): boolean {
  return isBlank(bytes, SEGMENT_HEADER_BYTES, bytes.length);
}

function fromHex(hex: string, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at++) {
    out[at] = Number.parseInt(hex.slice(at * 2, at * 2 + 2) || '0', 16);
  }
  return out;
}

function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
