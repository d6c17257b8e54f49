import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import * as fc from 'fast-check';

import { AssertionError } from '../base/assert.ts';
import { ByteWriter } from '../base/bytes.ts';
import {
  CONTROL_BODY_BYTES_MAX,
  channelOf,
  decodePacket,
  encodePacket,
  payloadBytesMax,
} from './codec.ts';
import { FRAME_HEADER_BYTES, type Frame, FrameReader } from './frame.ts';
import { ENDS, GOLDEN_PACKETS, anyPacket, record } from './packets.suite.ts';
import type { Packet } from './transport.ts';

const FRAME_BYTES_MAX = 1024 * 1024;

function encode(...packets: readonly Packet[]): Uint8Array {
  const writer = new ByteWriter(16);
  for (const packet of packets) encodePacket(writer, packet);
  return writer.copy();
}

function decodeAll(bytes: Uint8Array): (Packet | string)[] {
  const seen: (Packet | string)[] = [];
  const wrong = new FrameReader(FRAME_BYTES_MAX).push(bytes, (frame) => {
    seen.push(decodePacket(frame, ENDS));
    return true;
  });
  return wrong === null ? seen : [...seen, wrong];
}

const golden = (): string[] =>
  readFileSync(new URL('./testdata/packets.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

describe('packets', () => {
  test('encodePacket() writes the golden bytes', () => {
    const lines = GOLDEN_PACKETS.map((packet) => {
      const kind = packet.kind === 'raft' ? packet.message.kind : packet.kind;
      return `${kind} ${Buffer.from(encode(packet)).toString('hex')}`;
    });
    assert.deepEqual(lines, golden());
  });

  test('decodePacket() reads the golden bytes', () => {
    const packets = golden().flatMap((line) =>
      decodeAll(new Uint8Array(Buffer.from(line.split(' ')[1] ?? '', 'hex'))),
    );
    assert.deepEqual(packets, GOLDEN_PACKETS);
  });

  test('decodePacket() gives back what encodePacket() wrote', () => {
    fc.assert(
      fc.property(fc.array(anyPacket, { maxLength: 5 }), (packets) => {
        assert.deepEqual(decodeAll(encode(...packets)), packets);
      }),
      { numRuns: 1000 },
    );
  });

  test('payloadBytesMax() is never below the length of the payload', () => {
    fc.assert(
      fc.property(anyPacket, (packet) => {
        assert.ok(encode(packet).length - FRAME_HEADER_BYTES <= payloadBytesMax(packet));
      }),
    );
  });

  test('a flipped bit is always noticed', () => {
    fc.assert(
      fc.property(anyPacket, fc.nat(), (packet, where) => {
        const bytes = encode(packet);
        const bit = where % (bytes.length * 8);
        bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
        const seen = decodeAll(bytes);
        assert.ok(seen.length === 1 && typeof seen[0] === 'string', `bit ${bit} unnoticed`);
      }),
      { numRuns: 2000 },
    );
  });

  test('a payload with a right checksum and wrong content is an error value', () => {
    const frame = record<Frame>({
      kind: fc.oneof(
        fc.integer({ min: 16, max: 18 }),
        fc.integer({ min: 32, max: 42 }),
        fc.nat(255),
      ),
      flags: fc.nat(7),
      group: fc.nat(5),
      payload: fc.uint8Array({ maxLength: 60 }),
    });
    fc.assert(
      fc.property(frame, (each) => {
        const packet = decodePacket(each, ENDS);
        // What decodes must mean what it says: encoded again it decodes to the same.
        if (typeof packet !== 'string') assert.deepEqual(decodeAll(encode(packet)), [packet]);
      }),
      { numRuns: 5000 },
    );
  });

  test('an append that claims more entries than it has bytes is an error value', () => {
    const writer = new ByteWriter();
    writer
      .varint(1)
      .varint(1)
      .varint(1)
      .varint(1)
      .varint(1)
      .f64(0)
      .varint(2 ** 50);
    const frame = { kind: 36, flags: 0, group: 1, payload: writer.copy() };
    assert.equal(decodePacket(frame, ENDS), 'a malformed frame of kind 36');
  });

  test('entries of an append are views of the frame', () => {
    const bytes = encode(...GOLDEN_PACKETS.slice(6, 7));
    const [packet] = decodeAll(bytes);
    assert.ok(typeof packet === 'object' && packet.kind === 'raft');
    assert.ok(packet.message.kind === 'append');
    assert.ok(
      packet.message.entries.every(({ data }) => data.length === 0 || data.buffer === bytes.buffer),
    );
  });

  test('encodePacket() fails an assertion on numbers it would garble', () => {
    for (const term of [-1, 0.5, Number.NaN, 2 ** 53]) {
      const message = { ...ENDS, kind: 'timeout-now', term, lastIndex: 1 } as const;
      assert.throws(() => encode({ kind: 'raft', group: 0, message }), AssertionError);
    }
    const entries = [{ index: 7, term: 1, kind: 'noop', data: new Uint8Array(0) }] as const;
    const gap = { ...ENDS, kind: 'append', term: 1, previous: { index: 5, term: 1 } } as const;
    const message = { ...gap, entries, commit: 0, readSequence: 0, sentAtMs: 0 } as const;
    assert.throws(() => encode({ kind: 'raft', group: 0, message }), /Entry 7 stands where 6/);
  });

  test('channelOf() keeps votes, heartbeats and small packets off the bulk way', () => {
    const ways = GOLDEN_PACKETS.map((packet) => {
      const kind = packet.kind === 'raft' ? packet.message.kind : packet.kind;
      return `${kind}: ${channelOf(packet)}`;
    });
    assert.deepEqual(
      ways.filter((way) => way.endsWith('bulk')),
      ['append: bulk', 'append: bulk', 'call: bulk'],
    );
    const note = (length: number): Packet => ({
      kind: 'note',
      group: 0,
      topic: 1,
      body: new Uint8Array(length),
    });
    assert.equal(channelOf(note(CONTROL_BODY_BYTES_MAX)), 'control');
    assert.equal(channelOf(note(CONTROL_BODY_BYTES_MAX + 1)), 'bulk');
  });
});
