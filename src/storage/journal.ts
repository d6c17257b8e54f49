/**
 * The journal: one sequence of frames on disk for all groups of a node. What must hold:
 *
 * - What `done` stands for is durable, and so is everything appended before it.
 * - A sector with acknowledged bytes is never written again: flush groups end at a sector.
 * - At most one sync is under way, and nothing is written beside it: a valid frame proves that
 *   every earlier flush group was durable, which is what recovery rests on.
 * - After any error of a write or sync nothing is acknowledged and nothing is synced again: the
 *   next sync may report success with the data lost (fsyncgate, LWN 752063). The owner stops the
 *   node.
 *
 * Formats: docs/formats.md. Reasons: DESIGN.md beside this file.
 */
import type { Timer } from '../base/clock.ts';
import { QuorliteError } from '../base/errors.ts';
import type { ClusterId, GroupId } from '../base/ids.ts';
import type { Write } from '../raft/effects.ts';
import type { RecoveredGroup } from './conclude.ts';
import { copyForward, pinsTooMuch } from './copy-forward.ts';
import { writeChange, writeCheckpoint, writeDurableMark, writeFrames } from './encode.ts';
import { FrameWriter } from './frame-writer.ts';
import type { JournalOptions, JournalStatus } from './journal-options.ts';
import type { Change, Ledger } from './ledger.ts';
import type { MetaFile } from './meta.ts';
import { type OpenedJournal, openJournal } from './open-journal.ts';
import type { CommitHint } from './record.ts';
import type { RecoveryReport } from './report.ts';
import { Retirement } from './retirement.ts';
import { type Identity, type OpenSegment, SEGMENT_HEADER_BYTES } from './segment.ts';
import type { Spares } from './spares.ts';
import { SyncPolicy } from './sync-policy.ts';

/** For who asks how a node under load syncs. */
const MANY_ENTRIES = 64;

/** How long the journal is idle before it says so on disk. */
const IDLE_MS = 20;

export { JOURNAL_DEFAULTS } from './journal-options.ts';
export type { JournalOptions, JournalStatus } from './journal-options.ts';

/** What goes to disk with one sync. */
interface Flush {
  readonly changes: Change[];
  readonly dones: (() => void)[];
  entries: number;
}

/** The journal of a node. Not reentrant from `onFatal`; `done` callbacks may append and flush. */
export class Journal {
  readonly #options: JournalOptions;
  readonly #ledger: Ledger;
  readonly #meta: MetaFile;
  readonly #spares: Spares;
  readonly #retirement: Retirement;
  readonly #policy: SyncPolicy;
  readonly #writer = new FrameWriter();
  /** Checkpoints and marks: frames that go beside what `append` collects. */
  readonly #ownWriter = new FrameWriter();

  #identity: Identity;
  #active: OpenSegment;
  /** Where the next flush group goes in the active segment. */
  #tail: number;
  /** First byte that was written and not synced, or null. */
  #unsyncedFrom: number | null = null;
  #lastSeq: number;
  #durableSeq: number;
  #chain: number;

  #pending: Flush = { changes: [], dones: [], entries: 0 };
  #state: 'open' | 'failed' | 'closed' = 'open';
  /** A sync is under way, or `done` callbacks are being called. */
  #busy = false;
  #wanted = false;
  #closing = false;
  /** A mark moved or a segment was begun: segments may be free now. */
  #collect = true;
  #metaStale = false;

  #idleTimer: Timer | null = null;
  #activity = 0;
  #markedSeq: number;
  readonly #hints = new Map<GroupId, number>();

  /** Use `open`. */
  constructor(options: JournalOptions, opened: OpenedJournal) {
    this.#options = options;
    this.#identity = options.identity;
    this.#ledger = opened.ledger;
    this.#meta = opened.meta;
    this.#spares = opened.spares;
    this.#active = opened.active;
    this.#tail = opened.tail;
    this.#lastSeq = opened.lastSeq;
    this.#durableSeq = opened.lastSeq;
    this.#markedSeq = opened.lastSeq;
    this.#chain = opened.chain;
    this.#policy = new SyncPolicy(options.sync, options);
    const { disk, directory } = options;
    const onFatal = (error: QuorliteError): void => this.#fail(error);
    this.#retirement = new Retirement({ disk, directory, onFatal });
  }

  /**
   * Opens or creates the journal and recovers what it holds. On return everything reported is
   * durable in a segment that was not open at a crash.
   *
   * @throws {QuorliteError} `corrupt` when the files cannot be judged, `wrong-version`,
   *   `wrong-incarnation`, `wrong-cluster`, `disk`, `disk-full`
   */
  static open(options: JournalOptions): {
    readonly journal: Journal;
    readonly groups: Map<GroupId, RecoveredGroup>;
    readonly report: RecoveryReport;
  } {
    const failures: QuorliteError[] = [];
    let journal: Journal | null = null;
    const onFatal = (error: QuorliteError): void => {
      if (journal === null) failures.push(error);
      else journal.#fail(error);
    };
    const opened = openJournal({ ...options, onFatal });
    journal = new Journal(options, opened);
    for (const error of failures) journal.#fail(error);
    journal.#spares.refill();
    journal.#collectSegments(true);
    if (journal.#wanted) journal.#run();
    return { journal, groups: opened.groups, report: opened.report };
  }

  /**
   * Takes a write; `done` is called once it and everything before it is durable, during a later
   * `flush` or on a later turn. Nothing is written before `flush`.
   */
  append(group: GroupId, write: Write, done: () => void): void {
    if (this.#state !== 'open') return;
    writeFrames(this.#writer, group, write, this.#pending.changes);
    this.#pending.entries += write.entries.length;
    this.#pending.dones.push(done);
  }

  /**
   * Writes down that the group holds everything it ever acknowledged: it is no longer recovering.
   */
  healed(group: GroupId, done: () => void): void {
    this.#appendChange({ kind: 'recovering', group, reason: null }, done);
  }

  /** Writes down that acknowledged entries of the group may be missing here, until it is healed. */
  damaged(group: GroupId, reason: string, done: () => void): void {
    this.#appendChange({ kind: 'recovering', group, reason }, done);
  }

  /** Writes down that the group is gone from this node; its entries can go. */
  forget(group: GroupId, done: () => void): void {
    this.#appendChange({ kind: 'forgotten', group }, done);
  }

  /**
   * One write and one sync for everything appended. On the thread, `done`s are called before it
   * returns; off it, one sync is under way, and what is appended meanwhile follows by itself.
   * Called from a `done`, it only asks for another round.
   */
  flush(): void {
    this.#wanted = true;
    if (!this.#busy) this.#run();
  }

  /** Segments made from now on, and meta, name the cluster. */
  setCluster(cluster: ClusterId): void {
    this.#identity = { ...this.#identity, cluster };
    this.#spares.setIdentity(this.#identity);
    this.#metaStale = true;
  }

  status(): JournalStatus {
    return {
      segment: this.#active.seq,
      segments: this.#ledger.segments.length,
      spares: this.#spares.ready,
      bytes: this.#ledger.bytes,
      liveBytes: this.#ledger.liveBytes,
      durableSeq: this.#durableSeq,
      syncMode: this.#policy.isInline(MANY_ENTRIES) ? 'inline' : 'background',
      syncMs: this.#policy.averageMs,
      spaceLow: this.#spares.low,
      state: this.#state,
    };
  }

  /**
   * Flushes, says on disk that everything is durable, and closes the files. While a sync is under
   * way it only closes: what was not acknowledged by then never is.
   */
  close(): void {
    if (this.#state === 'open' && !this.#busy) this.#finish();
    this.#idleTimer?.cancel();
    this.#idleTimer = null;
    if (this.#state === 'open') this.#state = 'closed';
    this.#pending = { changes: [], dones: [], entries: 0 };
    this.#spares.stop();
    this.#retirement.stop();
    this.#active.file.close();
    this.#meta.close();
  }

  #appendChange(change: Change, done: () => void): void {
    if (this.#state !== 'open') return;
    writeChange(this.#writer, change, this.#pending.changes);
    this.#pending.dones.push(done);
  }

  #run(): void {
    this.#busy = true;
    while (this.#wanted && this.#state === 'open') {
      this.#wanted = false;
      if (!this.#flushOnce()) return;
    }
    this.#busy = false;
  }

  /** False when a sync went off the thread: `#run` goes on when it is over. */
  #flushOnce(): boolean {
    const flush = this.#pending;
    if (flush.dones.length === 0 && this.#writer.frames === 0) return true;
    this.#pending = { changes: [], dones: [], entries: 0 };
    if (this.#writer.frames === 0) {
      // Only commit hints: nothing to write, and everything before is durable.
      this.#enter(flush);
      this.#acknowledge(flush);
      return true;
    }
    try {
      this.#write();
      if (!this.#policy.isInline(flush.entries) && !this.#closing) {
        this.#syncSoon(flush);
        return false;
      }
      this.#syncInline();
    } catch (error) {
      this.#fail(error);
      return true;
    }
    this.#durable(flush);
    if (this.#metaStale) {
      try {
        this.#saveMeta();
        this.#meta.sync();
      } catch (error) {
        this.#fail(error);
        return true;
      }
    }
    this.#acknowledge(flush);
    return true;
  }

  /** Writes what was collected, in a new segment when it does not fit. */
  #write(): void {
    const writer = this.#writer;
    if (this.#tail + writer.sealedBytes > this.#active.bytes) this.#roll(writer.sealedBytes);
    this.#place(writer, true);
  }

  #place(writer: FrameWriter, last: boolean): void {
    this.#unsyncedFrom ??= this.#tail;
    const sealed = writer.seal({
      salt: this.#active.salt,
      offset: this.#tail,
      flushOffset: this.#unsyncedFrom,
      seq: this.#lastSeq + 1,
      durableSeq: this.#durableSeq,
      chain: this.#chain,
      last,
    });
    this.#active.file.write(sealed.bytes, this.#tail);
    this.#tail += sealed.bytes.length;
    this.#lastSeq = sealed.lastSeq;
    this.#chain = sealed.chain;
    writer.reset();
  }

  /** Begins the next segment, with a checkpoint; it becomes durable with what follows it. */
  #roll(bytes: number): void {
    this.#settleMark();
    const checkpoint = {
      previousEnd: this.#lastSeq,
      previousSegment: this.#active.seq,
      groups: this.#ledger.summaries(),
    };
    const writer = this.#ownWriter;
    writeCheckpoint(writer, checkpoint);
    this.#ledger.setEnd(this.#active.seq, this.#lastSeq);
    const needed = SEGMENT_HEADER_BYTES + writer.sealedBytes + bytes;
    const next = this.#spares.take(needed);
    this.#active.file.close();
    this.#active = next;
    this.#tail = SEGMENT_HEADER_BYTES;
    this.#ledger.addSegment(next.seq, next.bytes);
    this.#place(writer, false);
    this.#spares.refill();
    this.#collect = true;
    this.#metaStale = true;
  }

  /** A mark that was written when idle is synced before its segment is left. */
  #settleMark(): void {
    if (this.#unsyncedFrom === null) return;
    this.#active.file.sync();
    this.#unsyncedFrom = null;
    this.#durableSeq = this.#lastSeq;
  }

  #syncInline(): void {
    const { clock } = this.#options;
    const start = clock.now();
    this.#active.file.sync();
    this.#policy.record(clock.now() - start, true);
  }

  #syncSoon(flush: Flush): void {
    const { clock } = this.#options;
    const start = clock.now();
    this.#active.file.syncSoon((error) => {
      this.#policy.record(clock.now() - start, false);
      if (this.#state !== 'open') return;
      if (error) {
        this.#fail(error);
        return;
      }
      this.#durable(flush);
      if (this.#metaStale) this.#saveMetaSoon(flush);
      else this.#resume(flush);
    });
  }

  #saveMetaSoon(flush: Flush): void {
    try {
      this.#saveMeta();
      this.#meta.syncSoon((error) => {
        if (this.#state !== 'open') return;
        if (error) this.#fail(error);
        else this.#resume(flush);
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  #resume(flush: Flush): void {
    this.#acknowledge(flush);
    // What came meanwhile goes next, asked for or not.
    if (this.#pending.dones.length > 0) this.#wanted = true;
    this.#run();
  }

  /** A sync is over: everything written before it is durable. */
  #durable(flush: Flush): void {
    this.#durableSeq = this.#lastSeq;
    this.#unsyncedFrom = null;
    this.#enter(flush);
  }

  #enter(flush: Flush): void {
    const { seq } = this.#active;
    for (const change of flush.changes) {
      this.#ledger.apply(change, seq);
      switch (change.kind) {
        case 'entries':
        case 'commit':
          this.#hints.set(change.group, change.commit);
          break;
        case 'hard-state':
          this.#metaStale = true;
          break;
        case 'forgotten':
          this.#metaStale = true;
          this.#collect = true;
          this.#hints.delete(change.group);
          break;
        case 'installed':
        case 'compacted':
        case 'emptied':
          this.#collect = true;
          break;
        case 'copied':
        case 'recovering':
          break;
      }
    }
  }

  #acknowledge(flush: Flush): void {
    this.#activity++;
    for (const done of flush.dones) done();
    // Moving entries asks for the next flush: a segment per write that came from outside, no more.
    if (this.#collect) this.#collectSegments(flush.dones.length > 0);
    if (this.#idleTimer === null) this.#watchIdle();
  }

  #saveMeta(): void {
    this.#metaStale = false;
    this.#meta.save({
      identity: this.#identity,
      segment: this.#active.seq,
      durableSeq: this.#durableSeq,
      groups: this.#ledger.summaries(),
    });
  }

  /** Removes segments that nobody needs, oldest first, and moves along what pins too many. */
  #collectSegments(mayMove: boolean): void {
    if (this.#state !== 'open') return;
    // What must not move now is looked at again after the next flush.
    this.#collect = !mayMove;
    const ledger = this.#ledger;
    for (const seq of ledger.segments) {
      if (seq === this.#active.seq || !ledger.isFree(seq)) break;
      ledger.removeSegment(seq);
      this.#retirement.add(seq);
    }
    if (!mayMove) return;
    const { disk, directory, segmentBytes } = this.#options;
    const oldest = ledger.segments[0];
    if (oldest === undefined || oldest === this.#active.seq) return;
    if (!pinsTooMuch(ledger, segmentBytes)) return;
    try {
      const place = { disk, directory, segment: oldest };
      if (copyForward(place, ledger, this.#writer, this.#pending.changes)) this.#wanted = true;
    } catch (error) {
      this.#fail(error);
    }
  }

  #watchIdle(): void {
    const seen = this.#activity;
    this.#idleTimer = this.#options.clock.after(IDLE_MS, () => {
      this.#idleTimer = null;
      if (this.#state !== 'open') return;
      if (this.#busy || this.#activity !== seen) this.#watchIdle();
      else this.#markDurable();
    });
  }

  /**
   * Says on disk that everything so far is durable. It needs no sync of its own: lost, it only
   * makes the verdict on the last flush group less sure.
   */
  #markDurable(): void {
    const writer = this.#ownWriter;
    if (this.#state !== 'open' || this.#markedSeq === this.#durableSeq) return;
    const hints: CommitHint[] = [];
    for (const [group, commit] of this.#hints) hints.push({ group, commit });
    writeDurableMark(writer, hints);
    if (this.#tail + writer.sealedBytes > this.#active.bytes) {
      writer.reset();
      return;
    }
    this.#hints.clear();
    try {
      this.#place(writer, true);
      this.#markedSeq = this.#durableSeq;
    } catch (error) {
      this.#fail(error);
    }
  }

  #finish(): void {
    this.#closing = true;
    this.flush();
    this.#markDurable();
    if (this.#state !== 'open') return;
    try {
      this.#settleMark();
      this.#saveMeta();
      this.#meta.sync();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(cause: unknown): void {
    if (this.#state !== 'open') return;
    this.#state = 'failed';
    this.#busy = false;
    this.#pending = { changes: [], dones: [], entries: 0 };
    this.#spares.stop();
    this.#retirement.stop();
    this.#options.onFatal(QuorliteError.from(cause, 'disk'));
  }
}
