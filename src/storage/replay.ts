import type { GroupId } from '../base/ids.ts';
import type { Index } from '../raft/entry.ts';
import { type Frame, FRAME_COPIED, frameBytes } from './frame.ts';
import { GroupLog } from './group-log.ts';
import type { Ledger } from './ledger.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeCommitHints,
  decodeEntries,
  decodeHardState,
  decodeMark,
  decodeRecovering,
} from './record.ts';

/** Builds groups and the ledger from frames in the order they were written. */
export class Replay {
  readonly ledger: Ledger;
  readonly logs: Map<GroupId, GroupLog> = new Map();
  /** Groups whose last word is that they are forgotten. */
  readonly forgotten: Set<GroupId> = new Set();
  /** Groups that lost something no entry shows. */
  readonly damaged: Map<GroupId, string> = new Map();
  /** Groups whose newest term or vote was lost. */
  readonly voteLost: Set<GroupId> = new Set();

  constructor(ledger: Ledger) {
    this.ledger = ledger;
  }

  /** Carries out a whole frame that lies, or will lie, in `segment`. */
  apply(frame: Frame, payload: Uint8Array, segment: number): void {
    const { group } = frame;
    const { ledger } = this;
    switch (frame.kind) {
      case 'entries':
        this.#entries(frame, payload, segment);
        break;
      case 'hard-state': {
        const { commit, hardState } = decodeHardState(payload, frame.term);
        this.#log(group);
        this.voteLost.delete(group);
        ledger.apply({ kind: 'hard-state', group, hardState }, segment);
        ledger.apply({ kind: 'commit', group, commit }, segment);
        break;
      }
      case 'installed':
        this.#log(group).reset(frame.first);
        ledger.apply({ kind: 'installed', group, mark: decodeMark(payload, frame) }, segment);
        break;
      case 'compacted':
        this.#log(group).forget(frame.first);
        ledger.apply({ kind: 'compacted', group, mark: decodeMark(payload, frame) }, segment);
        break;
      case 'recovering':
        this.#log(group);
        this.damaged.delete(group);
        ledger.apply({ kind: 'recovering', group, reason: decodeRecovering(payload) }, segment);
        break;
      case 'forgotten':
        this.#forget(group);
        ledger.apply({ kind: 'forgotten', group }, segment);
        break;
      case 'checkpoint':
        this.#checkpoint(decodeCheckpoint(payload));
        break;
      case 'durable-mark':
        for (const hint of decodeCommitHints(payload)) {
          if (ledger.has(hint.group)) ledger.apply({ kind: 'commit', ...hint }, segment);
        }
        break;
      case 'pad':
        break;
    }
  }

  /** Notes a frame whose header can be read and whose payload cannot; returns what it costs. */
  lose(frame: Frame, segment: number): string {
    const { group, first, count, term } = frame;
    switch (frame.kind) {
      case 'entries':
        return this.#loseEntries(frame, segment);
      case 'hard-state': {
        this.#log(group);
        const { hardState } = this.ledger.summary(group);
        this.voteLost.add(group);
        const lost = { term: Math.max(term, hardState.term), vote: null };
        this.ledger.apply({ kind: 'hard-state', group, hardState: lost }, segment);
        return `the vote of group ${group} in term ${term}`;
      }
      case 'installed':
        this.#log(group).reset(first);
        this.damaged.set(group, `the record of a snapshot at entry ${first} is damaged`);
        return `the snapshot record of group ${group} at entry ${first}`;
      case 'recovering':
      case 'forgotten':
        this.#log(group);
        this.damaged.set(group, `a ${frame.kind} record is damaged`);
        return `a ${frame.kind} record of group ${group}`;
      case 'compacted':
      case 'checkpoint':
      case 'durable-mark':
      case 'pad':
        return `nothing that is not elsewhere too (a ${frame.kind} frame, ${count} entries)`;
    }
  }

  #entries(frame: Frame, payload: Uint8Array, segment: number): void {
    const { group, first, count } = frame;
    const { commit, entries } = decodeEntries(payload, frame);
    const log = this.#log(group);
    const range = { group, first, last: first + count - 1, bytes: frameBytes(frame.length) };
    if ((frame.flags & FRAME_COPIED) === 0) {
      log.put(first, entries);
      this.ledger.apply({ kind: 'entries', ...range, commit }, segment);
    } else {
      log.fill(entries);
      this.ledger.apply({ kind: 'copied', ...range }, segment);
    }
  }

  #loseEntries(frame: Frame, segment: number): string {
    const { group, first, count, term } = frame;
    const last: Index = first + count - 1;
    if ((frame.flags & FRAME_COPIED) === 0) {
      this.#log(group).lose(first, count);
      const range = { group, first, last, bytes: frameBytes(frame.length), commit: 0 };
      this.ledger.apply({ kind: 'entries', ...range }, segment);
    }
    return `entries ${first} to ${last} of term ${term} of group ${group}`;
  }

  /** A checkpoint repeats everything that goes before it: it is right where it differs. */
  #checkpoint(checkpoint: Checkpoint): void {
    const named = new Set<GroupId>();
    for (const summary of checkpoint.groups) {
      const { group, last, mark } = summary;
      named.add(group);
      this.forgotten.delete(group);
      this.voteLost.delete(group);
      this.ledger.adopt(summary);
      const log = this.logs.get(group) ?? new GroupLog(last);
      this.logs.set(group, log);
      log.endAt(last);
      log.forget(mark?.index ?? 0);
    }
    for (const { group } of this.ledger.summaries()) {
      if (named.has(group)) continue;
      this.#forget(group);
      this.ledger.apply({ kind: 'forgotten', group }, 0);
    }
  }

  #forget(group: GroupId): void {
    this.logs.delete(group);
    this.damaged.delete(group);
    this.voteLost.delete(group);
    this.forgotten.add(group);
  }

  #log(group: GroupId): GroupLog {
    this.forgotten.delete(group);
    const known = this.logs.get(group);
    if (known !== undefined) return known;
    const log = new GroupLog(0);
    this.logs.set(group, log);
    return log;
  }
}
