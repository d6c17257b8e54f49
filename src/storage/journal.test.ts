import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Write } from '../raft/effects.ts';
import {
  entriesFrom,
  IDENTITY,
  markAt,
  openTestJournal,
  TestClock,
  testDisk,
} from './harness.suite.ts';
import { describeGroup, ModelGroup, writeOf } from './harness.suite.ts';
import type { DiskCall, MemoryDisk } from './memory-disk.ts';
import { encodeSlot, META_SLOT_BYTES } from './meta.ts';

const HARD_STATE = { term: 1, vote: 'a' };

/** A fault hook that strikes the n-th call of an operation and counts the calls after it. */
function strikeNth(
  disk: MemoryDisk,
  operation: DiskCall['operation'],
  nth: number,
): { after: number } {
  const seen = { count: 0, after: 0 };
  disk.fault = (call) => {
    if (call.operation !== operation) return null;
    seen.count++;
    if (seen.count > nth) seen.after++;
    return seen.count === nth ? 'disk' : null;
  };
  return seen;
}

test('append() and flush() acknowledge in order, before flush() returns when on the thread', () => {
  const clock = new TestClock();
  const { journal } = openTestJournal(testDisk(clock), clock);
  const order: number[] = [];
  for (const ticket of [1, 2, 3]) {
    const entries = entriesFrom(ticket, 1);
    journal.append(1, writeOf({ ticket, hardState: HARD_STATE, entries }), () =>
      order.push(ticket),
    );
  }
  assert.deepEqual(order, []);
  journal.flush();
  assert.deepEqual(order, [1, 2, 3]);
});

test('flush() from a done goes round once more', () => {
  const clock = new TestClock();
  const { journal } = openTestJournal(testDisk(clock), clock);
  let rounds = 0;
  const again = (): void => {
    rounds++;
    if (rounds > 3) return;
    journal.append(1, writeOf({ entries: entriesFrom(rounds, 1) }), again);
    journal.flush();
  };
  again();
  assert.equal(rounds, 4);
});

test('flush() off the thread has one sync under way; what comes meanwhile follows', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock, { sync: 'background', segmentBytes: 65536 });
  clock.drain();
  const order: string[] = [];
  let syncs = 0;
  disk.fault = ({ operation, path }) => {
    if (operation === 'sync' && path.includes('.seg')) syncs++;
    return null;
  };
  journal.append(1, writeOf({ entries: entriesFrom(1, 1) }), () => order.push('first'));
  journal.flush();
  journal.append(1, writeOf({ entries: entriesFrom(2, 1) }), () => order.push('second'));
  journal.append(1, writeOf({ entries: entriesFrom(3, 1) }), () => order.push('third'));
  assert.deepEqual(order, []);
  clock.drain();
  assert.deepEqual(order, ['first', 'second', 'third']);
  assert.equal(syncs, 2);
});

test('a write of a commit index alone is acknowledged without a disk call', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock);
  clock.drain();
  const calls = disk.calls;
  let done = false;
  journal.append(1, writeOf({ commit: 1 }), () => (done = true));
  journal.flush();
  assert(done);
  assert.equal(disk.calls, calls);
});

test('an entry larger than a segment gets a segment of its own', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock);
  const model = new ModelGroup();
  for (const bytes of [100, 50_000, 100, 2_500_000, 0]) {
    const write = writeOf({
      hardState: HARD_STATE,
      entries: entriesFrom(model.last + 1, 2, 1, bytes),
    });
    model.apply(write);
    journal.append(1, write, () => {});
    journal.flush();
    clock.drain();
  }
  disk.crash(() => true);
  const { groups } = openTestJournal(disk, new TestClock());
  const found = groups.get(1);
  assert.equal(found && describeGroup(found), describeGroup(model));
});

test('entries of several terms and configurations come back as they were', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock);
  const entries = [...entriesFrom(1, 2, 1), ...entriesFrom(3, 1, 2), ...entriesFrom(4, 2, 5)].map(
    (entry, at) => ({ ...entry, kind: (['noop', 'config', 'normal'] as const)[at % 3] ?? 'noop' }),
  );
  journal.append(9, writeOf({ hardState: { term: 5, vote: null }, entries, commit: 2 }), () => {});
  journal.close();
  const found = openTestJournal(disk, clock).groups.get(9);
  assert.deepEqual(
    found?.entries.map(({ index, term, kind }) => `${index} ${term} ${kind}`),
    ['1 1 noop', '2 1 config', '3 2 normal', '4 5 noop', '5 5 config'],
  );
  assert.equal(found.commit, 2);
});

test('a segment full of zeros in an entry is masked and comes back', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock);
  const data = new Uint8Array(3000);
  const entries = [{ index: 1, term: 1, kind: 'normal' as const, data }];
  journal.append(1, writeOf({ hardState: HARD_STATE, entries }), () => {});
  journal.close();
  const found = openTestJournal(disk, clock).groups.get(1);
  assert.deepEqual(found?.entries[0]?.data, data);
});

test('close() and open() again and again changes nothing and takes no more segments', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const first = openTestJournal(disk, clock);
  first.journal.append(1, writeOf({ hardState: HARD_STATE, entries: entriesFrom(1, 3) }), () => {});
  first.journal.close();
  const texts = new Set<string>();
  for (let round = 0; round < 30; round++) {
    const { journal, groups, report } = openTestJournal(disk, clock);
    const found = groups.get(1);
    assert(found !== undefined && found.recovering === null);
    assert.deepEqual(report.findings, []);
    texts.add(describeGroup(found));
    clock.advance(100);
    journal.close();
  }
  assert.equal(texts.size, 1);
  assert(disk.list('/data/journal').length <= 10, disk.list('/data/journal').join(' '));
});

test('compaction deletes whole segments, oldest first', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock);
  const write = (parts: Partial<Write>): void => {
    journal.append(1, writeOf({ hardState: HARD_STATE, ...parts }), () => {});
    journal.flush();
    clock.drain();
  };
  for (let at = 0; at < 12; at++) write({ entries: entriesFrom(1 + at * 2, 2, 1, 700) });
  const before = journal.status().segments;
  write({ compacted: markAt(23) });
  const { segments } = journal.status();
  assert(before > 4 && segments <= 2, `${before} segments, then ${segments}`);
});

test('a closed journal removes nothing more: the directory may be in use again', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const first = openTestJournal(disk, clock);
  const write = (parts: Partial<Write>): void => {
    first.journal.append(1, writeOf({ hardState: HARD_STATE, ...parts }), () => {});
    first.journal.flush();
  };
  for (let at = 0; at < 12; at++) {
    write({ entries: entriesFrom(1 + at * 2, 2, 1, 700) });
    clock.drain();
  }
  write({ compacted: markAt(23) });
  first.journal.close();
  // The first process lives on while a second one starts.
  disk.fault = ({ operation, path }) => {
    if (operation === 'read' && path.endsWith('.seg')) clock.drain();
    return null;
  };
  const second = openTestJournal(disk, new TestClock());
  assert.deepEqual(second.fatal, []);
  assert.equal(second.groups.get(1)?.mark?.index, 23);
});

test('a slow group is copied forward instead of pinning every segment', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock);
  const slow = writeOf({ hardState: HARD_STATE, entries: entriesFrom(1, 2) });
  journal.append(2, slow, () => {});
  for (let at = 1; at < 200; at++) {
    const write = writeOf({ hardState: HARD_STATE, entries: entriesFrom(at, 1, 1, 600) });
    journal.append(1, write, () => {});
    journal.append(1, writeOf({ compacted: markAt(at) }), () => {});
    journal.flush();
    clock.drain();
  }
  assert(journal.status().segments < 12, `${journal.status().segments} segments`);
  disk.crash(() => true);
  const found = openTestJournal(disk, new TestClock()).groups.get(2);
  const model = new ModelGroup();
  model.apply(slow);
  assert.equal(found && describeGroup(found), describeGroup(model));
});

test('forget() and healed() are remembered', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const first = openTestJournal(disk, clock);
  const write = writeOf({ hardState: HARD_STATE, entries: entriesFrom(1, 2), commit: 9 });
  first.journal.append(1, write, () => {});
  first.journal.append(2, write, () => {});
  first.journal.append(3, writeOf({ hardState: HARD_STATE }), () => {});
  first.journal.flush();
  first.journal.forget(3, () => {});
  first.journal.close();
  const second = openTestJournal(disk, clock);
  assert.deepEqual([...second.groups.keys()], [1, 2]);
  assert.match(second.groups.get(1)?.recovering ?? '', /entry 9 was committed, 2 is the last/);
  second.journal.append(1, writeOf({ entries: entriesFrom(3, 7) }), () => {});
  second.journal.healed(1, () => {});
  second.journal.close();
  const third = openTestJournal(disk, clock);
  assert.equal(third.groups.get(1)?.recovering, null);
  assert.notEqual(third.groups.get(2)?.recovering, null);
});

for (const sync of ['inline', 'background'] as const) {
  test(`L3 a failed sync is fatal once, acknowledges nothing, is not repeated, ${sync}`, () => {
    const clock = new TestClock();
    const disk = testDisk(clock);
    const { journal, fatal } = openTestJournal(disk, clock, { sync, segmentBytes: 65536 });
    clock.drain();
    const seen = strikeNth(disk, 'sync', 1);
    const fail = (): void => assert.fail('acknowledged');
    journal.append(1, writeOf({ entries: entriesFrom(1, 1) }), fail);
    journal.flush();
    clock.drain();
    assert.deepEqual(
      fatal.map(({ code }) => code),
      ['disk'],
    );
    journal.append(1, writeOf({ entries: entriesFrom(2, 1) }), fail);
    journal.flush();
    clock.advance(1000);
    journal.close();
    clock.drain();
    assert.equal(seen.after, 0);
    assert.equal(fatal.length, 1);
  });
}

test('L3 every write, sync and rename that fails stops the journal or leaves it whole', () => {
  for (const operation of ['write', 'sync', 'rename', 'sync-directory', 'remove'] as const) {
    for (let nth = 1; nth < 12; nth++) {
      const clock = new TestClock();
      const disk = testDisk(clock);
      const { journal, fatal } = openTestJournal(disk, clock);
      clock.drain();
      strikeNth(disk, operation, nth);
      const acknowledged = new ModelGroup();
      for (let at = 0; at < 12; at++) {
        const compacted = at % 4 === 3 ? markAt(at * 2) : null;
        const write = writeOf({
          hardState: HARD_STATE,
          entries: entriesFrom(1 + at * 2, 2, 1, 900),
          compacted,
        });
        journal.append(1, write, () => acknowledged.apply(write));
        journal.flush();
        clock.drain();
      }
      assert(fatal.length <= 1);
      disk.fault = null;
      disk.crash(() => true);
      const found = openTestJournal(disk, new TestClock()).groups.get(1);
      const kept = found?.entries.filter(({ index }) => index <= acknowledged.last) ?? [];
      assert.equal(found?.recovering ?? null, null);
      const { hardState, mark } = found ?? new ModelGroup();
      const text = describeGroup({ hardState, mark, entries: kept });
      if (acknowledged.last > 0 && found?.mark?.index === acknowledged.mark?.index) {
        assert.equal(text, describeGroup(acknowledged), `${operation} ${nth}`);
      }
      assert((found?.mark?.index ?? 0) + (found?.entries.length ?? 0) >= acknowledged.last);
    }
  }
});

test('L4 frames that only the page cache had are made durable before they are reported', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock, { sync: 'background', segmentBytes: 65536 });
  clock.drain();
  journal.append(1, writeOf({ hardState: HARD_STATE, entries: entriesFrom(1, 3) }), () => {});
  journal.flush();
  disk.kill();
  const second = openTestJournal(disk, new TestClock());
  assert.equal(second.groups.get(1)?.entries.length, 3);
  assert.equal(second.report.framesMoved, 2);
  disk.crash(() => true);
  assert.equal(openTestJournal(disk, new TestClock()).groups.get(1)?.entries.length, 3);
});

test('L6 a full disk is told while spares are left, and stops the journal after the last', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal, fatal, space } = openTestJournal(disk, clock, { spares: 2 });
  clock.drain();
  disk.capacityBytes = 0;
  let acknowledged = 0;
  for (let at = 1; at < 20; at++) {
    const write = writeOf({ hardState: HARD_STATE, entries: entriesFrom(at, 1, 1, 2500) });
    journal.append(1, write, () => (acknowledged = at));
    journal.flush();
    clock.drain();
  }
  assert.deepEqual(space, [true]);
  assert.deepEqual(
    fatal.map(({ code }) => code),
    ['disk-full'],
  );
  assert(acknowledged >= 3);
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  disk.crash(() => true);
  const found = openTestJournal(disk, new TestClock()).groups.get(1);
  assert.equal(found?.entries.length, acknowledged);
});

test('L6 room on the disk is noticed by itself', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal, fatal, space } = openTestJournal(disk, clock);
  disk.capacityBytes = 0;
  clock.drain();
  assert.deepEqual(space, [true]);
  clock.advance(2500);
  assert.deepEqual(space, [true]);
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  clock.advance(1100);
  assert.deepEqual(space, [true, false]);
  assert.equal(journal.status().spares, 1);
  assert.deepEqual(fatal, []);
});

test('L7 a log replaced from its first entry, and a longer one by a shorter, come back', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock);
  const model = new ModelGroup();
  for (const [first, count, term] of [
    [1, 9, 1],
    [1, 2, 2],
    [3, 5, 2],
    [3, 1, 3],
  ] as const) {
    const write = writeOf({
      hardState: { term, vote: null },
      entries: entriesFrom(first, count, term),
    });
    model.apply(write);
    journal.append(1, write, () => {});
  }
  journal.close();
  const found = openTestJournal(disk, clock).groups.get(1);
  assert.equal(found && describeGroup(found), describeGroup(model));
});

test('L8 L9 a flush group put at another place or in another segment is not taken for one', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock);
  journal.append(1, writeOf({ hardState: HARD_STATE, entries: entriesFrom(1, 3) }), () => {});
  journal.flush();
  clock.drain();
  journal.close();
  const names = disk.list('/data/journal').map((name) => `/data/journal/${name}`);
  const [used, spare] = [names[0] ?? '', names[1] ?? ''];
  const bytes = disk.readAll(used);
  const foreign = disk.readAll(spare);
  foreign.set(bytes.subarray(4096), 4096);
  disk.replace(spare, foreign);
  const opened = openTestJournal(disk, clock, { spares: 0 });
  assert.deepEqual(
    opened.report.findings.map(({ verdict }) => verdict),
    ['ambiguous'],
  );
  assert.equal(opened.groups.get(1)?.entries.length, 3);
});

test('L10 meta: one bad copy is overlooked, two are refused, a newer format is refused', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock);
  journal.append(1, writeOf({ hardState: { term: 4, vote: 'b' } }), () => {});
  journal.close();
  for (const slot of [0, 1]) {
    const copy = disk.fork();
    copy.flip('/data/meta', slot * META_SLOT_BYTES + 20, 1);
    const opened = openTestJournal(copy, clock);
    assert.deepEqual(opened.groups.get(1)?.hardState, { term: 4, vote: 'b' });
    assert.deepEqual(
      opened.report.findings.map(({ verdict }) => verdict),
      ['harmless'],
    );
    copy.flip('/data/meta', 21, 1);
    copy.flip('/data/meta', META_SLOT_BYTES + 21, 1);
    assert.throws(() => openTestJournal(copy, clock), { code: 'corrupt', message: /both copies/ });
  }
  disk.remove('/data/meta');
  assert.throws(() => openTestJournal(disk, clock), {
    code: 'corrupt',
    message: /meta is missing/,
  });
});

test('L11 an older journal under a newer meta, and files of another node, are noticed', () => {
  const clock = new TestClock();
  const disk = testDisk(clock);
  const { journal } = openTestJournal(disk, clock);
  journal.append(1, writeOf({ hardState: HARD_STATE, entries: entriesFrom(1, 2) }), () => {});
  journal.flush();
  const backup = disk.fork();
  journal.append(
    1,
    writeOf({ hardState: { term: 2, vote: 'b' }, entries: entriesFrom(3, 1) }),
    () => {},
  );
  journal.append(5, writeOf({ hardState: HARD_STATE }), () => {});
  journal.close();
  backup.replace('/data/meta', disk.readAll('/data/meta'));
  const opened = openTestJournal(backup, clock);
  assert.notEqual(opened.groups.get(1)?.recovering, null);
  assert.notEqual(opened.groups.get(5)?.recovering, null);
  assert.deepEqual(opened.groups.get(1)?.hardState, { term: 2, vote: 'b' });
  const other = { ...IDENTITY, incarnation: 'ffffffffffffffff' };
  const reopened = { code: 'wrong-incarnation', message: /^Cannot use / };
  assert.throws(() => openTestJournal(disk, clock, { identity: other }), reopened);
  const slot = encodeSlot({
    version: 99,
    identity: other,
    segment: 1,
    durableSeq: 0,
    groups: [],
    complete: true,
  });
  assert.equal(slot.bytes.length, META_SLOT_BYTES);
});

test('S5 a crash at any call of a compaction leaves log and mark consistent', () => {
  for (let nth = 1; nth < 60; nth++) {
    const clock = new TestClock();
    const disk = testDisk(clock);
    const { journal } = openTestJournal(disk, clock);
    clock.drain();
    const start = disk.calls;
    const died = { yes: false };
    disk.fault = ({ number }) => {
      died.yes ||= number >= start + nth;
      return died.yes ? 'disk' : null;
    };
    let acknowledged = 0;
    for (let at = 0; at < 10; at++) {
      const compacted = at > 2 ? markAt(at * 2 - 3) : null;
      const write = writeOf({
        hardState: HARD_STATE,
        entries: entriesFrom(1 + at * 2, 2, 1, 700),
        compacted,
      });
      journal.append(1, write, () => (acknowledged = 2 + at * 2));
      journal.flush();
      if (!died.yes) clock.drain();
    }
    disk.fault = null;
    disk.crash(({ kind }) => kind === 'name' || nth % 2 === 0);
    const found = openTestJournal(disk, new TestClock()).groups.get(1);
    assert.equal(found?.recovering ?? null, null, `call ${nth}`);
    const last = found?.entries.at(-1)?.index ?? found?.mark?.index ?? 0;
    assert(last >= acknowledged, `call ${nth}: ${last} of ${acknowledged}`);
  }
});
