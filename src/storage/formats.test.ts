/** Golden bytes: a change here is a change of format, and needs a new version. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { checksum } from './crc.ts';
import {
  writeChange,
  writeCheckpoint,
  writeDurableMark,
  writeEntries,
  writeFrames,
} from './encode.ts';
import { FrameWriter } from './frame-writer.ts';
import {
  applyMask,
  chooseMask,
  FRAME_COPIED,
  isBlankSector,
  readHeader,
  readPayload,
  SECTOR_BYTES,
} from './frame.ts';
import { entriesFrom, markAt, writeOf } from './harness.suite.ts';
import type { Change } from './ledger.ts';
import { decodeSlot, encodeSlot, type Meta } from './meta.ts';
import { type Checkpoint, decodeCheckpoint, decodeCommitHints, decodeEntries } from './record.ts';
import { scanSegment } from './scan.ts';
import { decodeSegmentHeader, encodeSegmentHeader } from './segment.ts';

const PLACE = {
  salt: 0x12345678,
  offset: 4096,
  flushOffset: 4096,
  seq: 10,
  durableSeq: 9,
  chain: 0xabcdef01,
  last: true,
};

const CLUSTER = '00112233445566778899aabbccddeeff';

const CHECKPOINT: Checkpoint = {
  previousEnd: 9,
  previousSegment: 3,
  groups: [
    {
      group: 0,
      hardState: { term: 2, vote: 'b' },
      mark: null,
      commit: 4,
      last: 6,
      recovering: null,
    },
    {
      group: 300,
      hardState: { term: 7, vote: null },
      mark: markAt(20, 6),
      commit: 21,
      last: 22,
      recovering: 'entry 9 is missing',
    },
  ],
};

const FRAMES: { readonly [name: string]: (out: FrameWriter, changes: Change[]) => void } = {
  entries: (out, changes) =>
    writeEntries(out, { group: 1, entries: entriesFrom(5, 2, 3, 4), commit: 4, flags: 0 }, changes),
  'entries-copied': (out, changes) => {
    const entries = entriesFrom(5, 1, 3, 4);
    writeEntries(out, { group: 1, entries, commit: 0, flags: FRAME_COPIED }, changes);
  },
  'entries-none': (out, changes) => {
    const range = { first: 8, last: 7, bytes: 0, commit: 0 };
    writeChange(out, { kind: 'entries', group: 1, ...range }, changes);
  },
  'hard-state': (out, changes) =>
    writeFrames(out, 2, writeOf({ hardState: { term: 258, vote: 'node' }, commit: 3 }), changes),
  installed: (out, changes) =>
    writeChange(out, { kind: 'installed', group: 2, mark: markAt(300, 4) }, changes),
  compacted: (out, changes) =>
    writeChange(out, { kind: 'compacted', group: 2, mark: markAt(300, 4) }, changes),
  checkpoint: (out) => writeCheckpoint(out, CHECKPOINT),
  'durable-mark': (out) => writeDurableMark(out, [{ group: 1, commit: 300 }]),
  recovering: (out, changes) =>
    writeChange(out, { kind: 'recovering', group: 2, reason: 'why' }, changes),
  forgotten: (out, changes) => writeChange(out, { kind: 'forgotten', group: 2 }, changes),
};

/** Compares with testdata/NAME.hex; QUORLITE_GOLDEN=write makes the file. */
function assertGolden(name: string, bytes: Uint8Array): void {
  const path = new URL(`./testdata/${name}.hex`, import.meta.url);
  const lines: string[] = [];
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  for (let at = 0; at < end; at += 16) {
    lines.push(Buffer.from(bytes.subarray(at, Math.min(at + 16, end))).toString('hex'));
  }
  const text = `${lines.join('\n')}\n`;
  if (process.env['QUORLITE_GOLDEN'] === 'write') fs.writeFileSync(path, text);
  assert.equal(text, fs.readFileSync(path, 'utf8'), name);
}

for (const [name, write] of Object.entries(FRAMES)) {
  test(`the bytes of a frame are those of testdata/frame-${name}.hex`, () => {
    const out = new FrameWriter();
    write(out, []);
    const { bytes } = out.seal(PLACE);
    assert.equal(bytes.length % SECTOR_BYTES, 0);
    assertGolden(`frame-${name}`, bytes);
    const segment = new Uint8Array(8192);
    segment.set(bytes, 4096);
    const { pieces } = scanSegment(segment, PLACE.salt);
    assert.deepEqual(
      pieces.map((piece) => piece.kind === 'frame' && piece.frame.seq),
      [10, 11],
    );
  });
}

test('the bytes of a segment header and a meta slot are those of testdata', () => {
  const identity = { cluster: CLUSTER, node: 'node-1', incarnation: '0123456789abcdef' };
  const header = { seq: 258, bytes: 16777216, createdAt: 1_700_000_000_000, identity };
  const { block, salt } = encodeSegmentHeader(header);
  assertGolden('segment-header', block);
  assert.deepEqual(decodeSegmentHeader(block), { ...header, salt });
  const meta: Meta = {
    version: 7,
    identity,
    segment: 258,
    durableSeq: 70000,
    groups: [
      { group: 0, hardState: { term: 3, vote: 'node-1' } },
      { group: 300, hardState: { term: 1, vote: null } },
      { group: 301, hardState: { term: 9, vote: 'node-1' } },
    ],
    complete: true,
  };
  const slot = encodeSlot(meta);
  assertGolden('meta-slot', slot.bytes);
  assert.deepEqual(decodeSlot(slot.bytes), { kind: 'valid', meta });
});

test('decodeSegmentHeader() and decodeSlot() name a format that is newer', () => {
  const identity = { cluster: null, node: 'n', incarnation: '0123456789abcdef' };
  const { bytes } = encodeSlot({
    version: 1,
    identity,
    segment: 0,
    durableSeq: 0,
    groups: [],
    complete: true,
  });
  assert.deepEqual(decodeSlot(withVersion(bytes, 2)), { kind: 'newer', format: 2 });
  const { block } = encodeSegmentHeader({ seq: 1, bytes: 8192, createdAt: 0, identity });
  assert.throws(() => decodeSegmentHeader(withVersion(block, 2)), { code: 'wrong-version' });
  assert.equal(decodeSlot(bytes.slice(1)).kind, 'damaged');
  assert.equal(decodeSlot(new Uint8Array(4096)).kind, 'empty');
});

/** The same block with another format number and the checksum that goes with it. */
function withVersion(block: Uint8Array, version: number): Uint8Array {
  const changed = block.slice();
  const view = new DataView(changed.buffer);
  view.setUint32(8, version, true);
  view.setUint32(changed.length - 4, checksum(changed.subarray(0, -4)), true);
  return changed;
}

test('encodeSlot() keeps the first groups when not all fit, and a hundred do', () => {
  const identity = { cluster: CLUSTER, node: 'node-1', incarnation: '0123456789abcdef' };
  const groups = Array.from({ length: 2000 }, (_unused, group) => ({
    group,
    hardState: { term: 100_000 + group, vote: `node-${group % 5}` },
  }));
  const meta = { version: 1, identity, segment: 1, durableSeq: 1, groups, complete: true };
  const slot = decodeSlot(encodeSlot(meta).bytes);
  assert(slot.kind === 'valid' && !slot.meta.complete);
  assert(slot.meta.groups.length >= 100);
  assert.deepEqual(slot.meta.groups, groups.slice(0, slot.meta.groups.length));
});

test('a sealed flush group has no blank sector, ends with filler, and payloads come back', () => {
  const payload = fc.array(fc.constantFrom(0, 1, 255), { maxLength: 6 });
  const runs = fc.array(fc.tuple(payload, fc.nat(3)), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(runs, (list) => {
      const out = new FrameWriter();
      const entries = list.map(([bytes, sectors], at) => {
        const data = new Uint8Array(bytes.length + sectors * 700);
        data.set(bytes);
        return { index: at + 1, term: 1, kind: 'normal' as const, data };
      });
      writeEntries(out, { group: 1, entries, commit: 0, flags: 0 }, []);
      const { bytes } = out.seal(PLACE);
      for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
        assert.equal(isBlankSector(bytes, at), false);
      }
      assert.deepEqual(
        [...bytes.subarray(-8)],
        Array.from({ length: 8 }, () => 0x5a),
      );
      const segment = new Uint8Array(4096 + bytes.length);
      segment.set(bytes, 4096);
      const frame = readHeader(segment, 4096, PLACE.salt);
      assert(frame !== null);
      assert.deepEqual(decodeEntries(readPayload(segment, frame), frame).entries, entries);
    }),
    { numRuns: 200 },
  );
});

test('chooseMask() finds a mask that no sector repeats', () => {
  const bytes = new Uint8Array(SECTOR_BYTES * 4);
  applyMask(bytes, SECTOR_BYTES, SECTOR_BYTES * 2, 1);
  applyMask(bytes, SECTOR_BYTES * 2, SECTOR_BYTES * 3, 2);
  assert.equal(chooseMask(bytes, 0, bytes.length), 3);
  assert.equal(chooseMask(bytes, 8, SECTOR_BYTES), 0);
});

test('decodeCheckpoint() and decodeCommitHints() give back what was written', () => {
  const out = new FrameWriter();
  writeCheckpoint(out, CHECKPOINT);
  writeDurableMark(out, [{ group: 4, commit: 1000 }]);
  const segment = new Uint8Array(8192);
  segment.set(out.seal(PLACE).bytes, 4096);
  const [checkpoint, mark] = scanSegment(segment, PLACE.salt).pieces;
  assert(checkpoint?.kind === 'frame' && mark?.kind === 'frame');
  assert.deepEqual(decodeCheckpoint(readPayload(segment, checkpoint.frame)), CHECKPOINT);
  const hints = decodeCommitHints(readPayload(segment, mark.frame));
  assert.deepEqual(hints, [{ group: 4, commit: 1000 }]);
});
