import type { GroupId } from '../base/ids.ts';
import type { Entry, Index } from '../raft/entry.ts';
import type { Disk } from './disk.ts';
import { writeEntries } from './encode.ts';
import type { FrameWriter } from './frame-writer.ts';
import { FRAME_COPIED, readPayload } from './frame.ts';
import type { Change, Ledger } from './ledger.ts';
import { decodeEntries } from './record.ts';
import { isWhole, scanSegment } from './scan.ts';
import { decodeSegmentHeader, segmentName } from './segment.ts';

/** Segments together may have this many times the bytes that are needed. */
const PINNED_MAX = 4;

/** Whether slow groups pin so many segments that their entries should move. */
export function pinsTooMuch(ledger: Ledger, segmentBytes: number): boolean {
  const ideal = ledger.liveBytes + segmentBytes;
  return ledger.bytes > PINNED_MAX * ideal;
}

/**
 * Repeats the oldest segment's live entries at the end of the journal, so that the segment can go.
 * Returns false when something in it cannot be read any more: then it stays where it is, and the
 * next start judges it.
 *
 * What is repeated must be what counts: `changes` are on their way before it and may have replaced
 * some. Replay takes a repeated entry where it knows none, so one too many would come back to life.
 */
export function copyForward(
  place: { readonly disk: Disk; readonly directory: string; readonly segment: number },
  ledger: Ledger,
  out: FrameWriter,
  changes: Change[],
): boolean {
  const { disk, directory, segment } = place;
  const bytes = disk.readAll(`${directory}/${segmentName(segment)}`);
  const header = decodeSegmentHeader(bytes);
  if (header === null) return false;
  const logs = readEntries(bytes, header.salt, ledger.endOf(segment));
  if (logs === null) return false;
  const limits = replacedFrom(changes);
  for (const { group, first, last } of ledger.live(segment)) {
    const end = Math.min(last, (limits.get(group) ?? Number.POSITIVE_INFINITY) - 1);
    const log = logs.get(group);
    const entries: Entry[] = [];
    for (let index = first; index <= end; index++) {
      const entry = log?.get(index);
      if (entry === undefined) return false;
      entries.push(entry);
    }
    writeEntries(out, { group, entries, commit: 0, flags: FRAME_COPIED }, changes);
  }
  changes.push({ kind: 'emptied', segment });
  return true;
}

/**
 * By group and index, the newest version of each entry in the frames of a segment up to `end`; null
 * when one of them is damaged or missing. What is behind them, a crash may have torn.
 */
function readEntries(
  bytes: Uint8Array,
  salt: number,
  end: number,
): Map<GroupId, Map<Index, Entry>> | null {
  const logs = new Map<GroupId, Map<Index, Entry>>();
  let lastSeq = 0;
  for (const piece of scanSegment(bytes, salt).pieces) {
    if (lastSeq === end) break;
    if (piece.kind === 'damage' || !isWhole(piece)) return null;
    const { frame } = piece;
    lastSeq = frame.seq;
    if (frame.kind !== 'entries') continue;
    const log = logs.get(frame.group) ?? new Map<Index, Entry>();
    logs.set(frame.group, log);
    const copied = (frame.flags & FRAME_COPIED) !== 0;
    for (const entry of decodeEntries(readPayload(bytes, frame), frame).entries) {
      if (!copied || !log.has(entry.index)) log.set(entry.index, entry);
    }
  }
  return lastSeq === end ? logs : null;
}

/** By group, the index from which writes on their way replace the log. */
function replacedFrom(changes: readonly Change[]): Map<GroupId, Index> {
  const limits = new Map<GroupId, Index>();
  for (const change of changes) {
    if (change.kind === 'entries') {
      const known = limits.get(change.group) ?? Number.POSITIVE_INFINITY;
      limits.set(change.group, Math.min(known, change.first));
    } else if (change.kind === 'installed' || change.kind === 'forgotten') {
      limits.set(change.group, 0);
    }
  }
  return limits;
}
