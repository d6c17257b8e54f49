/**
 * What the journal knows of its own contents: for each group what a checkpoint says, and for each
 * segment which entries live in it. Changes only by what is durable (or was read back), so that a
 * checkpoint and the removal of a segment can be decided from it at any time.
 */
import { must } from '../base/assert.ts';
import type { GroupId } from '../base/ids.ts';
import type { SnapshotMark } from '../raft/effects.ts';
import type { HardState, Index } from '../raft/entry.ts';
import type { GroupSummary } from './record.ts';

/** Something a write changed, to be entered once it is durable. */
export type Change =
  | {
      readonly kind: 'entries';
      readonly group: GroupId;
      readonly first: Index;
      readonly last: Index;
      readonly bytes: number;
      readonly commit: Index;
    }
  | {
      /** Repeated from an older segment, which needs them no longer. */
      readonly kind: 'copied';
      readonly group: GroupId;
      readonly first: Index;
      readonly last: Index;
      readonly bytes: number;
    }
  | { readonly kind: 'hard-state'; readonly group: GroupId; readonly hardState: HardState }
  | { readonly kind: 'installed'; readonly group: GroupId; readonly mark: SnapshotMark }
  | { readonly kind: 'compacted'; readonly group: GroupId; readonly mark: SnapshotMark }
  | { readonly kind: 'commit'; readonly group: GroupId; readonly commit: Index }
  | { readonly kind: 'recovering'; readonly group: GroupId; readonly reason: string | null }
  | { readonly kind: 'forgotten'; readonly group: GroupId }
  /** A segment whose live entries were all copied. */
  | { readonly kind: 'emptied'; readonly segment: number };

/** Consecutive entries of a group in one segment. */
interface Range {
  first: Index;
  last: Index;
  bytes: number;
}

interface SegmentLedger {
  readonly bytes: number;
  /** See `setEnd`. */
  readonly end: number;
  readonly ranges: Map<GroupId, Range[]>;
}

interface GroupLedger {
  hardState: HardState;
  mark: SnapshotMark | null;
  commit: Index;
  last: Index;
  recovering: string | null;
}

/** Entries of one group that a segment must keep. */
export interface LiveRange {
  readonly group: GroupId;
  readonly first: Index;
  readonly last: Index;
}

/** The journal's table of contents. */
export class Ledger {
  readonly #groups = new Map<GroupId, GroupLedger>();
  /** In order of their numbers. */
  readonly #segments = new Map<number, SegmentLedger>();

  /** Numbers of all segments, oldest first. */
  get segments(): number[] {
    return [...this.#segments.keys()];
  }

  /** Bytes of all segment files. */
  get bytes(): number {
    let bytes = 0;
    for (const segment of this.#segments.values()) bytes += segment.bytes;
    return bytes;
  }

  /** Bytes of entries that no mark covers; an upper bound. */
  get liveBytes(): number {
    let bytes = 0;
    for (const { ranges } of this.#segments.values()) {
      for (const [group, list] of ranges) {
        const start = this.#start(group);
        for (const range of list) if (range.last >= start) bytes += range.bytes;
      }
    }
    return bytes;
  }

  /** A segment of `bytes` in all; keeps what is known to live in it. */
  addSegment(seq: number, bytes: number): void {
    const { ranges = new Map<GroupId, Range[]>(), end = 0 } = this.#segments.get(seq) ?? {};
    this.#segments.set(seq, { bytes, ranges, end });
  }

  /** The last frame of a segment that counts; what is behind it is void or damaged. */
  setEnd(seq: number, end: number): void {
    this.#segments.set(seq, { ...this.#segment(seq), end });
  }

  /** The last frame that counts. */
  endOf(seq: number): number {
    return this.#segment(seq).end;
  }

  removeSegment(seq: number): void {
    this.#segments.delete(seq);
  }

  has(group: GroupId): boolean {
    return this.#groups.has(group);
  }

  /** Every group as a checkpoint tells it, by number. */
  summaries(): GroupSummary[] {
    const groups = [...this.#groups.keys()].sort((left, right) => left - right);
    return groups.map((group) => this.summary(group));
  }

  /** One group as a checkpoint tells it. */
  summary(group: GroupId): GroupSummary {
    return { group, ...this.#group(group) };
  }

  /** What a checkpoint at the start of the oldest segment says. */
  adopt(summary: GroupSummary): void {
    const { group, ...rest } = summary;
    this.#groups.set(group, { ...rest });
  }

  /** Enters a change whose frames are in `segment`. */
  apply(change: Change, segment: number): void {
    switch (change.kind) {
      case 'entries':
        this.#entries(change, segment);
        break;
      case 'copied':
        this.#addRange(change, segment);
        break;
      case 'hard-state':
        this.#group(change.group).hardState = change.hardState;
        break;
      case 'installed':
        this.#cut(change.group, 0);
        this.#mark(change.group, change.mark);
        this.#group(change.group).last = change.mark.index;
        break;
      case 'compacted':
        this.#mark(change.group, change.mark);
        break;
      case 'commit':
        this.#commit(change.group, change.commit);
        break;
      case 'recovering':
        this.#group(change.group).recovering = change.reason;
        break;
      case 'forgotten':
        this.#cut(change.group, 0);
        this.#groups.delete(change.group);
        break;
      case 'emptied':
        this.#segments.get(change.segment)?.ranges.clear();
        break;
    }
  }

  /** What a segment holds that no mark covers and nothing replaced; empty when it can go. */
  live(segment: number): LiveRange[] {
    const live: LiveRange[] = [];
    const { ranges } = this.#segment(segment);
    for (const [group, list] of ranges) {
      const start = this.#start(group);
      for (const { first, last } of list) {
        if (last >= start) live.push({ group, first: Math.max(first, start), last });
      }
    }
    return live;
  }

  /** Whether a segment holds nothing that is needed. */
  isFree(segment: number): boolean {
    return this.live(segment).length === 0;
  }

  #entries(change: Extract<Change, { kind: 'entries' }>, segment: number): void {
    const { group, first, last } = change;
    const state = this.#group(group);
    if (first <= state.last) this.#cut(group, first);
    state.last = last;
    this.#commit(group, change.commit);
    this.#addRange(change, segment);
  }

  #addRange(change: Extract<Change, { first: Index }>, segment: number): void {
    const { group, first, last, bytes } = change;
    if (last < first) return;
    const { ranges } = this.#segment(segment);
    const list = ranges.get(group);
    const newest = list?.at(-1);
    if (list === undefined) ranges.set(group, [{ first, last, bytes }]);
    else if (newest !== undefined && newest.last + 1 === first) {
      newest.last = last;
      newest.bytes += bytes;
    } else list.push({ first, last, bytes });
  }

  /** Drops what is at `first` and after. */
  #cut(group: GroupId, first: Index): void {
    for (const { ranges } of this.#segments.values()) {
      const list = ranges.get(group);
      if (list === undefined) continue;
      for (const range of list) range.last = Math.min(range.last, first - 1);
      const kept = list.filter((range) => range.last >= range.first);
      if (kept.length === 0) ranges.delete(group);
      else ranges.set(group, kept);
    }
  }

  #mark(group: GroupId, mark: SnapshotMark): void {
    const state = this.#group(group);
    state.mark = mark;
    state.last = Math.max(state.last, mark.index);
    this.#commit(group, mark.index);
  }

  #commit(group: GroupId, commit: Index): void {
    const state = this.#group(group);
    if (commit > state.commit) state.commit = commit;
  }

  /** First index that the group's mark does not cover; nothing of an unknown group is needed. */
  #start(group: GroupId): Index {
    const state = this.#groups.get(group);
    return state === undefined ? Number.POSITIVE_INFINITY : (state.mark?.index ?? 0) + 1;
  }

  #segment(seq: number): SegmentLedger {
    return must(this.#segments.get(seq), () => `no segment ${seq}`);
  }

  #group(group: GroupId): GroupLedger {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const state: GroupLedger = {
      hardState: { term: 0, vote: null },
      mark: null,
      commit: 0,
      last: 0,
      recovering: null,
    };
    this.#groups.set(group, state);
    return state;
  }
}
