/** What the tests of the journal share: a clock that stands still, and a group's log in memory. */
import type { Clock, Timer } from '../base/clock.ts';
import type { QuorliteError } from '../base/errors.ts';
import type { GroupId } from '../base/ids.ts';
import type { Config } from '../raft/config.ts';
import type { SnapshotMark, Write } from '../raft/effects.ts';
import type { Entry, HardState, Index } from '../raft/entry.ts';
import type { RecoveredGroup } from './conclude.ts';
import { Journal, JOURNAL_DEFAULTS, type JournalOptions } from './journal.ts';
import { MemoryDisk } from './memory-disk.ts';
import type { RecoveryReport } from './report.ts';

export const CONFIG: Config = {
  voters: ['a', 'b', 'c'],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
  members: [],
};

/** Time moves when a test says so. */
export class TestClock implements Clock {
  #now = 0;
  #timers: { at: number; fire: () => void }[] = [];
  readonly #deferred: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  calendar(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(delayMs: number, fire: () => void): Timer {
    const timer = { at: this.#now + delayMs, fire };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  defer(run: () => void): void {
    this.#deferred.push(run);
  }

  soon(run: () => void): void {
    this.defer(run);
  }

  /** Runs what was deferred, and what that defers, until nothing is left. */
  drain(): void {
    for (let run = this.#deferred.shift(); run !== undefined; run = this.#deferred.shift()) run();
  }

  /** Lets time pass, with the timers that become due. */
  advance(ms: number): void {
    const end = this.#now + ms;
    this.drain();
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.fire();
      this.drain();
    }
    this.#now = end;
  }
}

/** A disk whose background work is done when the clock is drained. */
export function testDisk(clock: TestClock): MemoryDisk {
  const disk = new MemoryDisk({ later: (run) => clock.defer(run) });
  disk.makeDirectory('/data');
  return disk;
}

/** An open journal and what it told. */
export interface Opened {
  readonly journal: Journal;
  readonly groups: Map<GroupId, RecoveredGroup>;
  readonly report: RecoveryReport;
  readonly fatal: QuorliteError[];
  readonly space: boolean[];
}

export const IDENTITY = { cluster: null, node: 'a', incarnation: '0123456789abcdef' } as const;

export function openTestJournal(
  disk: MemoryDisk,
  clock: Clock,
  options: Partial<JournalOptions> = {},
): Opened {
  const fatal: QuorliteError[] = [];
  const space: boolean[] = [];
  const opened = Journal.open({
    ...JOURNAL_DEFAULTS,
    segmentBytes: 8192,
    spares: 1,
    sync: 'inline',
    disk,
    clock,
    directory: '/data/journal',
    metaPath: '/data/meta',
    identity: IDENTITY,
    onFatal: (error) => fatal.push(error),
    onSpace: (low) => space.push(low),
    ...options,
  });
  return { ...opened, fatal, space };
}

/** A write that does nothing but what is given. */
export function writeOf(parts: Partial<Write>): Write {
  const nothing = { hardState: null, installed: null, entries: [], compacted: null, commit: 0 };
  return { ticket: 0, ...nothing, ...parts };
}

/** Consecutive entries of one term whose bytes tell them apart. */
export function entriesFrom(first: Index, count: number, term = 1, bytes = 40): Entry[] {
  return Array.from({ length: count }, (_unused, at) => {
    const data = new Uint8Array(bytes).fill((first + at + term * 7) % 256);
    return { index: first + at, term, kind: 'normal', data };
  });
}

export function markAt(index: Index, term = 1): SnapshotMark {
  return { index, term, config: CONFIG };
}

/** A group as the writes so far should leave it. */
export class ModelGroup {
  hardState: HardState = { term: 0, vote: null };
  mark: SnapshotMark | null = null;
  entries: Entry[] = [];

  get last(): Index {
    return this.entries.at(-1)?.index ?? this.mark?.index ?? 0;
  }

  apply(write: Write): void {
    this.hardState = write.hardState ?? this.hardState;
    if (write.installed !== null) {
      this.mark = write.installed;
      this.entries = [];
    }
    const first = write.entries[0]?.index ?? Number.POSITIVE_INFINITY;
    this.entries = [...this.entries.filter(({ index }) => index < first), ...write.entries];
    const { compacted } = write;
    if (compacted !== null) {
      this.mark = compacted;
      this.entries = this.entries.filter(({ index }) => index > compacted.index);
    }
  }

  copy(): ModelGroup {
    const twin = new ModelGroup();
    twin.hardState = this.hardState;
    twin.mark = this.mark;
    twin.entries = [...this.entries];
    return twin;
  }
}

/** One line per entry, mark and term: equal texts, equal groups. */
export function describeGroup(group: {
  readonly hardState: HardState;
  readonly mark: SnapshotMark | null;
  readonly entries: readonly Entry[];
}): string {
  const { hardState, mark, entries } = group;
  const list = entries.map(
    ({ index, term, kind, data }) =>
      `${index}/${term}/${kind}/${Buffer.from(data).toString('hex')}`,
  );
  const start = mark === null ? 'start' : `mark ${mark.index}/${mark.term}`;
  return [`term ${hardState.term} vote ${hardState.vote ?? '-'}`, start, ...list].join('\n');
}
