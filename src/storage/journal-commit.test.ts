import assert from 'node:assert/strict';
import { test } from 'node:test';

import { entriesFrom, openTestJournal, TestClock, testDisk, writeOf } from './harness.suite.ts';

/** Sectors of the torn write that reach the disk, from none to all. */
const SECTORS = 12;

const OPTIONS = { spares: 0, segmentBytes: 65_536 };

test('a torn write tells no commit of entries it did not bring', () => {
  for (let kept = 0; kept <= SECTORS; kept++) {
    const clock = new TestClock();
    const disk = testDisk(clock);
    const { journal } = openTestJournal(disk, clock, OPTIONS);
    const old = { hardState: { term: 1, vote: null }, entries: entriesFrom(1, 9) };
    journal.append(1, writeOf(old), () => {});
    journal.flush();
    // Another leader replaces what was never committed, and says that some of its own entries are.
    let dead = false;
    disk.fault = ({ operation }) => {
      dead ||= operation === 'sync';
      return dead ? 'killed' : null;
    };
    const entries = [...entriesFrom(3, 4, 2, 700), ...entriesFrom(7, 2, 3, 700)];
    const write = { hardState: { term: 3, vote: null }, entries, commit: 8 };
    journal.append(1, writeOf(write), () => assert.fail());
    journal.flush();
    disk.fault = null;
    let sector = 0;
    disk.crash((what) => what.kind === 'sector' && sector++ >= kept);
    const found = openTestJournal(disk, new TestClock(), OPTIONS).groups.get(1);
    assert.ok(found !== undefined);
    const right = (index: number): number => (index < 3 ? 1 : index < 7 ? 2 : 3);
    for (const { index, term } of found.entries) {
      const isRight = index > found.commit || term === right(index);
      assert.ok(isRight, `${kept} sectors: (${term},${index}) is committed at ${found.commit}`);
    }
    assert.equal(found.recovering, null, `${kept} sectors: nothing was acknowledged`);
  }
});

test('a group that lost frames takes nothing after its mark for committed', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock, OPTIONS);
  const writes = [
    { hardState: { term: 1, vote: null }, entries: entriesFrom(1, 9) },
    // These replace what was never committed, and will be lost without a trace.
    { hardState: { term: 2, vote: null }, entries: entriesFrom(3, 4, 2, 700) },
    { entries: entriesFrom(7, 2, 2), commit: 6 },
    { entries: entriesFrom(9, 1, 2), commit: 8 },
  ];
  for (const write of writes) {
    journal.append(1, writeOf(write), () => {});
    journal.flush();
  }
  const segment = `/data/journal/${disk.list('/data/journal')[0] ?? ''}`;
  const bytes = disk.readAll(segment).slice();
  // The sectors from the header of the frame on, found by what its first entry is filled with.
  const at = bytes.indexOf(3 + 2 * 7, 4096 + 1024);
  bytes.fill(0xa5, at - (at % 512), at + 4 * 700);
  disk.replace(segment, bytes);
  disk.kill();
  const found = openTestJournal(disk, new TestClock(), OPTIONS).groups.get(1);
  assert.notEqual(found?.recovering ?? null, null);
  assert.deepEqual(
    found?.entries.filter(({ index, term }) => index <= found.commit && index > 2 && term === 1),
    [],
  );
  assert.equal(found?.commit, 0);
});
