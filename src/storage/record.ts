/**
 * Payloads of frames, to the byte (docs/formats.md). Encoders write to the payload of a frame that
 * is being written; decoders get a payload whose checksum was right, so a payload that does not
 * decode was written by another version or by mistake, and is an error.
 */
import { assert } from '../base/assert.ts';
import { ByteReader, type ByteWriter } from '../base/bytes.ts';
import { QuorliteError } from '../base/errors.ts';
import type { GroupId } from '../base/ids.ts';
import type { SnapshotMark } from '../raft/effects.ts';
import type { Entry, EntryKind, HardState, Index } from '../raft/entry.ts';
import { decodeConfig, encodeConfig } from './config-json.ts';

const ENTRY_KINDS: readonly EntryKind[] = ['normal', 'config', 'noop'];
const CHECKPOINT_VERSION = 1;

const HAS_VOTE = 1;
const HAS_MARK = 2;
const IS_RECOVERING = 4;

/** What the journal remembers of a group beside its entries. */
export interface GroupSummary {
  readonly group: GroupId;
  readonly hardState: HardState;
  readonly mark: SnapshotMark | null;
  readonly commit: Index;
  /** Index of the last entry, or of the mark when there is none after it. */
  readonly last: Index;
  /** Why acknowledged entries may be missing, or null. */
  readonly recovering: string | null;
}

/** First frame of a segment: reading can start here. */
export interface Checkpoint {
  /**
   * Frames of older segments count up to this frameSeq. Those between it and the checkpoint's own
   * were not known durable at a restart and are repeated after the checkpoint.
   */
  readonly previousEnd: number;
  /** The segment with that frame, 0 when there is none. Segments between it and this are void. */
  readonly previousSegment: number;
  readonly groups: readonly GroupSummary[];
}

/** A commit index that a group is known to have reached. */
export interface CommitHint {
  readonly group: GroupId;
  readonly commit: Index;
}

/** One entry; its index and term are in the frame's header. */
export function encodeEntry(out: ByteWriter, entry: Entry): void {
  out.u8(ENTRY_KINDS.indexOf(entry.kind)).blob(entry.data);
}

/**
 * The entries of an Entries frame and the commit index before them. `data` are views of `payload`.
 */
export function decodeEntries(
  payload: Uint8Array,
  header: { readonly first: Index; readonly term: number; readonly count: number },
): { readonly commit: Index; readonly entries: Entry[] } {
  const reader = new ByteReader(payload);
  const commit = reader.varint();
  const entries: Entry[] = [];
  for (let at = 0; at < header.count && !reader.failed; at++) {
    const kind = ENTRY_KINDS[reader.u8()];
    if (kind === undefined) throw unreadable('entries');
    entries.push({ index: header.first + at, term: header.term, kind, data: reader.blob() });
  }
  finish(reader, 'entries');
  return { commit, entries };
}

/** The vote and the commit index; the term is in the header. */
export function encodeHardState(out: ByteWriter, vote: string | null, commit: Index): void {
  out.varint(commit).u8(vote === null ? 0 : HAS_VOTE);
  if (vote !== null) out.text(vote);
}

/** The other way; throws `corrupt` like every decoder here. */
export function decodeHardState(
  payload: Uint8Array,
  term: number,
): { readonly commit: Index; readonly hardState: HardState } {
  const reader = new ByteReader(payload);
  const commit = reader.varint();
  const vote = (reader.u8() & HAS_VOTE) === 0 ? null : reader.text();
  finish(reader, 'hard state');
  return { commit, hardState: { term, vote } };
}

/** The configuration at a mark; index and term are in the header. */
export function encodeMark(out: ByteWriter, mark: SnapshotMark): void {
  out.blob(encodeConfig(mark.config));
}

/** The other way. */
export function decodeMark(
  payload: Uint8Array,
  header: { readonly first: Index; readonly term: number },
): SnapshotMark {
  const reader = new ByteReader(payload);
  const config = decodeConfig(reader.blob());
  finish(reader, 'mark');
  return { index: header.first, term: header.term, config };
}

/** Empty when the group is whole again. */
export function encodeRecovering(out: ByteWriter, reason: string | null): void {
  out.text(reason ?? '');
}

/** The other way: null when the group is whole again. */
export function decodeRecovering(payload: Uint8Array): string | null {
  const reader = new ByteReader(payload);
  const reason = reader.text();
  finish(reader, 'recovering');
  return reason === '' ? null : reason;
}

/** Commit indexes in a durable mark. */
export function encodeCommitHints(out: ByteWriter, hints: readonly CommitHint[]): void {
  out.varint(hints.length);
  for (const { group, commit } of hints) out.varint(group).varint(commit);
}

/** The other way. */
export function decodeCommitHints(payload: Uint8Array): CommitHint[] {
  const reader = new ByteReader(payload);
  const hints: CommitHint[] = [];
  for (let left = reader.varint(); left > 0 && !reader.failed; left--) {
    hints.push({ group: reader.varint(), commit: reader.varint() });
  }
  finish(reader, 'commit hints');
  return hints;
}

/** Everything a segment needs to know of the older ones. */
export function encodeCheckpoint(out: ByteWriter, checkpoint: Checkpoint): void {
  const { previousEnd, previousSegment, groups } = checkpoint;
  out.u16(CHECKPOINT_VERSION).u53(previousEnd).u53(previousSegment).varint(groups.length);
  for (const summary of groups) encodeSummary(out, summary);
}

/** The other way; also throws `wrong-version` when a newer quorlite wrote it. */
export function decodeCheckpoint(payload: Uint8Array): Checkpoint {
  const reader = new ByteReader(payload);
  const version = reader.u16();
  if (version > CHECKPOINT_VERSION) {
    throw new QuorliteError(
      'wrong-version',
      `Cannot read the journal: a checkpoint has version ${version}, newer than this quorlite's`,
    );
  }
  const previousEnd = reader.u53();
  const previousSegment = reader.u53();
  const groups: GroupSummary[] = [];
  for (let left = reader.varint(); left > 0 && !reader.failed; left--) {
    groups.push(decodeSummary(reader));
  }
  finish(reader, 'checkpoint');
  return { previousEnd, previousSegment, groups };
}

function encodeSummary(out: ByteWriter, summary: GroupSummary): void {
  const { hardState, mark, recovering } = summary;
  const vote = hardState.vote === null ? 0 : HAS_VOTE;
  const marked = mark === null ? 0 : HAS_MARK;
  out.varint(summary.group).u8(vote | marked | (recovering === null ? 0 : IS_RECOVERING));
  out.varint(hardState.term).varint(summary.commit).varint(summary.last);
  if (hardState.vote !== null) out.text(hardState.vote);
  if (mark !== null) out.varint(mark.index).varint(mark.term).blob(encodeConfig(mark.config));
  if (recovering !== null) out.text(recovering);
}

function decodeSummary(reader: ByteReader): GroupSummary {
  const group = reader.varint();
  const flags = reader.u8();
  const term = reader.varint();
  const commit = reader.varint();
  const last = reader.varint();
  const vote = (flags & HAS_VOTE) === 0 ? null : reader.text();
  const mark = (flags & HAS_MARK) === 0 ? null : readMark(reader);
  const recovering = (flags & IS_RECOVERING) === 0 ? null : reader.text();
  return { group, hardState: { term, vote }, mark, commit, last, recovering };
}

function readMark(reader: ByteReader): SnapshotMark {
  const index = reader.varint();
  const term = reader.varint();
  const config = reader.blob();
  if (reader.failed) throw unreadable('checkpoint');
  return { index, term, config: decodeConfig(config) };
}

function finish(reader: ByteReader, what: string): void {
  if (reader.failed || reader.left !== 0) throw unreadable(what);
}

function unreadable(what: string): QuorliteError {
  return new QuorliteError('corrupt', `Cannot read a journal frame: its ${what} do not decode`);
}

/** Terms have four bytes in a header. */
export function assertTerm(term: number): void {
  assert(term >= 0 && term <= 0xffffffff, () => `term ${term} does not fit in 32 bits`);
}
