import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ByteReader, ByteWriter, decodeText, encodeText, equalBytes } from './bytes.ts';

test('ByteReader reads back whatever ByteWriter wrote', () => {
  const property = fc.property(
    fc.record({
      whole: fc.maxSafeNat(),
      big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      real: fc.double(),
      text: fc.string({ unit: 'binary' }),
      bytes: fc.uint8Array(),
    }),
    ({ whole, big, real, text, bytes }) => {
      const writer = new ByteWriter(1);
      writer
        .u8(whole % 256)
        .u16(whole % 65536)
        .u32(whole % 2 ** 32)
        .u53(whole)
        .varint(whole);
      writer.i64(big).f64(real).text(text).blob(bytes);
      const reader = new ByteReader(writer.view());
      assert.equal(reader.u8(), whole % 256);
      assert.equal(reader.u16(), whole % 65536);
      assert.equal(reader.u32(), whole % 2 ** 32);
      assert.equal(reader.u53(), whole);
      assert.equal(reader.varint(), whole);
      assert.equal(reader.i64(), big);
      assert.ok(Object.is(reader.f64(), real));
      assert.equal(reader.text(), decodeText(encodeText(text)));
      assert.ok(equalBytes(reader.blob(), bytes));
      assert.equal(reader.left, 0);
      assert.equal(reader.failed, false);
    },
  );
  fc.assert(property, { numRuns: 300, seed: 1 });
});

test('ByteReader never throws on arbitrary bytes, and says when there were too few', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    const reader = new ByteReader(bytes);
    reader.text();
    reader.varint();
    reader.u53();
    reader.raw(1000);
    assert.equal(reader.failed, true);
    assert.equal(reader.u32(), 0);
  });
  fc.assert(property, { numRuns: 300, seed: 2 });
});

test('varint() refuses an encoding beyond the safe integers', () => {
  const reader = new ByteReader(new Uint8Array(9).fill(0xff));
  assert.equal(reader.varint(), 0);
  assert.equal(reader.failed, true);
});

test('decodeText() keeps a leading U+FEFF: it is data, not a mark of ours', () => {
  assert.equal(decodeText(encodeText('\uFEFFa')), '\uFEFFa');
});

test('text() writes short and long texts the same way', () => {
  for (const length of [0, 41, 42, 43, 127, 128, 5000]) {
    const text = 'é'.repeat(length);
    const writer = new ByteWriter(1).text(text);
    assert.equal(new ByteReader(writer.view()).text(), text);
  }
});
