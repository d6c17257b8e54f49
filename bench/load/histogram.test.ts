import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Histogram } from './histogram.ts';

test('Histogram.percentileMs() is off by less than 1.6 % over six orders of magnitude', () => {
  for (const scaleMs of [0.01, 0.1, 1, 10, 1000, 10_000]) {
    const histogram = new Histogram();
    const values = Array.from({ length: 1000 }, (_, i) => scaleMs * (1 + i / 1000));
    for (const value of values) histogram.record(value);
    for (const fraction of [0.01, 0.5, 0.99, 1]) {
      const exact = values[Math.ceil(fraction * values.length) - 1] ?? NaN;
      const error = Math.abs(histogram.percentileMs(fraction) - exact) / exact;
      assert.ok(error < 0.016, `${fraction} of ${scaleMs} ms is off by ${error}`);
    }
  }
});

test('Histogram.percentileMs() never exceeds the largest value', () => {
  const histogram = new Histogram();
  histogram.record(1234.5678);
  assert.equal(histogram.percentileMs(0.5), histogram.maxMs);
  assert.equal(histogram.count, 1);
});

test('Histogram.percentileMs() is 0 when nothing was recorded', () => {
  assert.equal(new Histogram().percentileMs(0.99), 0);
});

test('Histogram.record() keeps values beyond its range in the last bucket', () => {
  const histogram = new Histogram();
  histogram.record(1e12);
  histogram.record(-1);
  assert.equal(histogram.percentileMs(0.5), 0);
  assert.ok(histogram.percentileMs(1) > 200_000);
});
