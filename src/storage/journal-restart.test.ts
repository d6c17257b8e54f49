/** A start after a death builds only on what it made durable, and doubts only what it must. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { HardState } from '../raft/entry.ts';
import {
  describeGroup,
  entriesFrom,
  markAt,
  ModelGroup,
  openTestJournal,
  TestClock,
  testDisk,
  writeOf,
} from './harness.suite.ts';
import type { DiskCall, DiskFault, MemoryDisk } from './memory-disk.ts';
import { decodeSlot, META_SLOT_BYTES } from './meta.ts';

const HARD_STATE: HardState = { term: 1, vote: 'a' };
const SEGMENT_1 = '/data/journal/0000000000000001.seg';

/** The process dies at the first call that `strikes` picks; tells whether it has. */
function killAt(disk: MemoryDisk, strikes: (call: DiskCall) => boolean): () => boolean {
  let dead = false;
  disk.fault = (call) => {
    dead ||= strikes(call);
    return dead ? 'killed' : null;
  };
  return () => dead;
}

/** Everything that was not synced is lost, names too. */
function losePower(disk: MemoryDisk): void {
  disk.fault = null;
  disk.crash(() => true);
}

/** Writes entries 1 to 3 of group 1 and expects them to be acknowledged. */
function acknowledgeThree(disk: MemoryDisk): void {
  disk.fault = null;
  const { journal } = openTestJournal(disk, new TestClock());
  let acknowledged = false;
  const write = writeOf({ hardState: HARD_STATE, entries: entriesFrom(1, 3) });
  journal.append(1, write, () => (acknowledged = true));
  journal.flush();
  assert(acknowledged);
}

function assertThree(disk: MemoryDisk): void {
  const found = openTestJournal(disk, new TestClock()).groups.get(1);
  assert.equal(found?.recovering, null);
  assert.equal(found.entries.length, 3);
}

test('Journal.open() makes the name of a spare durable before it writes to it', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  openTestJournal(disk, clock);
  // Renamed, and its directory not synced.
  const killed = killAt(disk, ({ operation }) => operation === 'sync-directory');
  clock.drain();
  assert(killed());
  disk.kill();
  acknowledgeThree(disk);
  losePower(disk);
  assertThree(disk);
});

test('Journal.open() makes the name of meta durable before it acknowledges anything', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const killed = killAt(disk, ({ operation }) => operation === 'sync-directory');
  assert.throws(() => openTestJournal(disk, clock), /the process died/);
  assert(killed() && disk.exists('/data/meta'));
  disk.kill();
  acknowledgeThree(disk);
  losePower(disk);
  assertThree(disk);
});

/** Version of the newest copy of meta that can be read. */
function newestMeta(disk: MemoryDisk): number {
  const bytes = disk.readAll('/data/meta');
  const versions = [0, META_SLOT_BYTES].map((at) => {
    const slot = decodeSlot(bytes.subarray(at, at + META_SLOT_BYTES));
    return slot.kind === 'valid' ? slot.meta.version : 0;
  });
  return Math.max(...versions);
}

for (const fault of ['killed', 'disk'] as const) {
  test(`L10 no crash at a start tears both copies of meta, one not synced, ${fault}`, () => {
    for (let nth = 0; nth < 20; nth++) {
      const clock = new TestClock();
      const disk = testDisk(clock);
      const { journal } = openTestJournal(disk, clock, { spares: 0 });
      journal.append(1, writeOf({ hardState: HARD_STATE }), () => {});
      journal.flush();
      disk.fault = ({ operation, path }): DiskFault | null =>
        operation === 'sync' && path.startsWith('/data/meta') ? fault : null;
      journal.append(1, writeOf({ hardState: { term: 2, vote: 'b' } }), () => assert.fail());
      journal.flush();
      disk.kill();
      const start = disk.calls;
      // The one that was left is the newer of the two, and not known durable.
      const durable = newestMeta(disk) - 1;
      killAt(disk, ({ number, operation }) => operation !== 'read' && number >= start + nth);
      try {
        openTestJournal(disk, new TestClock(), { spares: 0 });
      } catch {
        // It died.
      }
      // Of each slot the end reaches the disk and the beginning does not.
      disk.fault = null;
      disk.crash((what) => what.kind === 'sector' && what.offset % META_SLOT_BYTES === 0);
      assert(newestMeta(disk) >= durable, `call ${nth}: meta went back`);
      const found = openTestJournal(disk, new TestClock(), { spares: 0 }).groups.get(1);
      assert.equal(found?.recovering, null, `call ${nth}`);
      assert(found.hardState.term >= 1, `call ${nth}`);
    }
  });
}

test('a segment whose end a crash tore is copied forward like any other', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const first = openTestJournal(disk, clock);
  const slow = writeOf({ hardState: HARD_STATE, entries: entriesFrom(1, 2) });
  first.journal.append(2, slow, () => {});
  first.journal.flush();
  killAt(disk, ({ operation }) => operation === 'sync');
  first.journal.append(2, writeOf({ entries: entriesFrom(3, 1, 1, 1500) }), () => assert.fail());
  first.journal.flush();
  disk.fault = null;
  let sectors = 0;
  disk.crash(({ kind }) => kind === 'sector' && sectors++ === 1);
  const second = openTestJournal(disk, clock);
  assert.deepEqual(
    second.report.findings.map(({ verdict }) => verdict),
    ['torn'],
  );
  for (let at = 1; at < 200; at++) {
    const entries = entriesFrom(at, 1, 1, 600);
    second.journal.append(1, writeOf({ hardState: HARD_STATE, entries }), () => {});
    second.journal.append(1, writeOf({ compacted: markAt(at) }), () => {});
    second.journal.flush();
    clock.drain();
  }
  const { segments } = second.journal.status();
  assert(segments < 12 && !disk.exists(SEGMENT_1), `${segments} segments`);
  losePower(disk);
  const found = openTestJournal(disk, new TestClock()).groups.get(2);
  const model = new ModelGroup();
  model.apply(slow);
  assert.equal(found && describeGroup(found), describeGroup(model));
});

/** A journal with a flush group that was acknowledged, and where it ends. */
function oneGroup(entryBytes: number): {
  readonly disk: MemoryDisk;
  readonly end: number;
  readonly text: string;
} {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock, { spares: 0 });
  const write = writeOf({ hardState: HARD_STATE, entries: entriesFrom(1, 1, 1, entryBytes) });
  const model = new ModelGroup();
  model.apply(write);
  journal.append(1, write, () => {});
  journal.flush();
  disk.kill();
  let end = 8192;
  const bytes = disk.readAll(SEGMENT_1);
  while (bytes[end - 1] === 0) end--;
  return { disk, end, text: describeGroup(model) };
}

test('L1 a write that was cut short anywhere leaves no doubt, at the next starts neither', () => {
  const parts = [
    { hardState: { term: 2, vote: 'b' } },
    { entries: entriesFrom(1, 2, 1, 300) },
    { entries: entriesFrom(3, 1, 1, 700), compacted: markAt(1) },
  ];
  const before = new ModelGroup();
  before.apply(writeOf({ hardState: HARD_STATE }));
  const verdicts = new Set<string>();
  for (let wroteBytes = 0; wroteBytes < 2100; wroteBytes += 3) {
    const clock = new TestClock();
    const disk = testDisk(clock);
    const { journal, fatal } = openTestJournal(disk, clock, { spares: 0 });
    journal.append(1, writeOf({ hardState: HARD_STATE }), () => {});
    journal.flush();
    disk.fault = ({ operation }) => (operation === 'write' ? { wroteBytes } : null);
    for (const part of parts) journal.append(1, writeOf(part), () => assert.fail());
    journal.flush();
    assert.equal(fatal.length, 1);
    disk.fault = null;
    disk.kill();
    const texts = [1, 2].map((start) => {
      const { groups, report } = openTestJournal(disk, new TestClock(), { spares: 0 });
      for (const { verdict } of report.findings) verdicts.add(verdict);
      const found = groups.get(1);
      assert.equal(found?.recovering, null, `${wroteBytes} bytes, start ${start}`);
      losePower(disk);
      return describeGroup(found);
    });
    assert.equal(texts[0], texts[1]);
    if (wroteBytes < 64) assert.equal(texts[0], describeGroup(before));
  }
  assert.deepEqual([...verdicts].sort(), ['harmless', 'torn']);
});

// The filler at the end of the group has 208 bytes, 8 (the fewest) and 512 (the most).
for (const entryBytes of [100, 300, 308]) {
  test(`L2 rot in the last acknowledged group is no write cut short, ${entryBytes} bytes`, () => {
    clearEverywhere(entryBytes);
  });
}

function clearEverywhere(entryBytes: number): void {
  const { disk, end, text } = oneGroup(entryBytes);
  for (let at = end - 511; at < end; at++) {
    // All but the last byte; one byte; one bit.
    for (const [from, to, mask] of [
      [at, end - 1, 255],
      [at, at + 1, 255],
      [at, at + 1, 1 << (at % 8)],
    ] as const) {
      const copy = disk.fork();
      const bytes = copy.readAll(SEGMENT_1);
      for (let place = from; place < to; place++) {
        bytes[place] = mask === 255 ? 0 : (bytes[place] ?? 0) ^ mask;
      }
      copy.replace(SEGMENT_1, bytes);
      const { groups, report } = openTestJournal(copy, new TestClock(), { spares: 0 });
      const found = groups.get(1);
      if (found?.recovering === null) assert.equal(describeGroup(found), text, `byte ${at}`);
      else assert(found !== undefined || report.unknownGroups !== null, `byte ${at}`);
    }
  }
}
