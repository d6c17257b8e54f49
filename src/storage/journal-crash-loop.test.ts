/**
 * A node's whole life, many times over: cycles of writing, a death at any call of the disk, and a
 * start. A death is one of the process (what was written stays in the page cache), of the machine
 * (what was not synced is lost sector by sector), or an error of a call, after which the node stops
 * itself. Starts are interrupted in the same ways. Whatever happens, every acknowledged write must
 * be there or be covered by a mark that is, and no group may be recovering: no bit was flipped and
 * no sync lied, so there is nothing to doubt.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import type { GroupId } from '../base/ids.ts';
import { below, Sfc32 } from '../base/prng.ts';
import type { Write } from '../raft/effects.ts';
import {
  describeGroup,
  entriesFrom,
  markAt,
  ModelGroup,
  openTestJournal,
  type Opened,
  TestClock,
  writeOf,
} from './harness.suite.ts';
import { type DiskFault, MemoryDisk } from './memory-disk.ts';

const CYCLES = 30;
const GROUPS = 3;

/** A state a group may come back in. */
interface State {
  readonly model: ModelGroup;
  acknowledged: boolean;
}

class Life {
  readonly #random: Sfc32;
  readonly #disk: MemoryDisk;
  readonly #segmentBytes: number;
  readonly #spares: number;
  readonly #sync: 'inline' | 'background';
  #clock = new TestClock();
  #states = new Map<GroupId, State[]>();
  readonly #story: string[] = [];
  /** Set by the fault that ends a process. */
  #struck = false;

  constructor(seed: number) {
    this.#random = new Sfc32(seed, 2);
    this.#disk = new MemoryDisk({ later: (run) => this.#clock.defer(run) });
    this.#disk.makeDirectory('/data');
    this.#segmentBytes = this.#pick([8192, 16_384, 65_536]);
    this.#spares = below(this.#random, 3);
    this.#sync = this.#pick(['inline', 'background']);
    this.#tell(`${this.#segmentBytes} bytes, ${this.#spares} spares, ${this.#sync}`);
  }

  run(): void {
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      if (this.#percent(40)) this.#schedule(below(this.#random, 12));
      const opened = this.#start();
      if (opened !== null) {
        this.#check(opened);
        if (!this.#struck) this.#work(opened);
      }
      this.#end();
    }
    const opened = this.#start();
    assert(opened !== null);
    this.#check(opened);
  }

  /** Null when the process died of it. */
  #start(): Opened | null {
    this.#clock = new TestClock();
    try {
      return openTestJournal(this.#disk, this.#clock, {
        segmentBytes: this.#segmentBytes,
        spares: this.#spares,
        sync: this.#sync,
      });
    } catch (error) {
      assert(this.#struck, `${String(error)}\n${this.#story.join('\n')}`);
      return null;
    }
  }

  #work(opened: Opened): void {
    if (this.#percent(80)) this.#schedule(below(this.#random, 80));
    for (let step = 5 + below(this.#random, 30); step > 0 && !this.#struck; step--) {
      const dice = below(this.#random, 10);
      if (dice < 6) this.#write(opened, this.#percent(70) ? 0 : below(this.#random, GROUPS));
      else if (dice < 8) opened.journal.flush();
      else if (dice < 9) this.#clock.drain();
      else this.#clock.advance(below(this.#random, 40));
    }
    if (!this.#struck && this.#percent(20)) opened.journal.close();
    if (!this.#struck) assert.deepEqual(opened.fatal, [], this.#story.join('\n'));
  }

  /** The call after `calls` more fails, and with it the process, in one way or another. */
  #schedule(calls: number): void {
    const at = this.#disk.calls + calls;
    const fault = this.#pick<'killed' | 'disk' | 'short'>(['killed', 'killed', 'disk', 'short']);
    this.#disk.fault = ({ operation, path, number }): DiskFault | null => {
      if (this.#struck) return 'killed';
      if (number < at || operation === 'read' || operation === 'list') return null;
      if (fault === 'short' && operation !== 'write') return null;
      this.#struck = true;
      this.#tell(`${fault} at ${operation} ${path}`);
      return fault === 'short' ? { wroteBytes: below(this.#random, 4096) } : fault;
    };
  }

  #end(): void {
    const power = this.#percent(50);
    this.#disk.fault = null;
    this.#struck = false;
    this.#tell(power ? 'power loss' : 'end of the process');
    if (!power) {
      this.#disk.kill();
      return;
    }
    const percent = this.#pick([0, 50, 50, 90, 100]);
    this.#disk.crash(() => this.#percent(percent));
  }

  #write(opened: Opened, group: GroupId): void {
    const states = this.#statesOf(group);
    const before = states.at(-1)?.model ?? new ModelGroup();
    const committed = states.findLast(({ acknowledged }) => acknowledged)?.model.last ?? 0;
    const write = this.#someWrite(before, Math.min(committed, before.last));
    // Each part is a frame or more, and any beginning of them may be what is found.
    const parts: Write[] = [
      writeOf({ hardState: write.hardState }),
      writeOf({ installed: write.installed }),
      writeOf({ entries: write.entries }),
      writeOf({ compacted: write.compacted }),
    ];
    let model = before;
    for (const part of parts) {
      model = model.copy();
      model.apply(part);
      states.push({ model, acknowledged: false });
    }
    const last = states.at(-1);
    opened.journal.append(group, write, () => {
      assert(!this.#struck, 'acknowledged after the end');
      if (last !== undefined) last.acknowledged = true;
      if (this.#percent(20)) this.#write(opened, group);
    });
    if (this.#percent(60)) opened.journal.flush();
  }

  #someWrite(model: ModelGroup, committed: number): Write {
    const { term } = model.hardState;
    const start = model.mark?.index ?? 0;
    const dice = below(this.#random, 20);
    if (dice === 0 || term === 0) {
      const entries = entriesFrom(model.last + 1, below(this.#random, 2), term + 1);
      return writeOf({
        hardState: { term: term + 1, vote: this.#pick(['a', 'b', null]) },
        entries,
      });
    }
    if (dice === 1) return writeOf({ installed: markAt(model.last + 5, term) });
    const entries = this.#someEntries(model, dice === 2 ? Math.max(start, committed) : model.last);
    if (dice < 6 && committed > start) {
      const index = start + 1 + below(this.#random, committed - start);
      return writeOf({ compacted: markAt(index, term), commit: committed, entries });
    }
    return writeOf({ entries, commit: committed });
  }

  /** Entries after some index that is not below `from`. */
  #someEntries(model: ModelGroup, from: number): Write['entries'] {
    const after = from + below(this.#random, model.last - from + 1);
    const bytes = this.#pick([0, 10, 100, 300, 700, 2000, 9000]);
    return entriesFrom(after + 1, 1 + below(this.#random, 3), model.hardState.term, bytes);
  }

  #check({ groups, report, fatal }: Opened): void {
    const story = (): string =>
      [...this.#story.slice(-12), JSON.stringify(report, null, 1)].join('\n');
    if (!this.#struck) assert.deepEqual(fatal, [], story());
    assert.equal(report.unknownGroups, null, story());
    for (const { verdict } of report.findings) assert.match(verdict, /^(torn|harmless)$/, story());
    const next = new Map<GroupId, State[]>();
    for (const [group, states] of this.#states) {
      const found = groups.get(group);
      assert.equal(found?.recovering ?? null, null, story());
      const text = describeGroup(found ?? new ModelGroup());
      const acknowledged = states.findLastIndex((state) => state.acknowledged);
      const match = states.findIndex(
        ({ model }, at) => at >= acknowledged && describeGroup(model) === text,
      );
      const model = states[match]?.model;
      assert(model !== undefined, `group ${group} came back as\n${text}\n${story()}`);
      // What was reported is durable: it may not be gone at the next start.
      next.set(group, [{ model, acknowledged: true }]);
    }
    this.#states = next;
  }

  #statesOf(group: GroupId): State[] {
    const known = this.#states.get(group);
    if (known !== undefined) return known;
    const states: State[] = [{ model: new ModelGroup(), acknowledged: true }];
    this.#states.set(group, states);
    return states;
  }

  #tell(what: string): void {
    this.#story.push(what);
  }

  #percent(percent: number): boolean {
    return below(this.#random, 100) < percent;
  }

  #pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[below(this.#random, choices.length)] ?? choices[0];
  }
}

test('Journal keeps what it acknowledged through deaths at any call of the disk', () => {
  // CRASH_LOOPS=2000 takes a minute.
  const numRuns = Number(process.env['CRASH_LOOPS'] ?? 60);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x7fffffff }), (seed) => new Life(seed).run()),
    { numRuns },
  );
});
