import { assert } from '../base/assert.ts';
import type { GroupId } from '../base/ids.ts';
import type { Write } from '../raft/effects.ts';
import type { Entry, HardState, Index } from '../raft/entry.ts';
import type { FrameWriter } from './frame-writer.ts';
import {
  FRAME_COPIED,
  FRAME_HEADER_BYTES,
  FRAME_PAYLOAD_BYTES_GOAL,
  type FrameKind,
  NODE_FRAME,
} from './frame.ts';
import type { Change } from './ledger.ts';
import {
  assertTerm,
  type Checkpoint,
  type CommitHint,
  encodeCheckpoint,
  encodeCommitHints,
  encodeEntry,
  encodeHardState,
  encodeMark,
  encodeRecovering,
} from './record.ts';
import type { MovedFrame } from './recover.ts';

/**
 * Frames of a raft write, in the order that every prefix of them is a state that may be found. So a
 * frame tells no commit of what only later frames bring: a crash may leave it alone with entries
 * that were never committed, and that these were to replace.
 */
export function writeFrames(
  out: FrameWriter,
  group: GroupId,
  write: Write,
  changes: Change[],
): void {
  const { hardState, installed, entries, compacted, commit } = write;
  if (hardState !== null) {
    const first = entries[0]?.index ?? Number.POSITIVE_INFINITY;
    const known = installed === null ? Math.min(commit, first - 1) : 0;
    writeHardState(out, { group, hardState, commit: known });
    changes.push({ kind: 'hard-state', group, hardState });
  }
  if (installed !== null) writeChange(out, { kind: 'installed', group, mark: installed }, changes);
  if (entries.length > 0) writeEntries(out, { group, entries, commit, flags: 0 }, changes);
  else if (commit > 0) changes.push({ kind: 'commit', group, commit });
  if (compacted !== null) writeChange(out, { kind: 'compacted', group, mark: compacted }, changes);
}

/** The frame of a change that is not the entries of a write, and the change itself. */
export function writeChange(out: FrameWriter, change: Change, changes: Change[]): void {
  changes.push(change);
  switch (change.kind) {
    case 'hard-state':
      writeHardState(out, { ...change, commit: 0 });
      break;
    case 'installed':
    case 'compacted': {
      const { kind, group, mark } = change;
      assertTerm(mark.term);
      const name = { kind, flags: 0, group, first: mark.index, term: mark.term, count: 0 };
      encodeMark(out.begin(name), mark);
      out.end();
      break;
    }
    case 'recovering':
      encodeRecovering(out.begin(named('recovering', change.group)), change.reason);
      out.end();
      break;
    case 'forgotten':
      out.begin(named('forgotten', change.group));
      out.end();
      break;
    case 'entries': {
      assert(change.last < change.first, () => 'only a truncation has no entries to write');
      const { group, first } = change;
      out.begin({ kind: 'entries', flags: 0, group, first, term: 0, count: 0 }).varint(0);
      out.end();
      break;
    }
    case 'copied':
    case 'commit':
    case 'emptied':
      break;
  }
}

/** Entries for the log, or (`FRAME_COPIED`) repeated from an older segment. */
export interface EntriesToWrite {
  readonly group: GroupId;
  readonly entries: readonly Entry[];
  readonly commit: Index;
  readonly flags: number;
}

/** Entries frames: one per term, and a new one after about a megabyte. */
export function writeEntries(out: FrameWriter, write: EntriesToWrite, changes: Change[]): void {
  const { group, entries, commit, flags } = write;
  let at = 0;
  while (at < entries.length) {
    const head = entries[at];
    if (head === undefined) break;
    assertTerm(head.term);
    const { index: first, term } = head;
    const payload = out.begin({ kind: 'entries', flags, group, first, term, count: 0 });
    payload.varint(Math.min(commit, first - 1));
    const start = at;
    for (; at < entries.length; at++) {
      const entry = entries[at];
      if (entry === undefined || entry.term !== term) break;
      assert(entry.index === first + at - start, () => `entry ${entry.index} is out of order`);
      if (at > start && out.payloadBytes + entry.data.length > FRAME_PAYLOAD_BYTES_GOAL) break;
      encodeEntry(payload, entry);
    }
    const bytes = out.payloadBytes + FRAME_HEADER_BYTES;
    out.end(at - start);
    const range = { group, first, last: first + at - start - 1, bytes };
    if ((flags & FRAME_COPIED) !== 0) changes.push({ kind: 'copied', ...range });
    else changes.push({ kind: 'entries', ...range, commit });
  }
}

/** A frame of an older segment, to the byte. */
export function writeMoved(out: FrameWriter, { frame, payload }: MovedFrame): void {
  const { kind, group, first, term, count } = frame;
  out.begin({ kind, flags: frame.flags & FRAME_COPIED, group, first, term, count }).raw(payload);
  out.end();
}

/** What a segment starts with. */
export function writeCheckpoint(out: FrameWriter, checkpoint: Checkpoint): void {
  encodeCheckpoint(out.begin(named('checkpoint', NODE_FRAME)), checkpoint);
  out.end();
}

/** Says how far the journal is durable, and how far groups are committed. */
export function writeDurableMark(out: FrameWriter, hints: readonly CommitHint[]): void {
  encodeCommitHints(out.begin(named('durable-mark', NODE_FRAME)), hints);
  out.end();
}

function writeHardState(
  out: FrameWriter,
  write: { readonly group: GroupId; readonly hardState: HardState; readonly commit: Index },
): void {
  const { group, hardState, commit } = write;
  assertTerm(hardState.term);
  const name = { kind: 'hard-state' as const, flags: 0, group, first: 0, count: 0 };
  encodeHardState(out.begin({ ...name, term: hardState.term }), hardState.vote, commit);
  out.end();
}

function named(
  kind: FrameKind,
  group: number,
): {
  readonly kind: FrameKind;
  readonly flags: number;
  readonly group: number;
  readonly first: number;
  readonly term: number;
  readonly count: number;
} {
  return { kind, flags: 0, group, first: 0, term: 0, count: 0 };
}
