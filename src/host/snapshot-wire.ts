import { ByteReader, ByteWriter, decodeText, encodeText } from '../base/bytes.ts';
import type { Config } from '../raft/config.ts';
import type { SnapshotMark } from '../raft/effects.ts';

const VERSION = 1;

/** A piece of a snapshot on its way to a follower; an empty piece asks where to begin. */
export interface SnapshotPiece {
  readonly mark: SnapshotMark;
  /** SHA-256 of the whole, hexadecimal. */
  readonly hash: string;
  /** Bytes of the whole. */
  readonly size: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What a follower says to a piece. */
export type SnapshotAnswer =
  /** Go on from here. */
  | { readonly kind: 'continue'; readonly offset: number }
  /** Everything this snapshot holds is durable there. */
  | { readonly kind: 'installed' }
  /** Not wanted, or not usable. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Bytes of a piece. */
export function encodePiece(piece: SnapshotPiece): Uint8Array {
  return new ByteWriter(piece.bytes.length + 1024)
    .u8(VERSION)
    .u53(piece.mark.index)
    .u53(piece.mark.term)
    .blob(encodeText(JSON.stringify(piece.mark.config)))
    .text(piece.hash)
    .u53(piece.size)
    .u53(piece.offset)
    .blob(piece.bytes)
    .copy();
}

/** A piece; null when the bytes are not one. */
export function decodePiece(body: Uint8Array): SnapshotPiece | null {
  const reader = new ByteReader(body);
  if (reader.u8() !== VERSION) return null;
  const index = reader.u53();
  const term = reader.u53();
  const config = parseConfig(reader.blob());
  const hash = reader.text();
  const size = reader.u53();
  const offset = reader.u53();
  const bytes = reader.blob();
  if (reader.failed || config === null || !/^[0-9a-f]{64}$/.test(hash)) return null;
  return { mark: { index, term, config }, hash, size, offset, bytes };
}

/** Bytes of an answer. */
export function encodeAnswer(answer: SnapshotAnswer): Uint8Array {
  return encodeText(JSON.stringify(answer));
}

/** An answer; anything unknown reads as a refusal. */
export function decodeAnswer(body: Uint8Array): SnapshotAnswer {
  try {
    const answer = JSON.parse(decodeText(body)) as Partial<Record<string, unknown>>;
    const offset = answer['offset'];
    if (answer['kind'] === 'continue' && typeof offset === 'number') {
      return { kind: 'continue', offset };
    }
    if (answer['kind'] === 'installed') return { kind: 'installed' };
    return { kind: 'refused', reason: String(answer['reason']) };
  } catch {
    return { kind: 'refused', reason: 'the answer cannot be understood' };
  }
}

function parseConfig(bytes: Uint8Array): Config | null {
  try {
    const config = JSON.parse(decodeText(bytes)) as Partial<Config>;
    const lists = [config.voters, config.votersOutgoing, config.learners, config.learnersNext];
    const usable = lists.every(Array.isArray) && Array.isArray(config.members);
    return usable ? (config as Config) : null;
  } catch {
    return null;
  }
}
