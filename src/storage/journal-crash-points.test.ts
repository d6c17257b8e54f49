/**
 * One short life of a node, ended at each of its calls to the disk in turn, by the death of the
 * process and by that of the machine, and of what the machine had not synced every subset lost:
 * all of them where few things are at stake, else each alone, all but each, each beginning and each
 * end. Crashes alone must never cost an acknowledged write, keep a node from starting, or leave a
 * doubt.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  describeGroup,
  entriesFrom,
  markAt,
  ModelGroup,
  openTestJournal,
  type Opened,
  TestClock,
  testDisk,
  writeOf,
} from './harness.suite.ts';
import type { MemoryDisk, Volatile } from './memory-disk.ts';

/** With so many things at stake all their subsets are tried. */
const EXHAUSTIVE = 6;

const OPTIONS = [
  { spares: 0, sync: 'inline' },
  { spares: 1, sync: 'background' },
] as const;

/** What was acknowledged when the process died, and what may be there besides. */
interface Told {
  readonly models: ModelGroup[];
  acknowledged: number;
}

/** Starts, writes, rolls, compacts, retires, says it is idle, and starts again. */
function live(
  { disk, clock }: { readonly disk: MemoryDisk; readonly clock: TestClock },
  told: Told,
  options: (typeof OPTIONS)[number],
): void {
  let { journal } = openTestJournal(disk, clock, options);
  const write = (parts: Parameters<typeof writeOf>[0]): void => {
    const model = (told.models.at(-1) ?? new ModelGroup()).copy();
    model.apply(writeOf(parts));
    const at = told.models.push(model) - 1;
    journal.append(1, writeOf(parts), () => (told.acknowledged = at));
    journal.flush();
    clock.drain();
  };
  write({ hardState: { term: 1, vote: 'a' } });
  write({ entries: entriesFrom(1, 3, 1, 300) });
  clock.advance(30);
  write({ entries: entriesFrom(4, 1, 1, 2500) });
  write({ hardState: { term: 2, vote: 'b' } });
  write({ entries: entriesFrom(4, 2, 2, 700) });
  write({ compacted: markAt(4, 2) });
  write({ entries: entriesFrom(6, 1, 2, 2600) });
  clock.advance(30);
  disk.kill();
  ({ journal } = openTestJournal(disk, clock, options));
  write({ entries: entriesFrom(7, 1, 2, 100) });
  journal.close();
}

/** A life that ends at call `end`; null when it has fewer calls. */
function dieAt(
  end: number,
  options: (typeof OPTIONS)[number],
): { readonly disk: MemoryDisk; readonly told: Told } | null {
  const clock = new TestClock();
  const disk = testDisk(clock);
  let died = false;
  disk.fault = ({ number, operation }) => {
    died ||= number >= end && operation !== 'read' && operation !== 'list';
    return died ? 'killed' : null;
  };
  const told: Told = { models: [new ModelGroup()], acknowledged: 0 };
  try {
    live({ disk, clock }, told, options);
  } catch (error) {
    // A start throws when the disk does.
    assert.match(String(error), /the process died/);
  }
  disk.fault = null;
  return died ? { disk, told } : null;
}

/** Which of `count` things are lost, in every way that is tried. */
function losses(count: number): ((at: number) => boolean)[] {
  if (count <= EXHAUSTIVE) {
    return Array.from({ length: 1 << count }, (_, set) => (at: number) => (set & (1 << at)) !== 0);
  }
  const all = Array.from({ length: count }, (_, one) => [
    (at: number) => at === one,
    (at: number) => at !== one,
    (at: number) => at < one,
    (at: number) => at >= one,
  ]);
  return [...all.flat(), () => false];
}

/** Numbers what a crash asks about; what is being made under a temporary name is one thing. */
function numbered(): (what: Volatile) => number {
  const known = new Map<string, number>();
  return (what) => {
    const own = what.kind === 'name' ? `name ${known.size}` : `${what.path} ${what.offset}`;
    const key = what.path.endsWith('.tmp') && what.kind === 'sector' ? what.path : own;
    const at = known.get(key) ?? known.size;
    known.set(key, at);
    return at;
  };
}

function check(disk: MemoryDisk, told: Told, what: string): void {
  const texts = [1, 2].map((start) => {
    let opened: Opened;
    try {
      opened = openTestJournal(disk, new TestClock(), { spares: 0 });
    } catch (error) {
      return assert.fail(`${what}, start ${start}: ${String(error)}`);
    }
    const { groups, report } = opened;
    for (const { verdict } of report.findings) assert.match(verdict, /^(torn|harmless)$/, what);
    const found = groups.get(1) ?? null;
    assert.equal(found?.recovering ?? null, null, what);
    disk.crash(() => true);
    return describeGroup(found ?? new ModelGroup());
  });
  assert.equal(texts[0], texts[1], `${what}: the second start`);
  const allowed = told.models.slice(told.acknowledged).map((model) => describeGroup(model));
  assert(allowed.includes(texts[0] ?? ''), `${what} came back as\n${texts[0]}`);
}

for (const options of OPTIONS) {
  const name = `${options.spares} spares, ${options.sync}`;
  test(`L1 L5 a death at any call, whatever of its writes is lost, costs nothing: ${name}`, () => {
    let deaths = 0;
    for (let end = 0; ; end++) {
      const death = dieAt(end, options);
      if (death === null) break;
      const number = numbered();
      let count = 0;
      const { disk, told } = death;
      disk.crash((asked) => {
        count = Math.max(count, number(asked) + 1);
        return false;
      });
      check(disk, told, `call ${end}, nothing lost`);
      for (const [pattern, lost] of losses(count).entries()) {
        const again = dieAt(end, options);
        if (again === null) break;
        const numberAgain = numbered();
        again.disk.crash((asked) => lost(numberAgain(asked)));
        check(again.disk, again.told, `call ${end}, pattern ${pattern} of ${count} things`);
        deaths++;
      }
      const killed = dieAt(end, options);
      killed?.disk.kill();
      if (killed !== null) check(killed.disk, killed.told, `call ${end}, the process`);
    }
    assert(deaths > 300, `${deaths} deaths`);
  });
}
