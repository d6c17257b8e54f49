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
import { MemoryDisk } from './memory-disk.ts';

type States = Map<GroupId, { model: ModelGroup; acknowledged: boolean }[]>;

/** A journal under random writes, and the states each group may come back in. */
class Run {
  readonly #random: Sfc32;
  /** Another one after each restart: what a dead process deferred never runs. */
  #clock = new TestClock();
  readonly #disk: MemoryDisk;
  readonly #sync: 'inline' | 'background';
  /** By group: the state after each write since the last start. Each write is one frame. */
  #states: States = new Map();
  #opened: Opened;
  readonly #history: string[] = [];

  constructor(seed: number, sync: 'inline' | 'background') {
    this.#random = new Sfc32(seed, 1);
    this.#disk = new MemoryDisk({ later: (run) => this.#clock.defer(run) });
    this.#disk.makeDirectory('/data');
    this.#sync = sync;
    this.#opened = this.#open();
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      const dice = below(this.#random, 20);
      if (dice < 12) this.#write(below(this.#random, 3));
      else if (dice < 15) this.#opened.journal.flush();
      else if (dice < 17) this.#clock.advance(below(this.#random, 40));
      else this.#restart(dice);
    }
  }

  #open(): Opened {
    this.#clock = new TestClock();
    return openTestJournal(this.#disk, this.#clock, { sync: this.#sync });
  }

  #write(group: GroupId): void {
    const states = this.#states.get(group) ?? [{ model: new ModelGroup(), acknowledged: true }];
    this.#states.set(group, states);
    const model = (states.at(-1)?.model ?? new ModelGroup()).copy();
    const write = this.#someWrite(model);
    model.apply(write);
    const state = { model, acknowledged: false };
    states.push(state);
    this.#history.push(`${group}: ${write.entries.length} from ${write.entries[0]?.index ?? '-'}`);
    this.#opened.journal.append(group, write, () => {
      state.acknowledged = true;
    });
    if (below(this.#random, 2) === 0) this.#opened.journal.flush();
  }

  #someWrite(model: ModelGroup): Write {
    const random = this.#random;
    const { term } = model.hardState;
    const start = model.mark?.index ?? 0;
    const dice = below(random, 10);
    if (dice === 0 || term === 0) {
      return writeOf({
        hardState: { term: term + 1, vote: ['a', 'b', null][below(random, 3)] ?? null },
      });
    }
    if (dice === 1) return writeOf({ installed: markAt(model.last + 5, term) });
    if (dice === 2 && model.last > start) {
      const index = start + 1 + below(random, model.last - start);
      return writeOf({ compacted: markAt(index, term), commit: index });
    }
    const back = dice === 3 ? below(random, model.last - start + 1) : 0;
    const bytes = [10, 300, 2000, 9000][below(random, 4)] ?? 10;
    const entries = entriesFrom(model.last + 1 - back, 1 + below(random, 3), term, bytes);
    return writeOf({ entries, commit: start });
  }

  #restart(dice: number): void {
    const random = this.#random;
    if (dice === 17) this.#opened.journal.close();
    else if (dice === 18) this.#disk.kill();
    else {
      const keep = below(random, 3);
      this.#disk.crash(() => (keep === 0 ? true : below(random, keep + 1) !== 0));
    }
    this.#history.push(['close', 'kill', 'crash'][dice - 17] ?? '');
    const opened = this.#open();
    this.#opened = opened;
    this.#check();
    if (below(random, 4) === 0) {
      // Crash again at once: what was reported must be durable by now.
      this.#disk.crash(() => true);
      this.#opened = this.#open();
      this.#check();
    }
  }

  #check(): void {
    const { groups, report, fatal } = this.#opened;
    const story = (): string =>
      [...this.#history.slice(-12), JSON.stringify(report, null, 1)].join('\n');
    assert.deepEqual(fatal, [], story());
    const next: States = new Map();
    for (const [group, states] of this.#states) {
      const found = groups.get(group);
      const text = describeGroup(found ?? new ModelGroup());
      const acknowledged = states.findLastIndex((state) => state.acknowledged);
      const match = states.findIndex(
        ({ model }, at) => at >= acknowledged && describeGroup(model) === text,
      );
      assert(match >= 0, `group ${group} came back as\n${text}\n${story()}`);
      assert.equal(found?.recovering ?? null, null, story());
      const model = new ModelGroup();
      model.hardState = found?.hardState ?? model.hardState;
      model.mark = found?.mark ?? null;
      model.entries = [...(found?.entries ?? [])];
      next.set(group, [{ model, acknowledged: true }]);
    }
    this.#states = next;
  }
}

for (const sync of ['inline', 'background'] as const) {
  test(`Journal gives back what was acknowledged after random writes and crashes, ${sync}`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7fffffff }), (seed) => {
        new Run(seed, sync).run(120);
      }),
      { numRuns: 50 },
    );
  });
}
