import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import * as fc from 'fast-check';

import { ByteWriter } from '../base/bytes.ts';
import { FRAME_HEADER_BYTES, type Frame, FrameReader, beginFrame, endFrame } from './frame.ts';
import { record } from './packets.suite.ts';

const FRAME_BYTES_MAX = 4096;

function encode(...frames: readonly Frame[]): Uint8Array {
  const writer = new ByteWriter(16);
  for (const frame of frames) {
    const at = beginFrame(writer);
    writer.raw(frame.payload);
    endFrame(writer, at, frame);
  }
  return writer.copy();
}

function read(reader: FrameReader, ...chunks: readonly Uint8Array[]): (Frame | string)[] {
  const seen: (Frame | string)[] = [];
  for (const chunk of chunks) {
    const wrong = reader.push(chunk, (frame) => seen.push(frame) > 0);
    if (wrong !== null) return [...seen, wrong];
  }
  return seen;
}

const frame = (length: number, seed = 0): Frame => ({
  kind: 1 + seed,
  flags: seed,
  group: 2 ** 31 + seed,
  payload: new Uint8Array(length).map((_, at) => at * 31 + seed),
});
const anyFrame = record<Frame>({
  kind: fc.nat(255),
  flags: fc.nat(255),
  group: fc.integer({ min: 0, max: 0xffffffff }),
  payload: fc.uint8Array({ maxLength: 200 }),
});

describe('FrameReader', () => {
  test('reads frames cut at any byte', () => {
    const frames = [frame(0), frame(5, 1), frame(0, 2), frame(40, 3)];
    const bytes = encode(...frames);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)];
      assert.deepEqual(read(new FrameReader(FRAME_BYTES_MAX), ...chunks), frames, `cut at ${cut}`);
    }
  });

  test('reads frames one byte at a time', () => {
    const frames = [frame(0), frame(5, 1), frame(40, 3)];
    const bytes = encode(...frames);
    const chunks = Array.from(bytes, (byte) => Uint8Array.of(byte));
    assert.deepEqual(read(new FrameReader(FRAME_BYTES_MAX), ...chunks), frames);
  });

  test('reads any frames in any pieces', () => {
    const cuts = fc.array(fc.nat(60), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 6 }), cuts, (frames, sizes) => {
        const bytes = encode(...frames);
        const chunks: Uint8Array[] = [];
        for (let at = 0, nth = 0; at < bytes.length; nth++) {
          const size = (sizes[nth % sizes.length] ?? 0) + 1;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        assert.deepEqual(read(new FrameReader(FRAME_BYTES_MAX), ...chunks), frames);
      }),
    );
  });

  test('keeps what it handed out when more arrives', () => {
    const bytes = encode(frame(40, 1), frame(40, 2));
    const reader = new FrameReader(FRAME_BYTES_MAX);
    const first = read(reader, bytes.slice(0, 30), bytes.slice(30, 70));
    read(reader, bytes.slice(70));
    assert.deepEqual(first, [frame(40, 1)]);
  });

  test('never throws on bytes of a stranger', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), (chunks) => {
        const seen = read(new FrameReader(FRAME_BYTES_MAX), ...chunks);
        assert.ok(seen.every((each) => typeof each === 'string'));
      }),
      { numRuns: 2000 },
    );
  });

  test('refuses a frame over the limit at its header, whole or in pieces', () => {
    const bytes = encode(frame(FRAME_BYTES_MAX + 1)).subarray(0, FRAME_HEADER_BYTES);
    const message = 'a frame of 4097 bytes is over the limit of 4096';
    assert.deepEqual(read(new FrameReader(FRAME_BYTES_MAX), bytes), [message]);
    const pieces = [bytes.subarray(0, 9), bytes.subarray(9)];
    assert.deepEqual(read(new FrameReader(FRAME_BYTES_MAX), ...pieces), [message]);
    const reader = new FrameReader(10);
    reader.allow(FRAME_BYTES_MAX);
    assert.equal(read(reader, encode(frame(FRAME_BYTES_MAX))).length, 1);
  });

  test('notices a damaged length before it waits for it', () => {
    const bytes = encode(frame(10));
    bytes[6] = 1;
    assert.deepEqual(read(new FrameReader(2 ** 30), bytes), ['a frame header is damaged']);
    assert.deepEqual(read(new FrameReader(2 ** 30), new Uint8Array(16)), [
      'a frame header is damaged',
    ]);
  });

  test('stops when onFrame says so', () => {
    const seen: Frame[] = [];
    const bytes = encode(frame(1), frame(2, 1));
    new FrameReader(FRAME_BYTES_MAX).push(bytes, (each) => {
      seen.push(each);
      return false;
    });
    assert.deepEqual(seen, [frame(1)]);
  });
});
