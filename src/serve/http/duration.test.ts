import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatDuration, parseDuration } from './duration.ts';

test('parseDuration() reads what Go writes', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['+0', 0],
    ['-0', 0],
    ['5s', 5_000],
    ['1.5h', 5_400_000],
    ['2h45m', 9_900_000],
    ['300ms', 300],
    ['1us', 0.001],
    ['1µs', 0.001],
    ['1μs', 0.001],
    ['1ns', 0.000001],
    ['-1.5s', -1_500],
    ['+.5s', 500],
    ['1.s', 1_000],
    ['1h1m1s1ms', 3_661_001],
  ];
  for (const [text, milliseconds] of cases) assert.equal(parseDuration(text), milliseconds, text);
});

test('parseDuration() refuses what Go refuses', () => {
  for (const text of [
    '',
    '3',
    '-',
    's',
    '.',
    '.s',
    '-.s',
    '1d',
    '1 s',
    '1s ',
    '1S',
    '1e3s',
    '--1s',
  ]) {
    assert.equal(parseDuration(text), null, text);
  }
  assert.equal(parseDuration('2562048h'), null);
  assert.equal(typeof parseDuration('2562047h'), 'number');
});

test('formatDuration() writes what Go writes', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [0.000143, '143ns'],
    [0.0015, '1.5µs'],
    [2.25, '2.25ms'],
    [1_000, '1s'],
    [61_500, '1m1.5s'],
    [3_600_000, '1h0m0s'],
    [-1.5, '-1.5ms'],
  ];
  for (const [milliseconds, text] of cases) assert.equal(formatDuration(milliseconds), text);
});
